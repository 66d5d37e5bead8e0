import asyncio
import gc
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.errors import AgentError, PermanentError, TransientError
from edge_agent.live.sessions import Asked
from edge_agent.values.ids import CameraId
from edge_agent.values.packet import Packet
from edge_agent.values.viewing import StreamName
from tests.live.sitting import STREET, live, newest
from tests.live.test_offer import LINES, OFFER
from tests.live.viewer import (
    FakeCamera,
    number,
    playing,
    sockets,
    until,
    vanish,
)


async def test_a_viewer_starts_in_the_past_and_is_at_live_within_a_second(packets: list[Packet]) -> None:
    camera = FakeCamera(packets)
    camera.fill(40)  # the newest key frame is 1.6 s old
    async with live() as it, playing(camera):
        viewer, session = await it.watch(camera)
        loop = asyncio.get_running_loop()
        first = await viewer.frame()
        begun, last = loop.time(), first
        assert newest(camera) - number(first) > 30
        while loop.time() - begun < 1.0:
            last = await viewer.frame()
        assert newest(camera) - number(last) <= 4
        assert last.pts is not None
        assert last.pts / 90_000 == pytest.approx(1.0, abs=0.15)
        await it.sessions.close(session.id)
        await viewer.ended()
    assert [(told.actor, reason) for told, reason, _ in it.closed] == [("anne", "the viewer closed it")]


