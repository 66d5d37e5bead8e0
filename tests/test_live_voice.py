"""Live voice all the way: a microphone in Chromium, by WebRTC, through the queue, to a real camera's loudspeaker."""

import asyncio
import wave
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from aiohttp import web
from aiortc.rtp import RtpPacket
from numpy.typing import NDArray

from edge_agent.aio.clock import SystemClock
from edge_agent.live.microphone import Microphone
from edge_agent.live.red import unpacked
from edge_agent.live.settings import LiveSettings
from edge_agent.live.voice import Voices
from edge_agent.talkdown.announcer import Announcer
from edge_agent.talkdown.cache import SoundCache
from edge_agent.talkdown.manners import Manners
from edge_agent.talkdown.performer import Performer
from edge_agent.talkdown.settings import TalkdownSettings
from edge_agent.talkdown.sound import resampled
from edge_agent.talkdown.speakers.backchannel import BackchannelSettings
from edge_agent.talkdown.voice import Voice
from edge_agent.values.event import Outcome, TalkdownReceipt
from edge_agent.values.ids import CameraId
from edge_agent.values.speech import Speech
from tests.peers.browser import CHROMIUM, chromium
from tests.peers.rtsp_camera import Camera
from tests.talkdown.conftest import chirp, gaps, pieces

GATE = CameraId("gate")
Cameras = Callable[..., Camera]
TALK = """async () => {
  const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  const stream = await navigator.mediaDevices.getUserMedia({ audio: plain });
  const connection = new RTCPeerConnection();
  connection.addTransceiver(stream.getAudioTracks()[0], { direction: "sendonly" });
  await connection.setLocalDescription();
  const response = await fetch("/talk", { method: "POST", body: connection.localDescription.sdp });
  await connection.setRemoteDescription({ type: "answer", sdp: await response.text() });
  window.connection = connection;
}"""


class Site:
    """A loudspeaker that can be talked through, and a page to do it from."""

    def __init__(self, announcer: Announcer, voices: Voices, receipts: "asyncio.Queue[TalkdownReceipt]") -> None:
        self.voices = voices
        self.receipts = receipts
        self.talk = ""
        self.url = ""
        self._speak = partial(announcer.talk, "anna")

    async def show(self, _: web.Request) -> web.Response:
        return web.Response(text="<!doctype html>", content_type="text/html")

    async def open(self, request: web.Request) -> web.Response:
        self.talk, answer = await self.voices.open(GATE, await request.text(), "anna", self._speak)
        return web.Response(text=answer)


@asynccontextmanager
async def site(camera: Camera, folder: Path, transport: str) -> AsyncIterator[Site]:
    settings = TalkdownSettings()
    receipts: asyncio.Queue[TalkdownReceipt] = asyncio.Queue()
    speaker = BackchannelSettings.model_validate({"url": camera.url, "transport": transport}).build()
    clock = SystemClock()
    voice = Voice(settings, SoundCache(folder))
    performer = Performer(speaker, voice, Manners(settings, clock), clock, changed=lambda _: None)
    announcer = Announcer(GATE, performer, told=receipts.put)
    voices = Voices(LiveSettings(), clock, closed=lambda _: None)
    made = Site(announcer, voices, receipts)
    app = web.Application()
    app.add_routes([web.get("/", made.show), web.post("/talk", made.open)])
    runner = web.AppRunner(app)
    running = [asyncio.create_task(announcer.run()), asyncio.create_task(voices.run())]
    try:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        yield made
    finally:
        await runner.cleanup()
        for task in running:
            task.cancel()
        await asyncio.wait(running)


def microphone(path: Path, samples: NDArray[np.int16]) -> None:
    """Writes a file that Chromium takes for a microphone."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 48_000, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())


@pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Chromium: apt-get install chromium")
@pytest.mark.parametrize(("transport", "lost"), [("tcp", 0), ("udp", 25)])
async def test_a_microphone_in_chromium_is_heard_by_the_camera(
    camera: Cameras, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, transport: str, lost: int
) -> None:
    came, passed = list[bytes](), Microphone._take

    def lose(way: Microphone, packet: RtpPacket) -> None:
        came.append(packet.payload)
        if not lost or len(came) % lost:
            passed(way, packet)

    monkeypatch.setattr(Microphone, "_take", lose)
    said = chirp(3.0, 48_000).samples
    await asyncio.to_thread(microphone, tmp_path / "microphone.wav", said)
    there = camera()
    fake = f"--use-file-for-fake-audio-capture={tmp_path / 'microphone.wav'}"
    async with site(there, tmp_path / "voice", transport) as it, chromium(tmp_path / "chromium", fake) as browser:
        page = await browser.new_page()
        await page.goto(it.url)
        await page.evaluate(TALK)
        await asyncio.sleep(7.5)  # the file goes round: one whole turn is in this
        await it.voices.close(it.talk)
        await page.close()
        receipt = await it.receipts.get()
    assert (receipt.outcome, receipt.live, receipt.actor) == (Outcome.PLAYED, True, "anna")
    assert all(unpacked(later)[1] == unpacked(earlier)[0] for earlier, later in pairwise(came[1:]))
    heard, source = there.heard(), resampled(Speech(said, 48_000), 8000).samples
    # One of each may have met a moment in which this machine stood still.
    found = sorted(pieces(heard, source[800:-800]))[1:]
    assert min(piece.correlation for piece in found) >= 0.95
    assert max(abs(piece.level) for piece in found) <= 1.0
    assert gaps(heard[-8000 * 6 :])[1] <= 0.04
