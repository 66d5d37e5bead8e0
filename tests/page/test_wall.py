"""The wall in a real browser: places, carrying, layouts, and which stream a picture is."""

from collections.abc import Callable

import pytest
from playwright.async_api import Locator, Page, expect

from tests.page.driving import LIVE, Fake, shoot, until

pytestmark = pytest.mark.timeout(120)


async def carry(page: Page, what: Locator, where: Locator) -> None:
    """Takes something up with the mouse, carries it in steps and lets go of it."""
    for place, then in ((what, page.mouse.down), (where, page.mouse.up)):
        box = await place.bounding_box()
        assert box
        await page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=8)
        await then()


async def shown(page: Page) -> list[str]:
    """Returns what hangs on the wall, place by place."""
    found = await page.evaluate("[...wall.children].map(({ dataset }) => dataset.camera ?? '')")
    return [str(camera) for camera in found]


async def test_nine_pictures_play_at_once(fake: Callable[..., Fake], page: Page) -> None:
    await page.goto(fake("--cameras", "9", "--well").address)
    await expect(page.locator(LIVE)).to_have_count(9)
    before = await page.evaluate("window.times = [...document.querySelectorAll('video')].map((v) => v.currentTime)")
    assert len(before) == 9
    await until(page, "[...document.querySelectorAll('video')].every((v, i) => v.currentTime > times[i])")


async def test_cameras_are_carried_about_and_a_layout_survives(fake: Callable[..., Fake], page: Page) -> None:
    site = fake("--cameras", "6", "--well")
    await page.goto(site.address)
    await expect(page.locator(LIVE)).to_have_count(6)
    await carry(page, page.locator(".tile[data-camera=cam1] .stage"), page.locator(".tile[data-camera=cam3]"))
    assert (await shown(page))[:3] == ["cam3", "cam2", "cam1"]
    await until(page, "document.querySelector('[data-camera=cam1] video').paused === false")
    await page.get_by_role("button", name="4 places").click()
    await expect(page.locator(".tile")).to_have_count(4)
    await carry(page, page.locator("#cameras [data-camera=cam6]"), page.locator(".tile[data-camera=cam2]"))
    await expect(page.locator(".tile[data-camera=cam6]")).to_have_attribute("data-state", "live")
    wanted = ["cam3", "cam6", "cam1", "cam4"]
    assert await shown(page) == wanted
    await page.get_by_role("button", name="Save this layout").click()
    await page.get_by_label("Name of the layout").fill("Marché du samedi")
    await page.keyboard.press("Enter")
    await expect(page.locator("#wall-bar select")).to_have_value("Marché du samedi")
    await shoot(page, "layout")

    await page.reload()
    await expect(page.locator("#wall-bar select")).to_have_value("Marché du samedi")
    assert await shown(page) == wanted
    await page.locator("#wall-bar select").select_option("")
    await expect(page.locator(".tile")).to_have_count(6)
    # Another screen has the layout too.
    await page.evaluate("localStorage.removeItem('edge-agent.wall')")
    await page.reload()
    await page.locator("#wall-bar select").select_option("Marché du samedi")
    await until(page, "wall.children.length === 4")
    assert await shown(page) == wanted

    await page.get_by_role("button", name="Delete this layout").click()
    await page.get_by_role("button", name="Delete", exact=True).click()
    await expect(page.locator(".tile")).to_have_count(6)
    assert (await site.ask("fake/said"))["layouts"] == {"layouts": []}


async def test_the_keyboard_arranges_the_wall_too(fake: Callable[..., Fake], page: Page) -> None:
    await page.goto(fake("--cameras", "5", "--well").address)
    await expect(page.locator(".tile")).to_have_count(5)
    await page.locator(".tile[data-camera=cam2] .caption").focus()
    await page.keyboard.press("Shift+ArrowRight")
    assert (await shown(page))[:3] == ["cam1", "cam3", "cam2"]
    await page.locator(".tile[data-camera=cam1]").hover()
    await page.locator(".tile[data-camera=cam1]").get_by_role("button", name="Take off the wall").click()
    await expect(page.locator(".tile")).to_have_count(4)
    await page.locator("body").press("/")
    await page.keyboard.type("mat 1")  # of "Mât 1": nobody types accents
    await expect(page.locator("#cameras [role=treeitem]")).to_have_count(1)
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Shift+Enter")
    assert (await shown(page))[0] == "cam1"


