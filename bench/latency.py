"""From the first picture of a face without a mask to the event at a subscriber: how long, and how much of it must be.

The whole agent runs on a clip in which somebody stands for eight seconds out of twelve, with mosquitto between it and
the subscriber. The bare minimum is what the settings ask for before a verdict may be given at all: the looks that must
agree, at the pace of looking. What the agent adds is decoding, detection, tracking, the disk and the broker.
Run ``python bench/latency.py``; needs mosquitto and ffmpeg.
"""

import asyncio
import signal
import statistics
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from edge_agent.appearance.settings import AppearanceSettings
from edge_agent.values.ids import CameraId
from edge_agent.values.time import CLOCK_RATE
from tests.agents import listening, running, settings_for
from tests.peers.broker import Broker
from tests.peers.visitor import EMPTY, STANDS, visitor

VISITS = 8
NAME = CameraId("entrance")


async def main() -> None:
    """Prints the latencies of some visits."""
    looks = AppearanceSettings()
    least = (looks.min_looks - 1) * looks.look_every
    with tempfile.TemporaryDirectory() as folder:
        broker = Broker(Path(folder))
        try:
            seconds = [each async for each in _visits(Path(folder), broker)]
        finally:
            broker.stop()
    median, worst = statistics.median(seconds), max(seconds)
    print(f"{'':34} {'seconds':>8} {'x minimum':>10}")
    for name, value in (("minimum: looks that must agree", least), ("median", median), ("worst", worst)):
        print(f"{name:34} {value:8.2f} {value / least:10.1f}")
    print(f"{VISITS} visits")


async def _visits(folder: Path, broker: Broker) -> AsyncIterator[float]:
    source = {"kind": "file", "path": str(visitor(".mp4").file())}
    camera = {"source": source, "rules": {"mask": {"kind": "mask", "mode": "alert"}}}
    settings = settings_for(folder, broker, {NAME: camera})
    async with listening(broker) as ear, running(settings) as agent:
        reader = agent.cameras[NAME].main.ring.reader(lag=3600)
        begun = (await reader.get()).pts
        for visit in range(VISITS):
            due = EMPTY + visit * (EMPTY + STANDS)
            while (packet := await reader.get()).pts - begun < due * CLOCK_RATE:
                pass
            await ear.next(f"camera/{NAME}/event/mask.verdict", verdict="no_mask")
            yield asyncio.get_running_loop().time() - packet.arrived


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # or its peers would outlive it
    asyncio.run(main())
