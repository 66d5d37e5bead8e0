"""What aiomqtt leaves open, on a line of our own making."""

import asyncio
import socket
from typing import Any

import pytest
from aiomqtt import MqttError

from edge_agent.uplink.access import Access
from edge_agent.uplink.connection import Connection
from edge_agent.uplink.settings import MqttSettings


async def test_a_socket_that_closed_meanwhile_is_not_written_to_and_nor_is_its_successor() -> None:
    loop, faults = asyncio.get_running_loop(), list[dict[str, Any]]()
    loop.set_exception_handler(lambda _, context: faults.append(context))
    connection = Connection(MqttSettings(), "box", Access())
    first = socket.socket()
    connection._on_socket_register_write(connection._client, None, first)
    first.close()
    with socket.socket() as successor:  # the system gives it the number that became free
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not loop.remove_writer(successor)
    assert not faults


@pytest.mark.looptime
async def test_a_broker_that_leaves_an_event_without_an_answer_counts_as_lost() -> None:
    connection = Connection(MqttSettings(keepalive=30), "box", Access())
    loop = asyncio.get_running_loop()
    connection._unanswered[1] = loop.time(), lambda: None
    watching = asyncio.create_task(connection.lost())
    await asyncio.sleep(65)
    connection._unanswered = {2: (loop.time(), lambda: None)}  # the first was answered, the next was not
    await asyncio.sleep(60)
    assert not watching.done()
    with pytest.raises(MqttError, match="does not acknowledge"):
        await watching
    assert loop.time() < 65 + 2 * 30 + 10 + 30 + 1


async def test_a_broker_that_hangs_up_right_after_it_let_us_in_is_noticed_at_once() -> None:
    async def take_back(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x20\x03\x00\x00\x00")  # CONNACK
        writer.close()

    server = await asyncio.start_server(take_back, "127.0.0.1", 0)
    settings = MqttSettings(port=server.sockets[0].getsockname()[1], keepalive=30)
    async with server, asyncio.timeout(5):
        with pytest.raises(MqttError):
            async with Connection(settings, "box", Access()) as connection:
                await connection.lost()


async def test_a_cancellation_that_comes_together_with_an_answer_is_not_swallowed() -> None:
    connection = Connection(MqttSettings(), "box", Access())
    for turns in range(5):
        answered = asyncio.Event()
        waiting = asyncio.create_task(connection._wait_for(answered.wait(), 5.0))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        answered.set()
        for _ in range(turns):  # the answer is on its way to whoever waits
            await asyncio.sleep(0)
        asked = waiting.cancel()
        await asyncio.wait([waiting])
        assert waiting.cancelled() == asked, turns