async def test_two_viewers_share_the_ring_and_one_leaves_alone(
    packets: list[Packet], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    camera = FakeCamera(packets)
    camera.fill(10)
    async with live() as it, playing(camera):
        anne, first = await it.watch(camera)
        paul, _ = await it.watch(camera, "paul")
        await asyncio.gather(anne.frame(), paul.frame())
        assert it.sessions.viewers(STREET) == 2
        await it.sessions.close(first.id)
        assert it.sessions.viewers(STREET) == 1
        for _ in range(10):
            await paul.frame()
        assert await it.one_end() == "the viewer closed it"
    assert not [record for record in caplog.records if record.name.startswith(("aioice", "aiortc"))]


async def test_a_viewer_that_says_goodbye_is_gone_at_once(packets: list[Packet]) -> None:
    camera = FakeCamera(packets)
    async with live() as it, playing(camera):
        viewer, _ = await it.watch(camera)
        await viewer.frame()
        await viewer.close()
        assert await it.one_end() == "the viewer left"
        assert it.sessions.viewers(STREET) == 0


async def test_a_viewer_that_vanished_is_noticed(packets: list[Packet]) -> None:
    camera = FakeCamera(packets)
    async with live(idle=2.0) as it, playing(camera):
        viewer, _ = await it.watch(camera)
        await viewer.frame()
        vanish(viewer)
        assert await it.one_end() == "nothing came from the viewer for 2 s"


async def test_a_viewer_that_never_comes_is_not_waited_for(packets: list[Packet]) -> None:
    camera = FakeCamera(packets)
    async with live(connect=0.5) as it:
        viewer = it.viewer()
        await it.sessions.open(STREET, await viewer.offer(), camera, "anne")
        assert await it.one_end() == "the viewer did not connect within 0.5 s"


async def test_there_are_only_so_many_viewers(packets: list[Packet]) -> None:
    camera = FakeCamera(packets)
    async with live(viewers=2) as it:
        offers = [it.viewer() for _ in range(6)]
        texts = [await viewer.offer() for viewer in offers]
        answers = await asyncio.gather(
            *(it.sessions.open(STREET, text, camera, "anne") for text in texts), return_exceptions=True
        )
        refused = [answer for answer in answers if isinstance(answer, TransientError)]
        assert ([error.code for error in refused], len(it.opened)) == (["too_many_viewers"] * 4, 2)
        await it.sessions.open(CameraId("square"), texts[0], camera, "anne")
        await it.sessions.close_all("the page was closed")
        assert it.sessions.viewers(STREET) == 0


async def test_a_viewer_of_a_camera_that_is_away_is_told_why_and_gets_the_picture_when_it_is_back(
    packets: list[Packet],
) -> None:
    camera = FakeCamera(packets, error=TransientError("the camera does not answer", "look at its cable"))
    async with live() as it:
        viewer, session = await it.watch(camera)
        assert session.waiting == "the camera does not answer: look at its cable"
        assert it.moved == [(session, StreamName.MAIN, session.waiting)]
        camera.error = None
        async with playing(camera):
            await viewer.frame()


async def test_a_camera_that_stays_away_is_waited_for_only_so_long(packets: list[Packet]) -> None:
    camera = FakeCamera(packets)
    async with live(patience=0.6) as it, playing(camera):
        viewer, _ = await it.watch(camera)
        await viewer.frame()
        camera.error = TransientError("the camera was unplugged", "plug it in")
        assert await it.one_end() == "no picture came for 0.6 s: the camera was unplugged"


async def test_the_same_request_again_opens_no_second_session(packets: list[Packet]) -> None:
    camera = FakeCamera(packets)
    async with live() as it:
        viewer = it.viewer()
        offer, asked = await viewer.offer(), Asked(key="7")
        same = [it.sessions.open(STREET, offer, camera, "anne", asked) for _ in range(3)]
        first, second, third = await asyncio.gather(*same)
        assert first == second == third
        assert len(it.opened) == it.sessions.viewers(STREET) == 1
        with pytest.raises(PermanentError) as caught:
            await it.sessions.open(CameraId("square"), offer, camera, "anne", asked)
        assert caught.value.code == "conflict"
        assert (await it.sessions.open(STREET, offer, camera, "paul", asked)).id != first.id
        await it.sessions.close(first.id)
        assert (await it.sessions.open(STREET, offer, camera, "anne", asked)).id != first.id


async def test_a_request_that_was_refused_may_come_again(packets: list[Packet]) -> None:
    camera = FakeCamera(packets)
    async with live() as it:
        for _ in range(2):
            with pytest.raises(PermanentError):
                await it.sessions.open(STREET, "hello", camera, "anne", Asked(key="7"))
        await it.sessions.open(STREET, await it.viewer().offer(), camera, "anne", Asked(key="7"))


async def test_a_session_ends_with_the_login_that_opened_it(packets: list[Packet]) -> None:
    camera = FakeCamera(packets)
    async with live() as it, playing(camera):
        viewer = it.viewer()
        asked = Asked(until=datetime.now(UTC) + timedelta(seconds=1.5))
        session = await it.sessions.open(STREET, await viewer.offer(), camera, "anne", asked)
        await viewer.accept(session.answer_sdp)
        await viewer.frame()
        assert await it.one_end() == "the login that it was opened with has ended"
        await viewer.ended()


async def test_two_hundred_offers_at_once_leave_only_so_many_sessions(packets: list[Packet]) -> None:
    camera = FakeCamera(packets)
    async with live(viewers=100, box_viewers=5) as it:
        offer = await it.viewer().offer()
        answers = await asyncio.gather(
            *(it.sessions.open(CameraId(f"c{n % 9}"), offer, camera, "mallory") for n in range(200)),
            return_exceptions=True,
        )
        refused = [answer for answer in answers if isinstance(answer, TransientError)]
        assert ({error.code for error in refused}, len(refused)) == ({"too_many_viewers"}, 195)
        await it.sessions.close_all("enough")


async def test_nothing_is_left_after_many_viewers(packets: list[Packet]) -> None:
    camera = FakeCamera(packets)
    camera.fill(10)
    async with live() as it, playing(camera):
        tasks, threads, open_sockets = len(asyncio.all_tasks()), threading.active_count(), sockets()
        for cycle in range(20):
            viewer, session = await it.watch(camera)
            if cycle % 2:
                await viewer.frame()
            await it.sessions.close(session.id)
            await viewer.close()
        await until(lambda: not (len(asyncio.all_tasks()) > tasks))
        gc.collect()
        assert (threading.active_count(), sockets()) == (threads, open_sockets)
        assert len(it.closed) == 20


async def test_stopping_ends_every_session(packets: list[Packet]) -> None:
    camera = FakeCamera(packets)
    async with playing(camera):
        async with live() as it:
            viewer, _ = await it.watch(camera)
            await viewer.frame()
        assert [reason for _, reason, _ in it.closed] == ["the agent is stopping"]
        await viewer.ended()
        with pytest.raises(TransientError, match="not running"):
            await it.sessions.open(STREET, OFFER, camera, "anne")


async def test_an_unknown_session_cannot_be_closed() -> None:
    async with live() as it:
        with pytest.raises(PermanentError) as caught:
            await it.sessions.close("s1")
        assert caught.value.code == "session_unknown"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, len(LINES) - 1), st.text(max_size=30), st.integers(0, 60))
async def test_a_broken_offer_is_answered_or_refused(line: int, noise: str, place: int) -> None:
    lines = OFFER.splitlines()
    lines[line] = lines[line][:place] + noise + lines[line][place + 5 :]
    camera = FakeCamera([])
    async with live() as it:
        with suppress(AgentError):
            await it.sessions.open(STREET, "\r\n".join(lines), camera, "mallory")
        await it.sessions.close_all("enough")
        assert it.sessions.viewers(STREET) == 0
        await until(lambda: not (len(asyncio.all_tasks()) > 2))
