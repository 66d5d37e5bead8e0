"""The page in a real browser, on a real console, with a real box behind a real broker."""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, expect

from edge_agent.console.account import Role
from tests.agents import running as running_agent
from tests.console.room import PASSWORD, Town, running
from tests.console.test_console import filmed
from tests.peers.broker import Broker
from tests.peers.clips import ROOT, Clip
from tests.peers.visitor import visitor

SCREENSHOTS = ROOT / ".cache" / "screenshots"
PLAYED = """async () => {
  const shown = () => document.querySelector("video")?.getVideoPlaybackQuality().totalVideoFrames;
  while (!(shown() > 20)) await new Promise(requestAnimationFrame);
}"""
PATIENCE = 20_000


@pytest.fixture(scope="session")
def people() -> Clip:
    """Somebody without a mask comes and goes."""
    return visitor()


@pytest.fixture
def town(tmp_path: Path, broker: Broker) -> Town:
    made = Town(tmp_path, broker)
    made.found()
    made.account("anne", Role.OPERATOR)
    return made


@pytest.mark.timeout(120)
async def test_an_operator_signs_in_sees_hears_of_and_speaks(
    town: Town, people: Clip, tmp_path: Path, browser: BrowserContext
) -> None:
    cameras: dict[str, object] = {
        "entrance": filmed(people, tmp_path / "spoken.wav")
        | {"fps": 5, "name": "Entrée", "rules": {"mask": {"kind": "mask", "mode": "alert"}}},
    }
    async with running_agent(town.box("box-1", cameras)), running(town.console()) as console:
        page = await browser.new_page()
        await page.set_viewport_size({"width": 1440, "height": 900})
        await page.goto(f"http://127.0.0.1:{console.server.port}/")
        await page.fill("#name", "anne")
        await page.fill("#password", "not that one")
        await page.press("#password", "Enter")
        await expect(page.locator("dialog.login [role=alert]")).not_to_be_empty(timeout=PATIENCE)
        await page.fill("#password", PASSWORD)
        await page.press("#password", "Enter")
        await expect(page.locator("#user")).to_contain_text("anne", timeout=PATIENCE)
        await page.evaluate(PLAYED)
        await page.locator("li img").first.wait_for(timeout=60_000)
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=SCREENSHOTS / "console.png")
        with console.feed.listen() as heard:
            await page.locator("#controls textarea").fill("Bonsoir")
            await page.locator("#controls textarea").press("Enter")
            async with asyncio.timeout(20):
                while b"talkdown.receipt" not in (await heard.take() or b""):
                    pass
        await page.close()
