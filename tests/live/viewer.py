"""A second WebRTC peer as a viewer, and a camera whose ring is filled from a clip."""

import asyncio
import itertools
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from numpy.typing import NDArray

from edge_agent.aio.ring import Ring
from edge_agent.errors import AgentError
from edge_agent.live import AskForKey, Picture, nobody_to_ask
from edge_agent.live.connection import settle
from edge_agent.live.innards import own_connecting
from edge_agent.values.frame import Frame
from edge_agent.values.packet import Codec, Packet, StreamInfo
from edge_agent.values.time import CLOCK_RATE, Monotonic
from edge_agent.values.viewing import StreamName

PATIENCE = 20.0


def encode(*, size: tuple[int, int] = (320, 240), fps: int = 25, frames: int = 100, gop: int = 50) -> list[Packet]:
    """Returns a clip whose whole picture gets brighter by one each frame; arrival in its own time from 0."""
    codec = av.VideoCodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = *size, "yuv420p"
    codec.time_base, codec.gop_size, codec.max_b_frames = Fraction(1, fps), gop, 0
    codec.options = {"preset": "ultrafast", "tune": "zerolatency", "profile": "high", "x264-params": "scenecut=0"}
    stream = StreamInfo(Codec.H264, *size, float(fps))
    packets = []
    for number in range(frames):
        planes = np.full((size[1] * 3 // 2, size[0]), 128, np.uint8)
        planes[: size[1]] = 16 + number % 200
        picture = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        picture.pts = number
        for packet in codec.encode(picture):
            pts = number * CLOCK_RATE // fps
            packets.append(Packet(bytes(packet), pts, packet.is_keyframe, Monotonic(number / fps), stream))
    return packets


@dataclass(eq=False)
class FakeCamera:
    """A ``Picture``, and ``Pictures`` with it as the main one, that plays packets in a loop, each when it is due."""

    packets: Sequence[Packet]
    needs_transcoding: bool = False
    error: AgentError | None = None
    ask_for_key: AskForKey = nobody_to_ask
    ring: Ring[Packet] = field(default_factory=lambda: Ring(seconds=10.0, limit=32 << 20))
    opened: int = 0
    number: int = 0
    sub: "FakeCamera | None" = None

    @property
    def streams(self) -> Mapping[StreamName, Picture]:
        """See ``Pictures``."""
        return {StreamName.MAIN: self} | ({StreamName.SUB: self.sub} if self.sub else {})

    def trouble(self) -> AgentError | None:
        return self.error

    def open_frames(self, stop: threading.Event) -> Iterator[Frame]:
        """Decodes the ring with the picture's left half blackened, as ``decode`` burns in a mask."""
        self.opened += 1
        codec = av.VideoCodecContext.create("h264", "r")
        reader = self.ring.reader(lag=2.0)
        while not stop.is_set():
            packet = reader.take(0.2)
            if packet is None:
                continue
            for picture in codec.decode(av.Packet(packet.data)):
                planes = np.asarray(picture.to_ndarray(format="yuv420p"), np.uint8)
                planes[: picture.height, : picture.width // 2] = 16
                yield Frame(planes, packet.pts, packet.arrived)

    def fill(self, count: int) -> None:
        """Puts packets in as if they had come just now, one after another in their own time."""
        now = time.monotonic()
        step = self.packets[1].arrived - self.packets[0].arrived
        for index in range(count):
            self._put(Monotonic(now - (count - 1 - index) * step))

    async def play(self) -> None:
        """Puts packets in as they become due, for ever."""
        step = self.packets[1].arrived - self.packets[0].arrived
        begun = time.monotonic()
        played = 0
        while True:
            played += 1
            await asyncio.sleep(max(0.0, begun + played * step - time.monotonic()))
            self._put(Monotonic(time.monotonic()))

    def _put(self, arrived: Monotonic) -> None:
        packet = self.packets[self.number % len(self.packets)]
        pts = self.number * (self.packets[1].pts - self.packets[0].pts)
        self.number += 1
        self.ring.append(Packet(packet.data, pts, packet.key, arrived, packet.stream))


@asynccontextmanager
async def playing(camera: FakeCamera) -> AsyncIterator[FakeCamera]:
    """Plays a camera as long as the block runs."""
    task = asyncio.create_task(camera.play())
    try:
        yield camera
    finally:
        task.cancel()
        await asyncio.wait([task])


class Viewer:
    """A WebRTC peer that decodes what it gets."""

    def __init__(self) -> None:
        self.connection = RTCPeerConnection(RTCConfiguration([]))
        self.connecting = own_connecting(self.connection)
        self.connection.addTransceiver("video", direction="recvonly")
        self.track = self.connection.getTransceivers()[0].receiver.track

    async def offer(self) -> str:
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return str(self.connection.localDescription.sdp)

    async def accept(self, answer: str) -> None:
        await self.connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        self.track = self.connection.getReceivers()[0].track

    async def frame(self) -> av.VideoFrame:
        """Waits for the next decoded picture."""
        async with asyncio.timeout(PATIENCE):
            picture = await self.track.recv()
        assert isinstance(picture, av.VideoFrame)
        return picture

    async def ended(self) -> None:
        """Waits until the other side has closed."""
        async with asyncio.timeout(PATIENCE):
            try:
                while True:
                    await self.track.recv()
            except MediaStreamError:
                return

    async def close(self) -> None:
        await settle(self.connecting)
        await self.connection.close()


def luma(picture: av.VideoFrame) -> NDArray[np.uint8]:
    """Returns the brightness as decoded, uint8 (height, width)."""
    plane = picture.planes[0]
    return np.frombuffer(bytes(plane), np.uint8).reshape(-1, plane.line_size)[: picture.height, : picture.width]


def number(picture: av.VideoFrame) -> int:
    """Returns which frame of the clip this is, from the brightness of its right half."""
    return round(float(luma(picture)[:, picture.width // 2 + 8 :].mean())) - 16


async def until(condition: Callable[[], bool]) -> None:
    """Waits for what nobody announces: a thread, a task or a socket of a library that comes to its end."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.01)


def vanish(viewer: Viewer) -> None:
    """Takes a viewer off the network without a word."""
    transport = viewer.connection.getReceivers()[0].transport.transport
    for protocol in transport._connection._protocols:
        protocol.transport.abort()


def drop(viewer: Viewer, *, every: int) -> list[int]:
    """Loses each so-many-th packet on its way to a viewer; returns a list of their lengths."""
    transport = viewer.connection.getReceivers()[0].transport
    handle = transport._handle_rtp_data
    lost: list[int] = []
    count = itertools.count(1)

    async def handle_most(data: bytes, arrival_time_ms: int) -> None:
        if next(count) % every:
            await handle(data, arrival_time_ms)
        else:
            lost.append(len(data))

    transport._handle_rtp_data = handle_most  # type: ignore[method-assign]
    return lost


@contextmanager
def away(viewer: Viewer) -> Iterator[None]:
    """Takes a viewer off the network as long as the block runs: nothing comes and nothing leaves."""
    [connection] = {receiver.transport.transport._connection for receiver in viewer.connection.getReceivers()}
    protocols = list(connection._protocols)
    for protocol in protocols:
        vars(protocol).update(datagram_received=lambda *_: None, send_data=_send_nowhere, send_stun=lambda *_: None)
    try:
        yield
    finally:
        for protocol in protocols:
            for name in ("datagram_received", "send_data", "send_stun"):
                del vars(protocol)[name]


async def _send_nowhere(*_: object) -> None:
    return


def sockets() -> int:
    """Returns how many sockets this process has open."""
    return sum("socket:" in str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink())
