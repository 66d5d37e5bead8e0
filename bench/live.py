"""Live view beside Janus, a media server in C: what a viewer costs, how long it waits, how late it sees.

Both serve the same camera by RTSP, 1080p at 4 Mb/s, each in a process of its own whose CPU and memory alone count; one
process of viewers serves both; what is timed is Chromium's picture, of 720p since it decodes on the same two cores.
Usage: ``python bench/live.py [cost] [start] [cycles]``; needs janus, ffmpeg, GStreamer and Chromium.
"""

import asyncio
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Protocol

from tests.peers.browser import chromium
from tests.peers.clips import Clip
from tests.peers.crowd import Crowd
from tests.peers.janus import Janus
from tests.peers.live_agent import LiveAgent
from tests.peers.rtsp_camera import Camera
from tests.peers.watcher import CLOCK, Shown, Watcher

VIEWERS = (0, 1, 2, 4, 8, 16, 32)
SECONDS = 6.0
SETTLE = 3.0
GAPS = (1, 2, 6)
STARTS = 10
CYCLES = 300
FPS = 25
NOISE = "testsrc2=size={size}:rate={fps},noise=alls=12:allf=t"


class Usage:
    """What a process used.

    Attributes:
        cpu: seconds of a core.
        memory: megabytes in memory.
        threads: how many.
        files: how many are open, sockets among them.
    """

    def __init__(self, pid: int) -> None:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        self.cpu = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        self.memory = int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / 1e6
        self.threads = int(fields[17])
        self.files = len(list(Path(f"/proc/{pid}/fd").iterdir()))


class Viewer(Protocol):
    """Who looks: a browser, or one of a crowd."""

    async def join(self, offer: str | None = None) -> str:
        """Returns a new viewer's offer, or its answer to a server's."""
        ...

    async def accept(self, answer: str) -> None:
        """Takes a server's answer."""
        ...


class Place:
    """A camera, both servers of it, and the viewers.

    Args:
        stack: ends them.
        folder: for their files.
        gap: seconds from one key frame to the next.
        picture: what the camera sees.
        size: of it.
    """

    def __init__(
        self,
        stack: AsyncExitStack,
        folder: Path,
        gap: int,
        *,
        picture: str = NOISE,
        size: tuple[int, int] = (1920, 1080),
    ) -> None:
        clip = Clip(picture, size=size, fps=FPS, seconds=12.0, gop=FPS * gap, bitrate="4M")
        self._pushed = folder / "pushed"
        camera = Camera(folder, clip, "--in-band", "--no-backchannel", "--pushed", str(self._pushed))
        stack.callback(camera.stop)
        self.agent = stack.enter_context(closing(LiveAgent(camera.url)))
        self.crowd = stack.enter_context(closing(Crowd()))
        self.janus = Janus(folder, camera.url)
        stack.push_async_callback(self.janus.close)

    async def to_agent(self, viewer: Viewer) -> str:
        """Brings one more viewer to our server; returns its session."""
        session, answer = await self.agent.open(await viewer.join())
        await viewer.accept(answer)
        return session

    async def to_janus(self, viewer: Viewer) -> str:
        """Brings one more viewer to Janus; returns what it leaves by."""
        handle, offer = await self.janus.watch()
        await self.janus.start(handle, await viewer.join(offer))
        return handle

    def usage(self) -> tuple[Usage, Usage]:
        """Returns what both servers used so far."""
        return Usage(self.agent.pid), Usage(self.janus.pid)

    def ages(self, shown: list[Shown]) -> list[float]:
        """Returns how many seconds before it was shown the camera sent each picture."""
        sent: dict[int, list[float]] = {}
        for line in self._pushed.read_text().splitlines():
            number, at = line.split()
            sent.setdefault(int(number), []).append(float(at))
        return [one.at - max(at for at in sent[one.number] if at <= one.at) for one in shown]