async def test_a_finger_carries_after_a_hold_and_two_fingers_zoom(fake: Callable[..., Fake], page: Page) -> None:
    await page.goto(fake("--cameras", "3", "--well").address)
    await expect(page.locator(LIVE)).to_have_count(3)
    session = await page.context.new_cdp_session(page)

    async def touch(kind: str, *points: tuple[float, float]) -> None:
        fingers = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
        await session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})

    async def middle(selector: str) -> tuple[float, float]:
        box = await page.locator(selector).bounding_box()
        assert box
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    await touch("touchStart", await middle(".tile[data-camera=cam1] .stage"))
    await expect(page.locator(".ghost")).to_have_text("Rue de la République")
    await touch("touchMove", await middle(".tile[data-camera=cam2]"))
    await expect(page.locator(".tile.over")).to_have_attribute("data-camera", "cam2")
    await touch("touchEnd")
    await expect(page.locator(".ghost")).to_have_count(0)
    assert (await shown(page))[:2] == ["cam2", "cam1"]

    await page.locator(".tile[data-camera=cam3] .stage").click()
    x, y = await middle(".main .stage")
    await touch("touchStart", (x - 40, y), (x + 40, y))
    await touch("touchMove", (x - 120, y), (x + 120, y))
    await touch("touchEnd")
    await expect(page.locator(".main .stage")).to_have_class("stage zoomed")
    assert await page.evaluate(
        "new DOMMatrix(document.querySelector('.main video').style.transform).a"
    ) == pytest.approx(3, abs=0.1)
    await expect(page.locator(".tile.main")).to_have_count(1)


async def test_a_large_picture_is_the_main_stream_in_the_same_session(fake: Callable[..., Fake], page: Page) -> None:
    site = fake("--cameras", "3", "--well")
    await page.goto(site.address)
    await expect(page.locator(LIVE)).to_have_count(3)
    tile = page.locator(".tile[data-camera=cam2]")
    await expect(tile.locator(".stream")).to_have_text("Sub")
    await tile.locator(".stage").click()
    await until(page, "document.querySelector('.main video').videoWidth === 640")
    await expect(tile.locator(".stream")).to_have_text("Main")
    await expect(tile.locator(".reception .facts")).to_contain_text("640\u00d7360")
    await page.keyboard.press("Escape")
    await until(page, "document.querySelector('[data-camera=cam2] video').videoWidth === 320")
    await tile.hover()
    await tile.get_by_label("Quality of this picture").select_option("main")
    await until(page, "document.querySelector('[data-camera=cam2] video').videoWidth === 640")
    told = await site.ask("fake/said")
    assert told["asked"]["cam2"] == ["sub", "auto", "sub", "main"]
    assert told["closed"] == []


async def test_four_hundred_cameras_open_only_what_is_seen(fake: Callable[..., Fake], page: Page) -> None:
    site = fake("--cameras", "400", "--agents", "8", "--well")
    await page.goto(site.address)
    await expect(page.locator(LIVE)).to_have_count(9)
    assert (await site.ask("fake/said"))["viewers"] == 9
    assert await page.locator("#cameras [role=treeitem]").count() < 60, "only the rows in sight exist"
    took = await page.evaluate("""async () => {
        const search = document.getElementById("search");
        const before = performance.now();
        for (const typed of ["p", "pl", "pla", "plac", "place", "place ", "place h", "place ha"]) {
            search.value = typed;
            search.dispatchEvent(new Event("input"));
            void document.querySelector(".tree").offsetHeight;
        }
        return performance.now() - before;
    }""")
    assert took < 1000, "eight keys are not felt"
    await page.locator("#search").fill("mat 400")
    await expect(page.locator("#cameras .count")).to_contain_text("1 of 400 found")
    await page.keyboard.press("Enter")
    await expect(page.locator(".tile.main")).to_have_attribute("aria-label", "École Jules-Ferry 67")
    await expect(page.locator(".tile.main")).to_have_attribute("data-state", "live")
    await page.keyboard.press("Escape")
    await page.locator("#search").blur()
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Next page").click()
    await expect(page.locator(".page")).to_have_text("2 / 45")
    await expect(page.locator(LIVE)).to_have_count(9)
    await site.ask("fake/wait?closed=9")


async def test_pages_turn_by_themselves(fake: Callable[..., Fake], page: Page) -> None:
    await page.clock.install()
    await page.goto(fake("--cameras", "8", "--well").address)
    await page.get_by_role("button", name="4 places").click()
    await expect(page.locator(".page")).to_have_text("1 / 2")
    await page.get_by_role("button", name="Turn the pages by itself").click()
    await page.clock.fast_forward(15_500)
    await expect(page.locator(".page")).to_have_text("2 / 2")
    await page.clock.fast_forward(15_500)
    await expect(page.locator(".page")).to_have_text("1 / 2")
