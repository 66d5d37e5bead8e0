import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web
from playwright.async_api import BrowserContext, Page

from edge_agent.values.packet import Packet
from tests.live.sitting import STREET, Live, live
from tests.live.viewer import FakeCamera, encode, playing

SCREENSHOTS = Path(__file__).resolve().parents[2] / ".cache" / "screenshots"

PLAY = """async () => {
  const connection = new RTCPeerConnection();
  connection.addTransceiver("video", { direction: "recvonly" });
  const video = document.querySelector("video");
  connection.addEventListener("track", ({ track }) => (video.srcObject = new MediaStream([track])));
  await connection.setLocalDescription();
  const begun = performance.now();
  const response = await fetch("/offer", { method: "POST", body: connection.localDescription.sdp });
  await connection.setRemoteDescription({ type: "answer", sdp: await response.text() });
  await new Promise((seen) => video.requestVideoFrameCallback(seen));
  window.connection = connection;
  return performance.now() - begun;
}"""

COUNT = """async () => {
  for (const report of (await window.connection.getStats()).values())
    if (report.type === "inbound-rtp") return [report.framesDecoded, report.frameWidth, report.freezeCount];
}"""


@asynccontextmanager
async def page_of(browser: BrowserContext, it: Live, camera: FakeCamera) -> AsyncIterator[Page]:
    """Opens a page whose one video shows a camera."""

    async def show(_: web.Request) -> web.Response:
        return web.Response(text="<!doctype html><video autoplay muted playsinline></video>", content_type="text/html")

    async def answer(request: web.Request) -> web.Response:
        session = await it.sessions.open(STREET, await request.text(), camera, "page")
        return web.Response(text=session.answer_sdp)

    app = web.Application()
    app.add_routes([web.get("/", show), web.post("/offer", answer)])
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        page = await browser.new_page()
        await page.goto(f"http://127.0.0.1:{runner.addresses[0][1]}/")
        yield page
        await page.close()
    finally:
        await runner.cleanup()


async def grows(count: Callable[[], Awaitable[list[int]]], by: int) -> list[int]:
    """Waits until so many more frames were decoded."""
    first = await count()
    async with asyncio.timeout(20):
        while (now := await count())[0] < first[0] + by:  # noqa: ASYNC110 - a browser announces nothing
            await asyncio.sleep(0.1)
    return now


async def test_chromium_decodes_high_profile_from_a_key_frame_six_seconds_ago(browser: BrowserContext) -> None:
    camera = FakeCamera(encode(size=(1280, 720), frames=150, gop=150))
    camera.fill(140)
    async with live() as it, playing(camera), page_of(browser, it, camera) as page:
        milliseconds = await page.evaluate(PLAY)
        decoded = await grows(lambda: page.evaluate(COUNT), 50)
        assert decoded[1] == 1280
        assert milliseconds < 3000  # a server that waits for a key frame needs up to 6 s more
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=SCREENSHOTS / "live-passthrough.png")
        (SCREENSHOTS / "live-passthrough.json").write_text(json.dumps({"first_frame_ms": milliseconds}))


async def test_chromium_decodes_a_masked_camera(browser: BrowserContext) -> None:
    packets: list[Packet] = encode(size=(640, 360), gop=25)
    camera = FakeCamera(packets, needs_transcoding=True)
    camera.fill(20)
    async with live() as it, playing(camera), page_of(browser, it, camera) as page:
        await page.evaluate(PLAY)
        await grows(lambda: page.evaluate(COUNT), 25)
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=SCREENSHOTS / "live-masked.png")
