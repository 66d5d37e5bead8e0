"""Viewers behind a real link, in a network of their own: thin, broken, or reached by a relay alone."""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from playwright.async_api import Page
from pydantic import SecretStr

from edge_agent.live.settings import IceServer
from edge_agent.values.packet import Codec, Packet, StreamInfo
from edge_agent.values.time import CLOCK_RATE, Monotonic
from edge_agent.values.viewing import StreamName
from tests.conftest import _need as need
from tests.live.sitting import STREET, Live, live
from tests.live.viewer import FakeCamera, encode, playing
from tests.peers.browser import CHROMIUM, chromium
from tests.peers.clips import ROOT
from tests.peers.network import Network, may_make_networks, network
from tests.peers.peer import Peer, missing
from tests.peers.turn import SECRET, Turn

OUT = float(os.environ.get("CABLE_OUT", "5"))
"""Seconds; by hand also 20, which is what the design promises."""

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
  window.pictures = 0;
  const shown = (_, picture) => { window.shown = picture.width; pictures++; video.requestVideoFrameCallback(shown); };
  video.requestVideoFrameCallback(shown);
  return connection.localDescription.sdp;
}"""

ACCEPT = """sdp => connection.setRemoteDescription({ type: "answer", sdp })"""

MOVING = """before => window.pictures > before + 25"""

WIDTH = """width => window.shown === width"""


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
    """The viewer's network."""
    need(may_make_networks(), "needs root, the right to make networks, and iproute2")
    with network() as made:
        yield made


@pytest.fixture
def box(far: Network) -> Iterator[Network]:
    """The agent's network, as a router without an open port makes it: there is no way to any other."""
    with network() as made:
        yield made


async def heard(peer: Peer, what: str) -> Any:
    """Waits for a line that tells this."""
    while what not in (told := json.loads(await asyncio.to_thread(peer.line))):
        continue
    return told[what]


@asynccontextmanager
async def browsing(it: Live, far: Network, folder: Path, camera: FakeCamera) -> AsyncIterator[Page]:
    """Has a browser in another network play a camera; its page knows how wide the picture is."""
    program = far.program(CHROMIUM, folder)
    async with chromium(folder / "profile", program=program) as browser:
        page = await browser.new_page()
        session = await it.sessions.open(STREET, await page.evaluate(OFFER), camera, "anne")
        await page.evaluate(ACCEPT, session.answer_sdp)
        yield page
        await it.sessions.close(session.id)


async def width(page: Page, wanted: int) -> None:
    """Waits until the picture is so wide and moves."""
    await page.wait_for_function(WIDTH, arg=wanted, timeout=40_000)


async def moving(page: Page) -> None:
    """Waits until so many more pictures were shown."""
    await page.wait_for_function(MOVING, arg=await page.evaluate("window.pictures"), timeout=40_000)


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


@pytest.mark.timeout(120)
@pytest.mark.parametrize("near", [False, True], ids=["the viewer's", "the box's"])
async def test_a_cable_that_was_out_for_a_while_ends_no_view(tmp_path: Path, far: Network, near: bool) -> None:  # noqa: FBT001
    camera = FakeCamera(encode(gop=25))
    async with live() as it, playing(camera), browsing(it, far, tmp_path, camera) as page:
        await moving(page)
        await asyncio.to_thread(far.pull, near=near)
        await asyncio.sleep(OUT)
        await asyncio.to_thread(far.plug, near=near)
        await moving(page)
        assert not it.closed


@pytest.fixture
def coturn(tmp_path: Path, far: Network, box: Network) -> Iterator[Turn]:
    """A relay that both networks reach."""
    need(not missing("turnserver"), "needs a relay: apt-get install coturn")
    with Turn(tmp_path, [far.near, box.near]) as made:
        yield made


def using(server: IceServer) -> tuple[str, ...]:
    """Returns what a far viewer is told of a relay."""
    account = ("--username", server.username, "--credential", server.credential.get_secret_value())
    return ("--turn", server.urls[0], *account)


@asynccontextmanager
async def relayed(folder: Path, far: Network, box: Network, turn: Turn, viewer: IceServer) -> AsyncIterator[Peer]:
    """Opens a view between two networks that reach the relay alone; gives the viewer."""
    settings = {"ice_servers": [{"urls": [turn.url(box.near)], "secret": SECRET}]}
    agent = await asyncio.to_thread(box.python, "tests.peers.far_agent", folder / "agent", json.dumps(settings))
    person = await asyncio.to_thread(far.python, "tests.peers.far_viewer", folder / "viewer", *using(viewer))
    with agent, person:
        offer = await heard(person, "offer")
        await asyncio.to_thread(agent.tell, json.dumps({"offer": offer}))
        await asyncio.to_thread(person.tell, json.dumps({"answer": await heard(agent, "answer")}))
        yield person


@pytest.mark.timeout(60)
async def test_a_viewer_that_reaches_the_relay_alone_sees_the_picture(
    tmp_path: Path, far: Network, box: Network, coturn: Turn
) -> None:
    server = IceServer(urls=(coturn.url(far.near),), secret=SecretStr(SECRET))
    async with relayed(tmp_path, far, box, coturn, server.issue("anne", datetime.now(UTC))) as viewer:
        assert await heard(viewer, "width") == 320


@pytest.mark.timeout(60)
async def test_credentials_that_are_too_old_open_no_relay(tmp_path: Path, far: Network, coturn: Turn) -> None:
    server = IceServer(urls=(coturn.url(far.near),), secret=SecretStr(SECRET), lifetime=60)
    old = server.issue("anne", datetime.now(UTC) - timedelta(hours=1))
    with await asyncio.to_thread(far.python, "tests.peers.far_viewer", tmp_path / "viewer", *using(old)) as viewer:
        assert " typ relay" not in await heard(viewer, "offer")


@pytest.mark.timeout(60)
async def test_a_relay_that_does_not_answer_holds_no_viewer_up(tmp_path: Path, far: Network, box: Network) -> None:
    nobody = f"{box.near}77"  # in the box's own network, so that it is not refused but silent
    servers = [{"urls": [f"turn:{nobody}:3478?transport=udp"], "secret": SECRET}]
    settings = json.dumps({"ice_servers": servers})
    agent = await asyncio.to_thread(box.python, "tests.peers.far_agent", tmp_path / "agent", settings)
    with agent, await asyncio.to_thread(box.python, "tests.peers.far_viewer", tmp_path / "viewer") as person:
        await asyncio.to_thread(agent.tell, json.dumps({"offer": await heard(person, "offer")}))
        told = json.loads(await asyncio.to_thread(agent.line))
        assert 0.9 < told["seconds"] < 2.5
        await asyncio.to_thread(person.tell, json.dumps({"answer": told["answer"]}))
        assert await heard(person, "width") == 320
