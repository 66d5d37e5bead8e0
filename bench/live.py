"""Live view: time to the first picture, and what a viewer costs beside sending the same bytes bare.

Prints ratios: a viewer that starts from the ring against one that waits for the next key frame, and CPU for each added
viewer of 1080p at 4 Mb/s against one coroutine that sends the camera's bytes in RTP-sized datagrams without encryption.
Usage: ``python bench/live.py [seconds]``.
"""

import asyncio
import random
import resource
import socket
import statistics
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from fractions import Fraction
from multiprocessing import get_context
from multiprocessing.connection import Connection

import av
import numpy as np

from edge_agent.aio.clock import SystemClock
from edge_agent.aio.ring import Ring
from edge_agent.errors import AgentError
from edge_agent.live import nobody_to_ask
from edge_agent.live.sessions import LiveSessions
from edge_agent.live.settings import LiveSettings
from edge_agent.values.frame import Frame
from edge_agent.values.ids import CameraId
from edge_agent.values.packet import Codec, Packet, StreamInfo
from edge_agent.values.time import CLOCK_RATE, Monotonic
from edge_agent.values.viewing import StreamName

SIZE, FPS, GOP_SECONDS, BITRATE = (1920, 1080), 25, 6, 4_000_000
CAMERA = CameraId("bench")
MTU = 1200
STARTS = 12
VIEWERS = (0, 1, 4, 8)


