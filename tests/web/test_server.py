import asyncio
import socket

import aiohttp
import pytest

from edge_agent.aio.background import background
from edge_agent.errors import PermanentError
from edge_agent.web.feed import Feed
from edge_agent.web.server import Server
from edge_agent.web.settings import WebSettings
from edge_agent.web.token import Token
from tests.web.fake_site import Clock, FakeSite


def server(port: int = 0) -> Server:
    return Server(WebSettings(port=port), FakeSite(), Feed(), Token(None, Clock()))


async def test_it_serves_until_cancelled_even_with_a_page_open() -> None:
    made = server()
    task = asyncio.create_task(made.run())
    await asyncio.wait_for(made.listening.wait(), 10)
    address = f"http://127.0.0.1:{made.port}"
    async with aiohttp.ClientSession() as client, client.get(f"{address}/api/feed") as feed:
        assert await feed.content.readuntil(b"\n\n") == b"retry: 2000\n\n"
        task.cancel()
        assert await asyncio.wait_for(feed.content.read(), 10) == b""
        await asyncio.wait([task])
        with pytest.raises(aiohttp.ClientConnectorError):
            await client.get(f"{address}/healthz")


@pytest.mark.parametrize(
    "said", [b"GARBAGE\r\n\r\n", b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n:\r\n\r\n"]
)
async def test_who_does_not_speak_http_is_answered_and_leaves_no_traceback(
    said: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    made = server()
    async with background(web=made.run()), asyncio.timeout(10):
        await made.listening.wait()
        reader, writer = await asyncio.open_connection("127.0.0.1", made.port)
        writer.write(said)
        assert b" 400 " in await reader.readline()
        writer.close()
        await writer.wait_closed()
    assert "Traceback" not in caplog.text


async def test_a_port_in_use_is_said_with_the_remedy() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(PermanentError, match=r"set web\.port"):
            await server(other.getsockname()[1]).run()


async def test_an_address_of_another_box_is_said_with_the_remedy() -> None:
    made = Server(WebSettings(host="192.0.2.200", token="0123456789abcdef"), FakeSite(), Feed(), Token(None, Clock()))  # type: ignore[arg-type] # noqa: S106
    with pytest.raises(PermanentError, match=r"set web\.host"):
        await made.run()
