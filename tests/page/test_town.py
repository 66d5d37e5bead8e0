"""The page with nothing faked: real boxes, a real broker, the real control room between them and a real browser."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from edge_agent.agent import Agent
from edge_agent.console.account import Role
from edge_agent.console.console import Console
from tests.agents import running as running_agent
from tests.console.room import PASSWORD, Town, running
from tests.page.driving import LIVE, shoot, until
from tests.peers.broker import Broker
from tests.peers.clips import Clip

pytestmark = pytest.mark.timeout(180)


class Boxes:
    """Boxes of a town, each with one filmed street, that can be switched off and on."""

    def __init__(self, town: Town, clip: Clip) -> None:
        self._town, self._clip = town, clip
        self._running: dict[str, AsyncExitStack] = {}

    async def start(self, name: str) -> Agent:
        """Starts a box, or starts it again."""
        speaker = {"kind": "file", "path": str(self._town.folder / f"{name}.wav"), "paced": False}
        source = {"kind": "file", "path": str(self._clip.file())}
        camera = {"name": f"Street of {name}", "source": source, "speaker": speaker, "fps": 1}
        stack = self._running[name] = AsyncExitStack()
        return await stack.enter_async_context(running_agent(self._town.box(name, {"street": camera})))

    async def stop(self, name: str) -> None:
        """Stops a box."""
        await self._running.pop(name).aclose()

    async def stop_all(self) -> None:
        """Stops what runs."""
        for name in list(self._running):
            await self.stop(name)


@pytest.fixture
def town(tmp_path: Path, broker: Broker) -> Town:
    made = Town(tmp_path, broker)
    made.found()
    made.account("anne", Role.OPERATOR)
    return made


@pytest.fixture
async def room(town: Town) -> AsyncIterator[Console]:
    async with running(town.console()) as console:
        yield console


@pytest.fixture
async def boxes(town: Town, clip: Clip) -> AsyncIterator[Boxes]:
    made = Boxes(town, clip)
    yield made
    await made.stop_all()


async def sign_in(page: Page, room: Console) -> None:
    await page.goto(f"http://127.0.0.1:{room.server.port}/")
    await page.get_by_label("Name").fill("anne")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")


async def test_an_operator_watches_and_speaks_through_boxes_that_come_and_go(
    room: Console, boxes: Boxes, page: Page
) -> None:
    agent = await boxes.start("box-1")
    await boxes.start("box-2")
    await sign_in(page, room)
    await expect(page.locator(LIVE)).to_have_count(2)
    await expect(page.locator("#cameras .agent")).to_have_count(2)
    assert agent.live.viewers("street") == 1  # type: ignore[arg-type] # it is a name

    await page.locator(".message").first.click()
    await expect(page.locator(".talk .result")).to_contain_text("Played")
    await expect(page.locator(".events li").first).to_contain_text("Message played")
    await page.get_by_role("button", name="All", exact=True).click()
    await expect(page.locator(".events")).to_contain_text("anne")

    voice = page.locator(".voice")
    await voice.hover()
    await page.mouse.down()
    await expect(voice).to_have_text("You are on air")
    await expect(page.locator(".tile[data-camera='box-1:street'] .speech")).to_have_text("On air")
    await shoot(page, "town-air")
    await page.mouse.up()
    await expect(page.locator(".events")).to_contain_text("Live voice")
    await expect(page.locator(".tile[data-camera='box-1:street'] .speech")).to_be_hidden()

    await boxes.stop("box-2")
    second = page.locator(".tile[data-camera='box-2:street']")
    await expect(second.locator(".notice")).to_contain_text("the box is offline")
    await shoot(page, "town")
    await boxes.start("box-2")
    await expect(second).to_have_attribute("data-state", "live", timeout=60_000)
    await until(page, "document.querySelector(\"[data-camera='box-2:street'] video\").currentTime > 1")


async def test_a_wall_is_kept_in_the_control_room(room: Console, boxes: Boxes, page: Page) -> None:
    await boxes.start("box-1")
    await boxes.start("box-2")
    await sign_in(page, room)
    await expect(page.locator(LIVE)).to_have_count(2)
    await page.get_by_role("button", name="1 place").click()
    await page.locator("#cameras [data-camera='box-2:street']").click()
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Save this layout").click()
    await page.get_by_label("Name of the layout").fill("Night")
    await page.keyboard.press("Enter")
    await expect(page.locator("#wall-bar select")).to_have_value("Night")
    await page.evaluate("localStorage.removeItem('edge-agent.wall')")
    await page.reload()
    await page.locator("#wall-bar select").select_option("Night")
    await expect(page.locator(".tile")).to_have_count(1)
    await expect(page.locator(LIVE)).to_have_count(1)
