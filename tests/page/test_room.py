"""The page as the control room serves it: many boxes, accounts, roles."""

from collections.abc import Callable

import pytest
from playwright.async_api import Page, expect

from tests.page.driving import LIVE, TOKEN, Fake, shoot

pytestmark = pytest.mark.timeout(120)


async def test_an_account_signs_in_and_out(fake: Callable[..., Fake], page: Page) -> None:
    await page.goto(fake("--cameras", "4", "--agents", "2", "--token", TOKEN).address)
    await expect(page.locator("main")).to_be_hidden()
    await page.get_by_label("Name").fill("marie")
    await page.get_by_label("Password").fill("wrong")
    await page.keyboard.press("Enter")
    await expect(page.locator(".login .error")).to_have_text("That name and password do not fit.")
    await shoot(page, "account")
    await page.get_by_label("Password").fill(TOKEN)
    await page.keyboard.press("Enter")
    await expect(page.locator("#user")).to_contain_text("marie")
    await expect(page.locator("#user .role")).to_have_text("operator")
    await expect(page.locator("#agent")).to_have_text("Control room")
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_label("Password")).to_be_visible()


async def test_two_boxes_stand_in_one_tree_and_on_one_wall(fake: Callable[..., Fake], page: Page) -> None:
    site = fake("--cameras", "8", "--agents", "2", "--well", "--history")
    await page.goto(site.address)
    await expect(page.locator(LIVE)).to_have_count(8)
    heads = page.locator("#cameras .agent")
    await expect(heads).to_have_count(2)
    await expect(heads.first).to_contain_text("Boîtier Centre-ville")
    await expect(heads.first).to_contain_text("4 / 4")
    await page.locator(".tree").focus()
    await page.keyboard.press("ArrowLeft")
    await expect(heads.first).to_have_attribute("aria-expanded", "false")
    await expect(page.locator("#cameras .camera")).to_have_count(4)
    await page.keyboard.press("ArrowRight")

    await site.ask("fake/event", type="mask.verdict", camera="box-2:cam6", data={"verdict": "no_mask"})
    row = page.locator(".events li").first
    await expect(row).to_contain_text("Parking des Halles")
    await expect(row).to_contain_text("Boîtier Gare")
    await row.locator("button").click()
    await expect(page.locator(".tile.main")).to_have_attribute("data-camera", "box-2:cam6")
    await expect(page.locator(".event-dialog")).to_contain_text("Boîtier Gare")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="This camera only").click()
    await expect(page.locator(".events li:visible")).to_have_count(1)
    await page.get_by_label("Type of event").select_option("camera.status")
    await expect(page.locator("#ticker .empty")).to_have_text("Nothing of this kind.")

    await site.ask("fake/tell", name="agent", data={"id": "box-2", "state": "offline", "reason": "no word for 60 s"})
    await expect(heads.nth(1)).to_contain_text("The box is offline")
    await expect(page.locator("#health")).to_contain_text("1 of 2 online")
    await shoot(page, "room")


async def test_a_changed_site_is_asked_for_and_keeps_its_pictures(fake: Callable[..., Fake], page: Page) -> None:
    site = fake("--cameras", "2", "--agents", "1", "--well")
    await page.goto(site.address)
    await expect(page.locator(LIVE)).to_have_count(2)
    await site.ask("fake/rename", camera="box-1:cam2", name="Place neuve")
    await site.ask("fake/tell", name="site", data={"x": 1})
    await expect(page.locator(".tile").nth(1)).to_have_attribute("aria-label", "Place neuve")
    assert (await site.ask("fake/said"))["closed"] == []


async def test_who_only_watches_is_told_so(fake: Callable[..., Fake], page: Page) -> None:
    site = fake("--cameras", "2", "--agents", "1", "--well", "--role", "viewer")
    await page.goto(site.address)
    await expect(page.locator(LIVE)).to_have_count(2)
    await expect(page.locator(".talk .refusal")).to_contain_text("Your role only watches.")
    for what in (".voice", ".volume", ".talk form", ".message", ".tab"):
        await expect(page.locator(f"{what}:visible")).to_have_count(0)
    await page.keyboard.press("ArrowLeft")
    await page.keyboard.press("t")
    await page.locator(".tile .stage").first.click()
    assert (await site.ask("fake/said"))["said"] == []