async def measure_cost(folder: Path) -> None:
    """Prints CPU, memory and what arrives by number of viewers, and what an added one costs."""
    async with AsyncExitStack() as stack:
        place = Place(stack, folder, 2)
        await asyncio.sleep(SETTLE)
        print(
            "viewers" + "".join(f" {name + ' CPU':>10} {'memory':>8} {'each gets':>10}" for name in ("agent", "janus"))
        )
        shares: dict[int, tuple[float, float]] = {}
        for count, before in zip(VIEWERS, (0, *VIEWERS), strict=False):
            for come in (place.to_agent, place.to_janus):
                for _ in range(count - before):
                    await come(place.crowd)
            await asyncio.sleep(SETTLE)
            begun, came, first = time.monotonic(), await place.crowd.taken(), place.usage()
            await asyncio.sleep(SECONDS)
            took, gone, last = time.monotonic() - begun, await place.crowd.taken(), place.usage()
            ours, theirs = ((after.cpu - one.cpu) / took for one, after in zip(first, last, strict=True))
            shares[count] = ours, theirs
            rates = [(after - one) * 8e-6 / took / max(count, 1) for one, after in zip(came, gone, strict=True)]
            columns = zip((ours, theirs), last, rates, strict=True)
            texts = [f" {cpu:10.2%} {used.memory:5.0f} MB {rate:5.2f} Mb/s" for cpu, used, rate in columns]
            print(f"{count:7}" + "".join(texts), flush=True)
        ours, theirs = ((shares[VIEWERS[-1]][who] - shares[1][who]) / (VIEWERS[-1] - 1) for who in (0, 1))
        print(f"an added viewer: agent {ours:.2%}, janus {theirs:.2%} of a core: {ours / theirs:.2f} times")


async def measure_start(folder: Path) -> None:
    """Prints how long Chromium waits for its first picture and how old pictures are, by seconds between key frames."""
    print(f"{'':14} {'first picture':>21} {'age of pictures':>21}")
    print(f"{'key frames':14} {'median':>10} {'p95':>10} {'median':>10} {'p95':>10}")
    for gap in GAPS:
        async with AsyncExitStack() as stack:
            place = Place(stack, folder, gap, picture=NOISE + CLOCK, size=(1280, 720))
            browser = await stack.enter_async_context(chromium(folder / f"profile{gap}"))
            watcher = await Watcher.open(browser)
            await asyncio.sleep(gap + SETTLE)
            for name, come, leave in (
                ("agent", place.to_agent, place.agent.leave),
                ("janus", place.to_janus, place.janus.leave),
            ):
                waits, ages = [], []
                for _ in range(STARTS):
                    await asyncio.sleep(random.uniform(0.1, gap))  # noqa: S311 - anywhere between two key frames
                    viewer = await come(watcher)
                    waits.append(await watcher.first() - watcher.begun)
                    await asyncio.sleep(1.0)  # at live by then
                    ages += place.ages(await watcher.read(FPS))
                    await leave(viewer)
                    await watcher.leave()
                figures = (statistics.median(waits), late(waits), statistics.median(ages), late(ages))
                print(f"{gap} s  {name:9} " + " ".join(f"{figure:8.3f} s" for figure in figures), flush=True)


def late(waits: list[float]) -> float:
    """Returns the 95th percentile."""
    return statistics.quantiles(waits, n=20, method="inclusive")[-1]


async def measure_cycles(folder: Path) -> None:
    """Prints what is left of viewers that came and went."""
    async with AsyncExitStack() as stack:
        place = Place(stack, folder, 2)
        await asyncio.sleep(SETTLE)
        for cycle in range(CYCLES + 1):
            if cycle in {20, CYCLES}:
                tasks, used = await place.agent.tasks(), Usage(place.agent.pid)
                state = f"{used.memory:.1f} MB, {used.threads} threads, {used.files} files, {tasks} tasks"
                print(f"after {cycle:3} viewers: {state}")
            session = await place.to_agent(place.crowd)
            if cycle % 3:
                await asyncio.sleep(0.1)
            await place.agent.leave(session)
            await place.crowd.leave()


async def main() -> None:
    """Runs what is named."""
    parts = {"cost": measure_cost, "start": measure_start, "cycles": measure_cycles}
    for name in sys.argv[1:] or parts:
        with tempfile.TemporaryDirectory() as folder:
            await parts[name](Path(folder))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # or its peers would outlive it
    asyncio.run(main())
