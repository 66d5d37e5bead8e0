"""Trigger to first packet, and how well the camera heard it, against the GStreamer ONVIF camera on the loopback.

Needs GStreamer and espeak-ng. The promise to an operator is 300 ms from the request to the first packet of a
message that was rendered before; the camera asks for a password, so this holds a connection and four round trips.
"""

import asyncio
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from edge_agent.aio.clock import SystemClock
from edge_agent.talkdown.announcer import Announcer
from edge_agent.talkdown.cache import SoundCache
from edge_agent.talkdown.manners import Manners
from edge_agent.talkdown.messages import MessageSettings
from edge_agent.talkdown.request import Playing, Request
from edge_agent.talkdown.settings import TalkdownSettings
from edge_agent.talkdown.sound import resampled
from edge_agent.talkdown.speakers.backchannel import BackchannelSettings
from edge_agent.talkdown.voice import Voice
from edge_agent.values.event import Outcome, TalkdownReceipt
from edge_agent.values.ids import CameraId
from tests.peers.clips import Clip
from tests.peers.rtsp_camera import Camera
from tests.talkdown.conftest import likeness

RUNS = 20
STOP = MessageSettings(texts={"fr": "Stop."})


async def measure(transport: str, folder: Path) -> None:
    """Says a short message many times and a long one once, and prints what came of it."""
    camera = Camera(folder, Clip(), "--user", "admin", "--password", "secret")
    settings = TalkdownSettings(messages={"stop": STOP}, per_hour=1000)
    voice = Voice(settings, SoundCache(folder / "voice"))
    await voice.prepare()
    loop = asyncio.get_running_loop()
    begun = 0.0
    waits: list[float] = []
    receipts: asyncio.Queue[TalkdownReceipt] = asyncio.Queue()

    def changed(playing: Playing | None) -> None:
        if playing is not None:
            waits.append(loop.time() - begun)

    speaker = BackchannelSettings.model_validate(
        {"url": camera.url, "username": "admin", "password": "secret", "transport": transport}
    ).build()
    announcer = Announcer(
        CameraId("gate"),
        speaker,
        voice,
        Manners(settings, SystemClock()),
        SystemClock(),
        told=receipts.put,
        changed=changed,
    )
    running = asyncio.create_task(announcer.run())
    try:
        for _ in range(RUNS):
            begun = loop.time()
            await announcer.say(Request("bench", message="stop", languages=("fr",)))
            await _played(receipts)
        before = len(camera.heard())
        request = Request("bench", message="mask", languages=("fr", "en"))
        await announcer.say(request)
        await _played(receipts)
        source = resampled(await voice.speech(voice.script(request)), 8000).samples
        correlation, level = likeness(camera.heard()[before:], source)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        camera.kill()
    p50, p95 = statistics.median(waits[:RUNS]), float(np.percentile(waits[:RUNS], 95))
    print(f"{transport}: first packet p50 {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms of {RUNS}; ", end="")
    print(f"heard {len(source) / 8000:.1f} s with correlation {correlation:.4f}, level {level:+.2f} dB")


async def _played(receipts: asyncio.Queue[TalkdownReceipt]) -> None:
    receipt = await receipts.get()
    if receipt.outcome is not Outcome.PLAYED:
        raise SystemExit(f"not played: {receipt.reason}: {receipt.remedy}")


async def main() -> None:
    """Measures both transports."""
    for transport in ("tcp", "udp"):
        with tempfile.TemporaryDirectory() as folder:
            await measure(transport, Path(folder))


if __name__ == "__main__":
    asyncio.run(main())
