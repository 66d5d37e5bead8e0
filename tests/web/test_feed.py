import json

import pytest
from aiohttp import ClientResponse

from edge_agent.errors import TransientError
from edge_agent.web.feed import LISTENERS, WAITING, Feed
from edge_agent.web.token import SHIFT
from tests.web.fake_site import TOKEN, Web, serving


async def test_a_page_hears_what_happens() -> None:
    async with serving() as web:
        answer = await _listen(web)
        assert web.feed.listening
        assert (answer.content_type, answer.headers["Cache-Control"]) == ("text/event-stream", "no-store")
        web.feed.publish("event", {"id": "1", "text": "é"})
        lines = [(await answer.content.readline()).decode().rstrip("\n") for _ in range(3)]
        assert (lines[0], json.loads(lines[1].removeprefix("data: ")), lines[2]) == (
            "event: event",
            {"id": "1", "text": "é"},
            "",
        )
        web.feed.close()
        assert await answer.content.read() == b""
    assert not web.feed.listening


async def test_a_page_that_left_is_forgotten() -> None:
    async with serving() as web:
        answer = await _listen(web)
        answer.close()
        while web.feed.listening:
            web.feed.publish("health", {"filling": "x" * 100_000})
            await (await web.client.get("/healthz")).read()


async def test_a_slow_page_gets_the_newest_scene_and_loses_the_oldest_events() -> None:
    feed = Feed()
    with feed.listen() as slow:
        for number in range(WAITING + 20):
            feed.publish("event", {"number": number})
            feed.publish("scene", {"number": number}, key="street")
        taken = (await slow.take() or b"").decode().split("\n\n")
    assert len([message for message in taken if message]) == WAITING
    assert [message for message in taken if "scene" in message] == [f'event: scene\ndata: {{"number":{WAITING + 19}}}']
    assert feed.lost == 21
    assert feed.replaced == WAITING + 19


async def test_nothing_is_encoded_for_nobody() -> None:
    Feed().publish("scene", {"not": object()})


async def test_pages_are_counted() -> None:
    async with serving() as web:
        answers = [await _listen(web) for _ in range(LISTENERS)]
        refused = await web.client.get("/api/feed")
        assert (refused.status, (await refused.json())["code"]) == (503, "too_many_listeners")
        with pytest.raises(TransientError), web.feed.listen():
            pass
        for answer in answers:
            answer.close()


async def _listen(web: Web) -> ClientResponse:
    answer = await web.client.get("/api/feed")
    assert await answer.content.readuntil(b"\n\n") == b"retry: 2000\n\n"
    return answer


async def test_a_page_hears_of_the_cameras_alone_that_it_may_see() -> None:
    async with serving() as web:
        web.site.hidden.add("yard")
        answer = await _listen(web)
        for camera in ("yard", "street"):
            web.feed.publish("speech", {"camera": camera}, key=camera, camera=camera)
        assert b'"street"' in await answer.content.readuntil(b"\n\n")


async def test_a_login_that_ends_ends_the_feed() -> None:
    async with serving(token=TOKEN) as web:
        await web.client.post("/api/login", json={"token": TOKEN})
        answer = await _listen(web)
        web.feed.publish("health", {"first": 1})
        assert b"first" in await answer.content.readuntil(b"\n\n")
        web.clock.now += SHIFT + 1
        web.feed.publish("health", {"second": 2})
        assert await answer.content.read() == b""
