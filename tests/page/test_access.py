"""The page against axe: names, roles, contrast, what a keyboard and a screen reader need."""

from collections.abc import Callable
from importlib import resources
from typing import Any, Literal

import pytest
from playwright.async_api import Page, expect

from tests.page.driving import LIVE, Fake

pytestmark = pytest.mark.timeout(120)

AXE = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text()
GRAVE = {"serious", "critical"}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


async def faults(page: Page) -> list[str]:
    """Returns what axe finds, a line each: rule, place, what to do."""
    await page.evaluate(AXE + "; null")
    found: dict[str, Any] = await page.evaluate(f"axe.run({{ runOnly: {RULES} }})")
    assert len(found["passes"]) > 10, "axe looked"
    return [
        f"{broken['impact']} {broken['id']}: {node['target']} {node['failureSummary']}"
        for broken in found["violations"]
        for node in broken["nodes"]
        if broken["impact"] in GRAVE
    ]


@pytest.mark.parametrize("scheme", ["dark", "light"])
async def test_wall_and_lists(fake: Callable[..., Fake], page: Page, scheme: Literal["dark", "light"]) -> None:
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    await page.goto(fake("--cameras", "4", "--history").address)
    await expect(page.locator(LIVE)).to_have_count(3)
    assert await faults(page) == []
    await page.get_by_role("tab", name="Move").click()
    await page.locator(".tile .stage").first.click()
    assert await faults(page) == []


async def test_the_control_room(fake: Callable[..., Fake], page: Page) -> None:
    await page.emulate_media(reduced_motion="reduce")
    await page.goto(fake("--cameras", "30", "--agents", "2", "--history", "--well").address)
    await expect(page.locator(LIVE)).to_have_count(9)
    await page.get_by_role("button", name="16 places").click()
    await page.locator(".tile .stage").first.hover()
    assert await faults(page) == []


async def test_windows_and_an_empty_site(fake: Callable[..., Fake], page: Page) -> None:
    await page.emulate_media(reduced_motion="reduce")
    await page.goto(fake("--cameras", "2", "--history", "--agents", "1", "--token", "t").address)
    await expect(page.locator(".login")).to_be_visible()
    assert await faults(page) == []
    await page.get_by_label("Name").fill("marie")
    await page.get_by_label("Password").fill("t")
    await page.keyboard.press("Enter")
    await page.locator(".events button").first.click()
    await expect(page.locator(".event-dialog")).to_be_visible()
    assert await faults(page) == []
    await page.keyboard.press("Escape")
    await page.locator("#help").click()
    await expect(page.locator("dialog.keys")).to_be_visible()
    assert await faults(page) == []
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Save this layout").click()
    await expect(page.locator("dialog.act")).to_be_visible()
    assert await faults(page) == []


async def test_a_site_without_cameras(fake: Callable[..., Fake], page: Page) -> None:
    await page.emulate_media(reduced_motion="reduce")
    await page.goto(fake("--cameras", "0").address)
    await expect(page.locator("#wall .empty")).to_be_visible()
    assert await faults(page) == []


async def test_a_finger_hits_what_it_aims_at(fake: Callable[..., Fake], page: Page) -> None:
    session = await page.context.new_cdp_session(page)
    metrics = {"width": 1024, "height": 768, "deviceScaleFactor": 1, "mobile": True}
    await session.send("Emulation.setDeviceMetricsOverride", metrics)
    await session.send("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 5})
    await page.goto(fake("--cameras", "4", "--agents", "2", "--history").address)
    await expect(page.locator(LIVE)).to_have_count(3)
    assert await page.evaluate("matchMedia('(pointer: coarse)').matches")
    await page.get_by_role("tab", name="Move").click()
    small = await page.evaluate("""() => [...document.querySelectorAll("button, select, summary, input[type=search]")]
        .filter((each) => each.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
        .map((each) => [each.className || each.id, each.getBoundingClientRect()])
        .filter(([, { width, height }]) => width && Math.min(width, height) < 40)
        .map(([name, { width, height }]) => `${name} ${width} x ${height}`)""")
    assert small == [], "a fingertip covers 40 pixels"
    assert await page.locator(".tile .actions:visible").count() == 1, "those of the picture that was chosen"
