import asyncio
import gc
import itertools
import random
import struct
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aiortc.rtp import RTCP_PSFB_FIR, RTCP_PSFB_PLI, RtcpPsfbPacket
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.aio.clock import SystemClock
from edge_agent.errors import AgentError, PermanentError, TransientError
from edge_agent.live.sessions import Asked, LiveSessions
from edge_agent.live.settings import LiveSettings
from edge_agent.live.viewer import Session
from edge_agent.values.ids import CameraId
from edge_agent.values.packet import Codec, Packet
from edge_agent.values.time import CLOCK_RATE
from edge_agent.values.viewing import StreamName, Wish
from tests.live.test_offer import LINES, OFFER
from tests.live.viewer import (
    PATIENCE,
    FakeCamera,
    Viewer,
    away,
    drop,
    encode,
    luma,
    number,
    playing,
    sockets,
    until,
    vanish,
)

STREET = CameraId("street")


class Live:
    """Sessions, and what they told."""

    def __init__(self, **settings: object) -> None:
        self.opened: list[Session] = []
        self.closed: list[tuple[Session, str, float]] = []
        self.moved: list[tuple[Session, StreamName, str]] = []
        self.viewers: list[Viewer] = []
        self.ended = asyncio.Event()
        self.sessions = LiveSessions(
            LiveSettings(**settings),  # type: ignore[arg-type] # a test names the fields
            SystemClock(),
            random.Random(1),  # noqa: S311 - jitter of a back-off
            opened=self.opened.append,
            closed=self._close,
            moved=lambda *told: self.moved.append(told),
        )

    def viewer(self) -> Viewer:
        self.viewers.append(Viewer())
        return self.viewers[-1]

    async def watch(self, camera: FakeCamera, actor: str = "anne") -> tuple[Viewer, Session]:
        viewer = self.viewer()
        session = await self.sessions.open(STREET, await viewer.offer(), camera, actor)
        await viewer.accept(session.answer_sdp)
        return viewer, session

    async def one_end(self) -> str:
        async with asyncio.timeout(PATIENCE):
            await self.ended.wait()
        return self.closed[-1][1]

    def _close(self, session: Session, reason: str, seconds: float) -> None:
        self.closed.append((session, reason, seconds))
        self.ended.set()


@asynccontextmanager
async def live(**chosen: object) -> AsyncIterator[Live]:
    """Runs sessions as long as the block runs; what the library closes a moment later is waited for."""
    before = asyncio.all_tasks()
    made = Live(**chosen)
    task = asyncio.create_task(made.sessions.run())
    await asyncio.sleep(0)
    try:
        yield made
    finally:
        task.cancel()
        await asyncio.wait([task])
        for viewer in made.viewers:
            await viewer.close()
        assert task.cancelled()
        await until(lambda: asyncio.all_tasks() <= before)


@pytest.fixture(scope="module")
def packets() -> list[Packet]:
    """Key frames two seconds apart."""
    return encode()


def newest(camera: FakeCamera) -> int:
    """Returns which frame of the clip the camera sent last."""
    return (camera.number - 1) % len(camera.packets)


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


async def test_the_picture_comes_when_the_camera_is_back(packets: list[Packet]) -> None:
    camera = FakeCamera(packets)
    async with live() as it:
        viewer, _ = await it.watch(camera)
        async with playing(camera):
            await viewer.frame()
        camera.ring.clear()
        camera.number = 0
        async with playing(camera):
            for _ in range(20):
                await viewer.frame()


