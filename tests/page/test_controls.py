"""What the page does with one camera: moves it, speaks through it live, sets its volume."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.page.driving import Fake, shoot, until

pytestmark = pytest.mark.timeout(120)


async def moved(site: Fake) -> list[Any]:
    return [each["ptz"] for each in (await site.ask("fake/said"))["said"] if "ptz" in each]


async def count(site: Fake, least: int) -> list[Any]:
    """Waits until cameras got as many words, and returns them."""
    await site.ask(f"fake/wait?moved={least}")
    return await moved(site)


async def test_the_pad_moves_while_it_is_held_and_stops(fake: Callable[..., Fake], page: Page) -> None:
    site = fake("--cameras", "2", "--well")
    await page.goto(site.address)
    await page.get_by_role("tab", name="Move").click()
    await expect(page.locator(".presets button")).to_have_text(["Carrefour", "Arrêt de bus", "3"])
    await shoot(page, "pad")
    await page.get_by_role("button", name="Up left").hover()
    await page.mouse.down()
    words = await count(site, 3)
    assert words[:3] == [{"pan": -0.5, "tilt": 0.5, "zoom": 0}] * 3
    await page.mouse.up()
    assert (await count(site, len(words) + 1))[-1] == {"stop": True}

    await page.locator("body").focus()
    before = len(await moved(site))
    await page.keyboard.down("ArrowRight")
    await page.keyboard.down("ArrowUp")
    assert {"pan": 0.5, "tilt": 0.5, "zoom": 0} in await count(site, before + 2)
    await page.evaluate("dispatchEvent(new Event('blur'))")  # the window loses the keyboard, so no key comes up
    last = await count(site, before + 3)
    assert last[-1] == {"stop": True}
    await page.locator(".presets button").first.click()
    assert (await count(site, len(last) + 1))[-1] == {"preset": "1"}

    await page.keyboard.press("2")
    await expect(page.get_by_role("tab", name="Move")).to_be_hidden()
    before = len(await moved(site))
    await page.keyboard.press("ArrowLeft")
    await page.locator(".message").first.click()
    assert len(await moved(site)) == before, "this camera cannot be moved"


async def test_somebody_speaks_live_while_they_hold_the_button(fake: Callable[..., Fake], page: Page) -> None:
    site = fake("--cameras", "3", "--well")
    await page.goto(site.address)
    button = page.locator(".voice")
    await expect(button).to_have_text("Hold to talk")
    await button.hover()
    await page.mouse.down()
    await expect(button).to_have_text("You are on air")
    await expect(page.locator(".tile[data-camera=cam1] .speech")).to_have_text("On air")
    await until(page, "Number(document.querySelector('.level').style.getPropertyValue('--level')) > 0.1")
    await shoot(page, "on-air")
    await site.ask("fake/wait?loudest=1000")  # Chromium's made-up microphone beeps each second
    await page.mouse.up()
    await expect(button).to_have_text("Hold to talk")
    await expect(page.locator(".tile[data-camera=cam1] .speech")).to_be_hidden()
    assert len((await site.ask("fake/wait?closed=1"))["closed"]) == 1

    await page.locator("body").focus()
    await page.keyboard.down("t")
    await expect(button).to_have_text("You are on air")
    await page.keyboard.up("t")
    await expect(button).to_have_text("Hold to talk")
    await site.ask("fake/wait?closed=2")
    await page.keyboard.press("3")
    await expect(button).to_be_hidden()


async def test_why_nobody_can_speak_is_told(fake: Callable[..., Fake], page: Page) -> None:
    site = fake("--cameras", "1", "--well")
    await page.add_init_script("""
        const media = MediaDevices.prototype;
        const own = media.getUserMedia;
        media.getUserMedia = function (wish) {
            if (window.denied) return Promise.reject(new DOMException("no", "NotAllowedError"));
            return own.call(this, wish);
        };
        window.denied = true;
    """)
    await page.goto(site.address)
    button, error = page.locator(".voice"), page.locator(".live-voice .error")
    await button.hover()
    await page.mouse.down()
    await expect(error).to_contain_text("The browser does not let this page use the microphone.")
    await page.mouse.up()
    await page.evaluate("window.denied = false")
    await site.ask("fake/mute", camera="cam1")
    await page.mouse.down()
    await expect(error).to_have_text("somebody else speaks there. wait until they have ended")
    await page.mouse.up()
    await expect(button).to_have_text("Hold to talk")


async def test_a_loudspeaker_gets_its_volume(fake: Callable[..., Fake], page: Page) -> None:
    site = fake("--cameras", "1", "--well")
    await page.goto(site.address)
    slider = page.get_by_label("Volume of this loudspeaker")
    await expect(slider).to_have_value("-6")
    await slider.focus()
    await page.keyboard.press("ArrowLeft")
    await expect(page.locator(".volume output")).to_have_text("-7 dB")
    await page.locator(".message").first.click()
    said = (await site.ask("fake/said"))["said"]
    assert {"camera": "cam1", "volume": -7} in said