def film() -> list[Packet]:
    """Returns one group of noise that moves, at the bit rate of a good camera."""
    noise = np.random.default_rng(1).integers(90, 160, (SIZE[1] * 3 // 2, SIZE[0]), np.uint8)
    codec = av.VideoCodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt, codec.bit_rate = *SIZE, "yuv420p", BITRATE
    codec.time_base, codec.framerate = Fraction(1, FPS), Fraction(FPS)
    codec.gop_size, codec.max_b_frames = FPS * GOP_SECONDS, 0
    rates = {"maxrate": str(BITRATE), "bufsize": str(BITRATE)}
    codec.options = {"preset": "ultrafast", "tune": "zerolatency", "x264-params": "scenecut=0", **rates}
    stream = StreamInfo(Codec.H264, *SIZE, float(FPS))
    packets: list[Packet] = []
    for number in range(FPS * GOP_SECONDS):
        picture = av.VideoFrame.from_ndarray(np.roll(noise, number * 3, axis=1), format="yuv420p")
        picture.pts = number
        packets += [
            Packet(bytes(one), number * CLOCK_RATE // FPS, one.is_keyframe, Monotonic(number / FPS), stream)
            for one in codec.encode(picture)
        ]
    return packets


class Camera:
    """A ``Picture`` that plays the film over and over."""

    def __init__(self, packets: list[Packet]) -> None:
        self.needs_transcoding = False
        self.ask_for_key = nobody_to_ask
        self.ring: Ring[Packet] = Ring(seconds=10.0, limit=48 << 20)
        self._packets = packets
        self._number = 0

    @property
    def streams(self) -> Mapping[StreamName, "Camera"]:
        """See ``Pictures``."""
        return {StreamName.MAIN: self}

    def trouble(self) -> AgentError | None:
        """Never any."""
        return None

    def open_frames(self, stop: threading.Event) -> Iterator[Frame]:
        """Nobody asks: the film is H.264 without masks."""
        raise NotImplementedError(stop)

    async def play(self) -> None:
        """Puts packets into the ring when they are due, the first seconds of them at once."""
        begun = time.monotonic() - GOP_SECONDS / 2
        while True:
            due = begun + self._number / FPS
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            one = self._packets[self._number % len(self._packets)]
            pts = self._number * CLOCK_RATE // FPS
            self.ring.append(Packet(one.data, pts, one.key, Monotonic(due), one.stream))
            self._number += 1


@asynccontextmanager
async def serving(packets: list[Packet]) -> AsyncIterator[tuple[LiveSessions, Camera]]:
    """Runs sessions and a camera as long as the block runs."""
    camera = Camera(packets)
    sessions = LiveSessions(
        LiveSettings(viewers=32),
        SystemClock(),
        random.Random(1),  # noqa: S311 - jitter
        opened=lambda _: None,
        closed=lambda *_: None,
    )
    tasks = [asyncio.create_task(sessions.run()), asyncio.create_task(camera.play())]
    await asyncio.sleep(0)
    try:
        yield sessions, camera
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def watch(pipe: Connection) -> None:
    """A process of viewers, so that their cost is not the agent's: each offer in, each first picture's time out."""
    # Here, so that only the viewers' process decodes.
    from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription  # noqa: PLC0415

    async def run() -> None:
        loop = asyncio.get_running_loop()
        viewers: list[RTCPeerConnection] = []
        while (wish := await loop.run_in_executor(None, pipe.recv)) != "stop":
            if wish == "close":
                await viewers.pop().close()
                continue
            viewer = RTCPeerConnection(RTCConfiguration([]))
            viewers.append(viewer)
            viewer.addTransceiver("video", direction="recvonly")
            await viewer.setLocalDescription(await viewer.createOffer())
            begun = time.monotonic()
            pipe.send(viewer.localDescription.sdp)
            answer = await loop.run_in_executor(None, pipe.recv)
            if wish == "count":  # takes the packets and decodes nothing, so that many fit on this machine
                viewer.getReceivers()[0]._handle_rtp_packet = _drop  # type: ignore[method-assign] # noqa: SLF001
            await viewer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
            if wish == "watch":
                await viewer.getReceivers()[0].track.recv()
                pipe.send(time.monotonic() - begun)
        for viewer in viewers:
            await viewer.close()

    asyncio.run(run())


async def _drop(*_: object, **__: object) -> None:
    return


async def first_pictures(packets: list[Packet], pipe: Connection) -> None:
    """Prints how long a viewer waits for its first decoded picture, from the moment it sends its offer."""
    ask = asyncio.get_running_loop().run_in_executor
    waits = []
    async with serving(packets) as (sessions, camera):
        for _ in range(STARTS):
            await asyncio.sleep(random.uniform(0.1, 0.8))  # noqa: S311 - somewhere in the group of pictures
            pipe.send("watch")
            session = await sessions.open(CAMERA, await ask(None, pipe.recv), camera, "bench")
            pipe.send(session.answer_sdp)
            waits.append(await ask(None, pipe.recv))
            pipe.send("close")
            await sessions.close(session.id)
    median, worst = statistics.median(waits), max(waits)
    print(f"first picture, key frames {GOP_SECONDS} s apart: median {median:.3f} s, worst of {STARTS} {worst:.3f} s")
    print(f"  waiting for the next key frame would take {GOP_SECONDS / 2 / median:.0f} times as long on average")


async def viewer_cost(packets: list[Packet], pipe: Connection, seconds: float) -> None:
    """Prints the CPU of an added viewer and its ratio to sending the bytes bare."""
    ask = asyncio.get_running_loop().run_in_executor
    costs: dict[int, float] = {}
    async with AsyncExitStack() as stack:
        sessions, camera = await stack.enter_async_context(serving(packets))
        for count in VIEWERS:
            while sessions.viewers(CAMERA) < count:
                pipe.send("count")
                session = await sessions.open(CAMERA, await ask(None, pipe.recv), camera, "bench")
                pipe.send(session.answer_sdp)
            await asyncio.sleep(2.0)  # the past is sent by now
            costs[count] = await measure(seconds)
            print(f"  {count} viewers: {100 * costs[count]:.2f} % of a core")
    added = (costs[VIEWERS[-1]] - costs[VIEWERS[1]]) / (VIEWERS[-1] - VIEWERS[1])
    bare = await bare_cost(packets, seconds)
    print(f"added viewer {100 * added:.2f} % of a core, bare sendto {100 * bare:.2f} %: {added / bare:.1f} times")
    print(f"the first viewer costs {(costs[1] - costs[0]) / added:.2f} times an added one")


async def bare_cost(packets: list[Packet], seconds: float) -> float:
    """Returns the CPU of sending one film in datagrams of clear RTP payloads, packetised each time."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out,
    ):
        sink.bind(("127.0.0.1", 0))
        out.connect(sink.getsockname())

        async def send() -> None:
            begun, number = time.monotonic(), 0
            while True:
                await asyncio.sleep(max(0.0, begun + number / FPS - time.monotonic()))
                data = packets[number % len(packets)].data
                for start in range(0, len(data), MTU):
                    out.send(data[start : start + MTU])
                number += 1

        task = asyncio.create_task(send())
        cost = await measure(seconds)
        task.cancel()
        await asyncio.wait([task])
    return cost


async def measure(seconds: float) -> float:
    """Returns the share of a core that this process uses."""
    before, begun = cpu(), time.monotonic()
    await asyncio.sleep(seconds)
    return (cpu() - before) / (time.monotonic() - begun)


def cpu() -> float:
    """Returns the seconds of CPU that this process used."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Runs both."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 8.0
    packets = film()
    rate = sum(one.size for one in packets) * 8 / GOP_SECONDS / 1e6
    print(f"{SIZE[0]}x{SIZE[1]} at {FPS}, {rate:.1f} Mb/s")
    ours, theirs = get_context("spawn").Pipe()
    viewers = get_context("spawn").Process(target=watch, args=(theirs,))
    viewers.start()
    try:
        asyncio.run(first_pictures(packets, ours))
        asyncio.run(viewer_cost(packets, ours, seconds))
        ours.send("stop")
        viewers.join(10)
    finally:
        viewers.kill()


if __name__ == "__main__":
    main()
