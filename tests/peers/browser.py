"""The system's Chromium without a window, driven by Playwright, with a made-up camera and microphone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import BrowserContext, async_playwright

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    # Without a window nothing answers multicast names, and a test's peers are on the loopback.
    "--disable-features=WebRtcHideLocalIpsWithMdns",
)


@asynccontextmanager
async def chromium(profile: Path, *flags: str, program: Path = CHROMIUM) -> AsyncIterator[BrowserContext]:
    """Opens a browser with an empty profile; ``await context.new_page()`` gives a page.

    Args:
        profile: an empty folder.
        flags: beside ``FLAGS``.
        program: what starts it, such as in another network.
    """
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            str(profile), executable_path=program, headless=True, args=[*FLAGS, *flags], chromium_sandbox=False
        )
        try:
            yield context
        finally:
            await context.close()