async def test_a_masked_camera_is_black_there_and_encoded_once(packets: list[Packet]) -> None:
    camera = FakeCamera(packets, needs_transcoding=True)
    camera.fill(30)
    async with live() as it, playing(camera):
        (anne, first), (paul, second) = [await it.watch(camera, actor) for actor in ("anne", "paul")]
        for viewer in (anne, paul):
            seen = 0
            while seen < 40:
                picture = await viewer.frame()
                seen = number(picture)
                assert luma(picture)[:, : picture.width // 2 - 8].max() < 20
        assert camera.opened == 1
        assert "street: transcode main" in {thread.name for thread in threading.enumerate()}
        await it.sessions.close(first.id)
        await paul.frame()
        await it.sessions.close(second.id)
        await until(lambda: "street: transcode main" not in {thread.name for thread in threading.enumerate()})


@pytest.mark.parametrize("request_for_key", [RTCP_PSFB_PLI, RTCP_PSFB_FIR])
async def test_a_viewer_that_lost_the_picture_gets_a_key_frame(packets: list[Packet], request_for_key: int) -> None:
    camera = FakeCamera([*packets[:50], *(replace(one, key=False) for one in packets[51:])])
    camera.fill(20)
    async with live() as it, playing(camera):
        viewer, _ = await it.watch(camera)
        for _ in range(60):
            await viewer.frame()
        before = number(await viewer.frame())
        receiver = viewer.connection.getReceivers()[0]
        [source] = receiver.getSynchronizationSources()
        # The second kind names its source further inside.
        inside = struct.pack("!LL", source.source, 1 << 24)
        asked = (source.source, b"") if request_for_key == RTCP_PSFB_PLI else (0, inside)
        await receiver._send_rtcp(RtcpPsfbPacket(request_for_key, 1, *asked))
        async with asyncio.timeout(PATIENCE):
            while number(await viewer.frame()) > before - 20:
                continue


async def test_a_viewer_is_moved_to_another_stream_at_its_key_frame_within_the_same_track(
    packets: list[Packet],
) -> None:
    main, sub = FakeCamera(packets), FakeCamera(encode(size=(160, 120)))
    main.fill(30)
    async with live() as it, playing(main):
        viewer, _ = await it.watch(main)
        before = await viewer.frame()
        for _ in range(30):
            before = await viewer.frame()
        [watched] = it.sessions._viewers
        watched._track.switch(sub.ring)
        for _ in range(10):
            assert (await viewer.frame()).width == 320  # the picture stays until the other stream has one
        sub.fill(20)
        async with playing(sub), asyncio.timeout(PATIENCE):
            while (after := await viewer.frame()).width == 320:
                before = after
        assert after.pts is not None
        assert before.pts is not None
        assert 0 < after.pts - before.pts < CLOCK_RATE
        watched._track.switch(main.ring)
        async with asyncio.timeout(PATIENCE):
            while (await viewer.frame()).width != 320:
                continue


async def test_lost_packets_are_sent_again(packets: list[Packet]) -> None:
    camera = FakeCamera(packets)
    camera.fill(10)
    async with live() as it, playing(camera):
        viewer, _ = await it.watch(camera)
        dropped = drop(viewer, every=7)
        seen = [number(await viewer.frame()) for _ in range(75)]
        assert dropped
        assert all((later - earlier) % 100 == 1 for earlier, later in itertools.pairwise(seen))


async def test_after_the_network_was_gone_the_picture_goes_on(packets: list[Packet]) -> None:
    camera = FakeCamera(packets)
    async with live() as it, playing(camera):
        viewer, _ = await it.watch(camera)
        await viewer.frame()
        with away(viewer):
            await asyncio.sleep(2.5)  # more than is sent again, and than a key frame's distance
        async with asyncio.timeout(PATIENCE):
            while newest(camera) - number(await viewer.frame()) > 4:
                continue
        assert it.closed == []


async def test_malformed_feedback_changes_nothing(packets: list[Packet]) -> None:
    camera = FakeCamera(packets)
    async with live() as it, playing(camera):
        viewer, _ = await it.watch(camera)
        await viewer.frame()
        [source] = viewer.connection.getReceivers()[0].getSynchronizationSources()
        transport = viewer.connection.getReceivers()[0].transport
        ssrc = struct.pack("!L", source.source)
        for packet_type, count, body in [
            (206, 15, bytes(8) + b"REMB\xff\0\0\0"),  # an estimate for 255 streams that are not named
            (206, 15, bytes(8)),
            (206, 4, bytes(8)),
            (206, 1, bytes(4)),
            (205, 1, bytes(4) + ssrc + b"\1\2\xff\xff" * 300),
            (205, 1, bytes(4) + ssrc),
            (201, 1, bytes(4) + ssrc + bytes(20)),
            (201, 31, bytes(4)),
            (202, 3, b"\xff" * 8),
            (203, 2, bytes(4)),
            (200, 0, bytes(4)),
        ]:
            await transport._send_rtp(struct.pack("!BBH", 0x80 | count, packet_type, len(body) // 4) + body)
        for _ in range(30):
            await viewer.frame()
        assert it.closed == []


async def test_packets_leave_one_by_one_where_the_kernel_cuts_none(
    packets: list[Packet], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.live.line.SEGMENT", 9999)  # an option that no kernel knows
    camera = FakeCamera(encode(size=(1280, 720), frames=40))
    camera.fill(10)
    async with live() as it, playing(camera):
        viewer, _ = await it.watch(camera)
        for _ in range(20):
            await viewer.frame()


async def test_how_a_viewer_gets_the_picture_is_known(packets: list[Packet]) -> None:
    camera = FakeCamera(packets)
    async with live() as it, playing(camera):
        viewer, _ = await it.watch(camera)
        await viewer.frame()
        [watched] = it.sessions._viewers
        assert watched._peer.reception is None or watched._peer.reception.loss == 0
        async with asyncio.timeout(PATIENCE):
            while (told := watched._peer.reception) is None or told.bitrate is None or told.rtt is None:
                await viewer.frame()
        assert told.loss == 0
        assert told.jitter < 1
        reports = (await viewer.connection.getStats()).values()
        [said] = [report for report in reports if report.type == "remote-outbound-rtp"]
        assert said.packetsSent > 0
        assert abs((datetime.now(UTC) - said.remoteTimestamp).total_seconds()) < 5
        assert told.rtt is not None
        assert told.rtt < 1


async def test_a_camera_that_changes_to_a_codec_that_browsers_do_not_show_is_transcoded_from_then_on(
    packets: list[Packet],
) -> None:
    camera = FakeCamera(packets)
    camera.fill(10)
    async with live() as it:
        viewer, _ = await it.watch(camera)
        await viewer.frame()
        camera.packets = [replace(one, stream=replace(one.stream, codec=Codec.H265)) for one in packets]
        camera.needs_transcoding = True
        async with playing(camera), asyncio.timeout(PATIENCE):
            while luma(picture := await viewer.frame())[:, :150].max() > 20 or number(picture) < 30:
                continue  # the encoder's picture is black on its left
        assert it.sessions.transcoders == 1
        assert not it.closed


async def test_a_camera_that_changes_its_size_goes_on(packets: list[Packet]) -> None:
    camera = FakeCamera(packets)
    camera.fill(10)
    async with live() as it:
        viewer, _ = await it.watch(camera)
        await viewer.frame()
        camera.packets = encode(size=(160, 120))
        async with playing(camera), asyncio.timeout(PATIENCE):
            while (await viewer.frame()).width != 160:
                continue


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


async def test_a_stream_is_chosen_and_changed_within_the_track(packets: list[Packet]) -> None:
    camera = FakeCamera(packets, sub=FakeCamera(encode(size=(160, 120), gop=25)))
    assert camera.sub is not None
    async with live() as it, playing(camera), playing(camera.sub):
        viewer = it.viewer()
        asked = Asked(stream=Wish.SUB)
        session = await it.sessions.open(STREET, await viewer.offer(), camera, "anne", asked)
        await viewer.accept(session.answer_sdp)
        assert (await viewer.frame()).width == 160
        for wish, width in ((Wish.MAIN, 320), (Wish.SUB, 160)):
            it.sessions.select(session.id, wish)
            async with asyncio.timeout(PATIENCE):
                while (await viewer.frame()).width != width:
                    continue
        assert [(stream, reason) for _, stream, reason in it.moved] == [
            (StreamName.SUB, ""),
            (StreamName.MAIN, "asked for"),
            (StreamName.SUB, "asked for"),
        ]
        assert (it.sessions.viewers(STREET, StreamName.SUB), it.sessions.viewers(STREET)) == (1, 1)


async def test_a_masked_camera_is_masked_whatever_stream_is_chosen_and_each_is_encoded_once(
    packets: list[Packet],
) -> None:
    sub = FakeCamera(encode(size=(160, 120), gop=25), needs_transcoding=True)
    camera = FakeCamera(packets, needs_transcoding=True, sub=sub)
    async with live() as it, playing(camera), playing(sub):
        viewer, session = await it.watch(camera)
        other, _ = await it.watch(camera, "paul")
        for wish, width in ((Wish.SUB, 160), (Wish.MAIN, 320), (Wish.SUB, 160)):
            it.sessions.select(session.id, wish)
            async with asyncio.timeout(PATIENCE):
                while (picture := await viewer.frame()).width != width:
                    assert luma(picture)[:, : picture.width // 2 - 8].max() < 20
            assert luma(picture)[:, : picture.width // 2 - 8].max() < 20
        assert it.sessions.transcoders == 2
        assert camera.opened == 1
        assert luma(await other.frame())[:, :150].max() < 20
        it.sessions.select(session.id, Wish.MAIN)
        await until(lambda: it.sessions.transcoders == 1)


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
