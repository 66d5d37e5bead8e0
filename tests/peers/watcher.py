"""A viewer in Chromium that any server can be given: when it shows its first picture, and how old pictures are."""

import time
from dataclasses import dataclass

from playwright.async_api import BrowserContext, Page

BITS, BLOCK = 9, 40
"""The clock in the picture: blocks along its top edge, light for a bit that is set, the lowest one first; pixels."""

CLOCK = (
    f"[picture];color=black:size={BITS * BLOCK}x{BLOCK}:rate={{fps}},"
    f"format=yuv420p,geq=lum='16+219*mod(floor(N/pow(2,floor(X/{BLOCK}))),2)':cb=128:cr=128[clock];"
    "[picture][clock]overlay"
)
"""Draws a picture's number into it; follows the rest of a filter graph."""

PAGE = """<!doctype html><video autoplay muted playsinline></video><script>
const video = document.querySelector("video");
let connection, first;

const now = () => performance.timeOrigin + performance.now();

async function join(offer) {
  connection = new RTCPeerConnection();
  connection.addEventListener("track", ({ track }) => (video.srcObject = new MediaStream([track])));
  if (offer) await connection.setRemoteDescription({ type: "offer", sdp: offer });
  else connection.addTransceiver("video", { direction: "recvonly" });
  await connection.setLocalDescription();
  while (offer && connection.iceGatheringState !== "complete")
    await new Promise((done) => connection.addEventListener("icegatheringstatechange", done, { once: true }));
  first = new Promise((seen) => video.requestVideoFrameCallback(seen)).then(now);
  return connection.localDescription.sdp;
}

const accept = (sdp) => connection.setRemoteDescription({ type: "answer", sdp });

function leave() {
  connection.close();
  video.srcObject = null;
}

async function read(count, bits, block) {
  const seen = [];
  const canvas = new OffscreenCanvas(bits, 1);
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  while (seen.length < count) {
    await new Promise((shown) => video.requestVideoFrameCallback(shown));
    const at = now();
    for (let bit = 0; bit < bits; bit++)
      pen.drawImage(video, bit * block + block / 4, block / 4, block / 2, block / 2, bit, 0, 1, 1);
    const pixels = pen.getImageData(0, 0, bits, 1).data;
    let number = 0;
    for (let bit = 0; bit < bits; bit++) if (pixels[4 * bit] > 128) number |= 1 << bit;
    seen.push([number, at / 1000]);
  }
  return seen;
}
</script>"""


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture on the screen.

    Attributes:
        number: read from the picture.
        at: when it was shown, in wall-clock seconds.
    """

    number: int
    at: float


class Watcher:
    """One viewer at a time; ``join`` makes the next."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.begun = 0.0

    @classmethod
    async def open(cls, browser: BrowserContext) -> "Watcher":
        """Opens its page."""
        page = await browser.new_page()
        await page.set_content(PAGE)
        return cls(page)

    async def join(self, offer: str | None = None) -> str:
        """Returns a new viewer's offer, or its answer to a server's."""
        self.begun = time.time()
        return str(await self._page.evaluate("(offer) => join(offer)", offer))

    async def accept(self, answer: str) -> None:
        """Takes a server's answer."""
        await self._page.evaluate("(sdp) => accept(sdp)", answer)

    async def first(self) -> float:
        """Waits for the first picture; returns when it was shown, in wall-clock seconds."""
        return float(await self._page.evaluate("() => first")) / 1000

    async def read(self, count: int) -> list[Shown]:
        """Reads the clock in the next pictures that are shown."""
        seen = await self._page.evaluate("([count, bits, block]) => read(count, bits, block)", [count, BITS, BLOCK])
        return [Shown(int(number), float(at)) for number, at in seen]

    async def leave(self) -> None:
        """Closes the viewer."""
        await self._page.evaluate("() => leave()")
