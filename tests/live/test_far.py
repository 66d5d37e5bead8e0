"""Viewers behind a real link, in a network of their own: thin, broken, or reached by a relay alone."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from playwright.async_api import Page

from edge_agent.live.sessions import Asked
from edge_agent.live.viewer import Session
from edge_agent.values.packet import Codec, Packet, StreamInfo
from edge_agent.values.time import CLOCK_RATE, Monotonic
from edge_agent.values.viewing import StreamName, Wish
from tests.live.test_sessions import STREET, Live, live
from tests.live.viewer import FakeCamera, playing
from tests.peers.browser import CHROMIUM, chromium
from tests.peers.clips import ROOT
from tests.peers.network import Network, may_make_networks, network
from tests.peers.peer import Peer

SCREENSHOTS = ROOT / ".cache" / "screenshots"

OFFER = """async () => {
  window.connection = new RTCPeerConnection();
  connection.addTransceiver("video", { direction: "recvonly" });
  window.video = document.body.appendChild(document.createElement("video"));
  video.muted = video.autoplay = true;
  connection.addEventListener("track", ({ track }) => (video.srcObject = new MediaStream([track])));
  const gathered = new Promise((done) => connection.addEventListener("icegatheringstatechange",
    () => connection.iceGatheringState === "complete" && done()));
  await connection.setLocalDescription();
  await gathered;
  const shown = (_, picture) => { window.shown = picture.width; video.requestVideoFrameCallback(shown); };
  video.requestVideoFrameCallback(shown);
  return connection.localDescription.sdp;
}"""

ACCEPT = """sdp => connection.setRemoteDescription({ type: "answer", sdp })"""

WIDTH = """width => window.shown === width"""

pytestmark = pytest.mark.skipif(not may_make_networks(), reason="needs root and iproute2 to make a network")


def costly(bits: int, *, size: tuple[int, int] = (320, 240), fps: int = 25) -> list[Packet]:
    """Returns a clip of noise that takes so many bits a second, since nothing else fills a real link."""
    noise = np.random.default_rng(1).integers(0, 255, (size[1] * 3 // 2, size[0]), np.uint8)
    codec = av.VideoCodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt, codec.bit_rate = *size, "yuv420p", bits
    codec.time_base, codec.framerate, codec.gop_size, codec.max_b_frames = Fraction(1, fps), Fraction(fps), fps, 0
    rate = {"maxrate": str(bits), "bufsize": str(bits // 4)}
    codec.options = {"preset": "ultrafast", "tune": "zerolatency", "x264-params": "scenecut=0", **rate}
    stream = StreamInfo(Codec.H264, *size, float(fps))
    packets = []
    for number in range(4 * fps):
        picture = av.VideoFrame.from_ndarray(np.roll(noise, 7 * number, axis=1), format="yuv420p")
        picture.pts = number
        for one in codec.encode(picture):
            pts = number * CLOCK_RATE // fps
            packets.append(Packet(bytes(one), pts, one.is_keyframe, Monotonic(number / fps), stream))
    return packets


@pytest.fixture
def far() -> Iterator[Network]:
    with network() as made:
        yield made


class FarViewer:
    """The viewer of ``tests.peers.far_viewer`` in the hands of a test."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer

    async def tells(self, what: str) -> Any:
        """Waits for a line that tells this."""
        while what not in (told := json.loads(await asyncio.to_thread(self.peer.line))):
            continue
        return told[what]


@asynccontextmanager
async def watching(
    it: Live, far: Network, log: Path, camera: FakeCamera, wish: Wish = Wish.AUTO, *turn: str
) -> AsyncIterator[tuple[FarViewer, Session]]:
    """Has somebody watch from another network."""
    with await asyncio.to_thread(far.python, "tests.peers.far_viewer", log, *turn) as peer:
        viewer = FarViewer(peer)
        session = await it.sessions.open(STREET, await viewer.tells("offer"), camera, "anne", Asked(stream=wish))
        await asyncio.to_thread(peer.tell, json.dumps({"answer": session.answer_sdp}))
        yield viewer, session
        await it.sessions.close(session.id)


@asynccontextmanager
async def browsing(it: Live, far: Network, folder: Path, camera: FakeCamera) -> AsyncIterator[Page]:
    """Has a browser in another network play a camera; its page knows how wide the picture is."""
    program = far.program(CHROMIUM, folder)
    async with chromium(folder / "profile", program) as browser:
        page = await browser.new_page()
        session = await it.sessions.open(STREET, await page.evaluate(OFFER), camera, "anne")
        await page.evaluate(ACCEPT, session.answer_sdp)
        yield page
        await it.sessions.close(session.id)


async def width(page: Page, wanted: int) -> None:
    """Waits until the picture is so wide and moves."""
    await page.wait_for_function(WIDTH, arg=wanted, timeout=40_000)


async def moves(it: Live, count: int) -> tuple[StreamName, str]:
    """Waits until a viewer was moved so many times; returns where to, and why."""
    while len(it.moved) <= count:  # noqa: ASYNC110 - the test's own list
        await asyncio.sleep(0.05)
    return it.moved[count][1:]


@pytest.mark.timeout(120)
async def test_a_viewer_whose_link_becomes_thin_sees_the_small_stream_until_it_is_better(
    tmp_path: Path, far: Network
) -> None:
    camera = FakeCamera(costly(3_000_000), sub=FakeCamera(costly(200_000, size=(160, 120))))
    assert camera.sub is not None
    async with live() as it, playing(camera), playing(camera.sub), browsing(it, far, tmp_path, camera) as page:
        await width(page, 320)
        await asyncio.sleep(4)
        assert len(it.moved) == 1
        await asyncio.to_thread(far.carry, 1_000_000)
        thin = time.monotonic()
        stream, reason = await moves(it, 1)
        moved = time.monotonic() - thin
        assert stream is StreamName.SUB
        assert reason.startswith("the link is thin: ")
        await width(page, 160)
        seen = time.monotonic() - thin
        await asyncio.to_thread(far.carry, None)
        good = time.monotonic()
        assert await moves(it, 2) == (StreamName.MAIN, "the link is better")
        await width(page, 320)
        back = time.monotonic() - good
        figures = {"moved": round(moved, 1), "seen": round(seen, 1), "back": round(back, 1)}
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        (SCREENSHOTS / "thin-link.json").write_text(json.dumps(figures))
