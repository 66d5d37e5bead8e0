"""How the page begins: with a network that changes meanwhile, and on a screen that somebody else used before."""

import json
from collections.abc import Callable

import pytest
from playwright.async_api import Page, Route, expect

from tests.page.driving import LIVE, TOKEN, Fake

pytestmark = pytest.mark.timeout(120)


@pytest.mark.parametrize("part", ["app.js", "tile.js", "wall.css", "icons.svg"])
async def test_a_network_that_changes_while_the_page_loads_leaves_no_dead_page(
    fake: Callable[..., Fake], page: Page, part: str
) -> None:
    lost: list[str] = []

    async def lose(route: Route) -> None:
        if not lost:
            lost.append(route.request.url)
            await route.abort("internetdisconnected")
        else:
            await route.continue_()

    await page.route(f"**/{part}", lose)
    await page.goto(fake("--cameras", "1").address)
    await expect(page.locator("#wall")).to_have_css("display", "grid")
    await expect(page.locator(LIVE)).to_have_count(1)
    await expect(page.locator("#icon-mark")).to_be_attached()
    assert len(lost) == 1


async def remembered(page: Page) -> str:
    return str(await page.evaluate("localStorage['edge-agent.wall'] ?? ''"))


async def test_a_wall_is_its_owners_and_gone_when_they_sign_out(fake: Callable[..., Fake], page: Page) -> None:
    site = fake("--cameras", "4", "--agents", "2", "--well", "--token", TOKEN)
    others = {"owner": "paul", "name": None, "size": 1, "page": 0, "cells": ["box-1:cam2"]}
    await page.add_init_script(f"localStorage['edge-agent.wall'] ??= {json.dumps(json.dumps(others))!r}")
    await page.goto(site.address)
    await page.get_by_label("Name").fill("marie")
    await page.get_by_label("Password").fill(TOKEN)
    await page.keyboard.press("Enter")
    await expect(page.locator(".tile")).to_have_count(4)
    await page.get_by_role("button", name="1 place", exact=True).click()
    assert '"owner":"marie"' in await remembered(page)
    await page.reload()
    await expect(page.locator(".tile")).to_have_count(1)
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_label("Password")).to_be_visible()
    assert '"owner":"marie"' not in await remembered(page)
