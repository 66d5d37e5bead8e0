"""A camera that stalls, dies and comes back."""

import threading
from collections.abc import Callable, Generator

import pytest

from edge_agent.aio.clock import SystemClock
from edge_agent.capture.sources.rtsp import RtspSettings
from edge_agent.errors import PermanentError, TransientError
from edge_agent.values.event import CameraState
from edge_agent.values.packet import Codec, Packet, StreamInfo
from tests.capture.watching import watched
from tests.peers.clips import Clip
from tests.peers.rtsp_camera import Camera

FAST = Clip(gop=5)
STREAM = StreamInfo(Codec.H264, 64, 64, 25.0)


class Scripted:
    """A source that does what a test says, one script a connection, the last one for ever."""

    def __init__(self, *scripts: Callable[[threading.Event], Generator[Packet]]) -> None:
        self.connections = 0
        self._scripts = scripts

    def packets(self, stop: threading.Event) -> Generator[Packet]:
        """See ``Source``."""
        script = self._scripts[min(self.connections, len(self._scripts) - 1)]
        self.connections += 1
        return script(stop)


def packet(*, key: bool, pts: int = 0) -> Packet:
    """Returns a packet that came just now."""
    return Packet(b"data", pts, key, SystemClock().monotonic(), STREAM)


def one_key_frame(stop: threading.Event) -> Generator[Packet]:
    """Sends one key frame, then nothing."""
    yield packet(key=True)
    stop.wait()


def refuse(_stop: threading.Event) -> Generator[Packet]:
    """Wants another password."""
    yield from ()
    raise PermanentError("the camera refused the password", "correct it")


async def test_packets_reach_the_ring_and_the_camera_is_online(camera: Callable[..., Camera]) -> None:
    async with watched(RtspSettings(url=camera(FAST).url).build()) as subject:
        await subject.until(CameraState.ONLINE)
        reader = subject.ring.reader(lag=2)
        first = await reader.get()
        assert first.key
        for _ in range(5):
            await reader.get()
        capture = subject.capture
        assert capture.stream is first.stream
        assert capture.packets >= 6
        assert capture.bytes >= first.size
        assert capture.rate > 0
    assert subject.told[0].reason == ""
    assert len(subject.told) == 1


async def test_a_stalled_camera_is_noticed_and_taken_back(camera: Callable[..., Camera]) -> None:
    peer = camera(FAST)
    async with watched(RtspSettings(url=peer.url, timeout=1.0).build(), stall=1.5) as subject:
        await subject.until(CameraState.ONLINE)
        peer.stall()
        status = await subject.until(CameraState.OFFLINE)
        assert status.reason
        assert status.remedy
        assert subject.ring.reader(lag=1).take(0) is None
        assert subject.capture.rate == 0
        peer.flow()
        await subject.until(CameraState.ONLINE, after=len(subject.told))


async def test_what_was_held_back_is_no_sign_of_life(camera: Callable[..., Camera]) -> None:
    patience = 2.0
    peer = camera(FAST)
    async with watched(RtspSettings(url=peer.url, timeout=patience).build()) as subject:
        await subject.until(CameraState.ONLINE)
        peer.stall()
        stalled = SystemClock().monotonic()
        await subject.until(CameraState.OFFLINE)
        # FFmpeg gives its last picture when it is interrupted; taken for a new one, it doubled the time.
        assert SystemClock().monotonic() - stalled < 1.8 * patience


async def test_a_camera_that_freezes_whole_is_noticed(camera: Callable[..., Camera]) -> None:
    peer = camera(FAST)
    async with watched(RtspSettings(url=peer.url, timeout=1.0).build(), stall=1.5) as subject:
        await subject.until(CameraState.ONLINE)
        peer.freeze()
        await subject.until(CameraState.OFFLINE)
        peer.thaw()
        await subject.until(CameraState.ONLINE, after=len(subject.told))


async def test_a_camera_that_loses_power_comes_back(camera: Callable[..., Camera]) -> None:
    peer = camera(FAST)
    async with watched(RtspSettings(url=peer.url, timeout=2.0).build()) as subject:
        await subject.until(CameraState.ONLINE)
        peer.kill()
        await subject.until(CameraState.OFFLINE)
        failed = subject.capture.restarts
        assert failed >= 1
        peer.start()
        await subject.until(CameraState.ONLINE, after=len(subject.told))


async def test_silence_ends_a_connection_even_when_the_source_does_not(caplog: pytest.LogCaptureFixture) -> None:
    source = Scripted(one_key_frame)
    async with watched(source, stall=0.2) as subject:
        status = await subject.until(CameraState.OFFLINE)
        assert "nothing came" in status.reason
        await subject.until(CameraState.ONLINE, after=len(subject.told))
        assert source.connections >= 2
    assert "given up" not in caplog.text


async def test_a_native_call_that_hangs_does_not_hold_up_the_news(caplog: pytest.LogCaptureFixture) -> None:
    release = threading.Event()

    def deaf(_stop: threading.Event) -> Generator[Packet]:
        yield packet(key=True)
        release.wait()  # as a hanging call: deaf to ``stop``
        yield packet(key=True, pts=1)

    async with watched(Scripted(deaf, refuse), stall=0.2) as subject:
        await subject.until(CameraState.OFFLINE)
        assert "given up" in caplog.text
        release.set()
        refused = len(subject.told)
        assert (await subject.until(CameraState.OFFLINE, after=refused)).remedy == "correct it"
        assert subject.capture.packets == 1


async def test_a_camera_is_online_only_from_a_key_frame_on() -> None:
    def late(stop: threading.Event) -> Generator[Packet]:
        yield packet(key=False)
        yield packet(key=False, pts=1)
        raise TransientError("it broke", "wait")

    async with watched(Scripted(late)) as subject:
        await subject.until(CameraState.OFFLINE)
        assert [status.state for status in subject.told] == [CameraState.OFFLINE]


async def test_the_same_failure_is_told_once() -> None:
    source = Scripted(refuse, refuse, one_key_frame)
    async with watched(source) as subject:
        await subject.until(CameraState.ONLINE)
    assert [status.state for status in subject.told] == [CameraState.OFFLINE, CameraState.ONLINE]
    assert subject.capture.restarts == 2
