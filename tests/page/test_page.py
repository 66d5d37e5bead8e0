"""The page in a real browser against a fake of the agent's HTTP contract."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest
from playwright.async_api import Page, expect

from tests.page.driving import LIVE, TOKEN, Fake, shoot, until

pytestmark = pytest.mark.timeout(120)


async def boxes(page: Page) -> str:
    """Returns what is drawn over the first picture."""
    return str(await page.evaluate("document.querySelector('canvas.boxes').toDataURL()"))


async def test_cameras_play_and_boxes_move(fake: Callable[..., Fake], page: Page) -> None:
    site = fake("--cameras", "2")
    await page.goto(site.address)
    await expect(page.locator(LIVE)).to_have_count(2)
    await expect(page.locator("#agent")).to_have_text("Boîtier Centre-ville")
    await expect(page.locator("#policy summary")).to_have_text("Private site")
    assert await page.evaluate("document.querySelector('video').videoWidth") == 320, "a tile plays the sub-stream"
    await until(
        page, "document.querySelector('canvas.boxes').getContext('2d').getImageData(0, 0, 900, 400).data.some(Boolean)"
    )
    first = await boxes(page)
    await until(page, f"document.querySelector('canvas.boxes').toDataURL() !== {first!r}")
    await expect(page.locator("#health [data-item=broker] b")).to_have_text("connected")
    await shoot(page, "two")


async def test_boxes_vanish_when_nobody_confirms_them(fake: Callable[..., Fake], page: Page) -> None:
    """The overlay alone, fed by hand: a frozen feed must not leave boxes over people who have gone on."""
    await page.goto(fake("--cameras", "0").address)
    await page.evaluate("""async () => {
        const { Overlay } = await import("./static/overlay.js");
        const canvas = document.body.appendChild(document.createElement("canvas"));
        window.overlay = new Overlay(canvas, () => ({ x: 0, y: 0, width: 300, height: 150 }));
        overlay.show({ tracks: [{ id: 1, box: [.2, .2, .6, .9], face: null, verdict: "mask" }] });
        window.drawn = () => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean);
    }""")
    await until(page, "drawn()")
    await until(page, "!drawn()")
    await page.evaluate("""async () => {
        overlay.show({ age: 2, tracks: [{ id: 1, box: [.2, .2, .6, .9], face: null, verdict: "mask" }] });
        for (let i = 0; i < 8; i++) await new Promise(requestAnimationFrame);
    }""")
    assert not await page.evaluate("drawn()"), "what was there two seconds ago"


async def test_who_walks_out_of_the_picture_is_not_drawn_beside_it(fake: Callable[..., Fake], page: Page) -> None:
    await page.goto(fake("--cameras", "0").address)
    drawn = await page.evaluate("""async () => {
        const { Overlay } = await import("./static/overlay.js");
        const canvas = document.body.appendChild(document.createElement("canvas"));
        const overlay = new Overlay(canvas, () => ({ x: 100, y: 0, width: 100, height: 150 }));
        const widths = [];
        for (const box of [[-.6, .2, -.2, .9], [-.2, .2, .6, .9]]) {
            overlay.clear();
            overlay.show({ tracks: [{ id: 1, box, face: null, verdict: "mask" }] });
            for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame);
            const pen = canvas.getContext("2d");
            const ink = (x, width) => pen.getImageData(x, 60, width, 80).data.some(Boolean);
            widths.push([ink(0, 99), ink(101, 98)]);
        }
        return widths;
    }""")
    assert drawn == [[False, False], [False, True]]


async def test_boxes_know_how_late_the_picture_is_and_no_place_is_no_word(
    fake: Callable[..., Fake], page: Page
) -> None:
    site = fake("--cameras", "1")
    await page.goto(site.address)
    await expect(page.locator(LIVE)).to_have_count(1)
    await page.evaluate("""async () => {
        const { Overlay } = await import("./static/overlay.js");
        const { show } = Overlay.prototype;
        Overlay.prototype.show = function (scene) { window.lateness = this.late; return show.call(this, scene); };
    }""")
    await until(page, "window.lateness !== undefined && window.lateness !== 80")
    await site.ask("fake/tell", name="camera", data={"id": "cam1", "name": "Without", "place": None})
    await expect(page.locator(".caption")).to_have_text(re.compile(r"Without\W*$"))


async def test_a_broken_camera_says_why_and_what_to_do(fake: Callable[..., Fake], page: Page) -> None:
    site = fake("--cameras", "4")
    await page.goto(site.address)
    for place in (".tile[data-camera=cam4] .notice", "#cameras [data-camera=cam4] .why"):
        await expect(page.locator(place)).to_contain_text("10.0.4.21 does not answer")
        await expect(page.locator(place)).to_contain_text("check its power, its cable and the address")
    await site.ask("fake/tell", name="camera", data={"id": "cam4", "state": "online", "reason": "", "remedy": ""})
    await expect(page.locator(".tile[data-camera=cam4]")).to_have_attribute("data-state", "live")
    await expect(page.locator("#cameras [data-camera=cam4] .state")).to_have_text("online")


async def test_an_event_appears_with_its_picture_and_leads_to_its_camera(fake: Callable[..., Fake], page: Page) -> None:
    site = fake("--cameras", "2")
    await page.goto(site.address)
    await expect(page.locator("#link")).to_have_text("Connected")
    await expect(page.locator("#ticker .empty")).to_have_text("Nothing has happened yet.")
    await site.ask("fake/event", type="mask.verdict", camera="cam2", data={"verdict": "no_mask", "confidence": 0.92})
    row = page.locator(".events li").first
    await expect(row).to_contain_text("No mask")
    await expect(row).to_contain_text("Place du Marché")
    await expect(row).to_contain_text("92%")
    await until(page, "document.querySelector('.events img')?.naturalWidth === 640")
    await expect(page.locator("#announcer")).to_have_text("Alarm: No mask, Place du Marché")
    await row.locator("button").click()
    await expect(page.locator(".event-dialog")).to_contain_text("Confidence")
    await expect(page.locator(".tile.main.selected")).to_have_attribute("data-camera", "cam2")
    await shoot(page, "event")
    await page.keyboard.press("Escape")
    await expect(page.locator(".event-dialog")).to_have_count(0)
    await page.keyboard.press("Escape")
    await expect(page.locator(".wall")).not_to_have_class("wall enlarged")


async def test_an_event_that_overtakes_the_list_of_events_is_kept(fake: Callable[..., Fake], page: Page) -> None:
    await page.goto(fake("--cameras", "0").address)
    shown = await page.evaluate("""async () => {
        const { Site } = await import("./static/site.js");
        const site = new Site();
        const [old, asked, told] = [1, 2, 3].map((n) => ({ id: `${n}`, time: `2026-11-23T09:00:0${n}.000Z` }));
        site.take("event", old);
        site.take("event", told);
        site.loadEvents([asked]);
        return site.events.map(({ id }) => id);
    }""")
    assert shown[:2] == ["3", "2"]


async def test_words_of_people_stay_words(fake: Callable[..., Fake], page: Page) -> None:
    evil = "<img src=x onerror=document.title='owned'>"
    site = fake("--cameras", "1")
    await page.goto(site.address)
    await expect(page.locator("#link")).to_have_text("Connected")
    data = {"outcome": "failed", "text": evil, "actor": evil, "reason": evil, "remedy": evil, "utterance": "1"}
    await site.ask("fake/event", type="talkdown.receipt", camera="cam1", data=data)
    await site.ask("fake/event", type=evil, camera="cam1", data={})
    await site.ask("fake/tell", name="camera", data={"id": "cam1", "state": "degraded", "reason": evil, "remedy": evil})
    await site.ask("fake/tell", name="speech", data={"camera": "cam1", "state": "playing", "text": evil, "actor": evil})
    await expect(page.locator(".talk .now")).to_contain_text(evil)
    await page.locator(".events button").nth(1).click()
    await expect(page.locator(".event-dialog")).to_contain_text(evil)
    await page.keyboard.press("Escape")
    await site.ask("fake/tell", name="camera", data={"id": "cam1", "name": evil, "place": evil, "state": "online"})
    await expect(page.locator(".tile .caption")).to_contain_text(evil)
    await expect(page.locator("#cameras [data-camera=cam1]")).to_contain_text(evil)
    await page.locator("#search").fill(evil)
    await expect(page.locator("#cameras [role=treeitem]")).to_have_count(0)
    assert await page.locator("img[src=x]").count() == 0


async def test_an_event_that_makes_no_sense_leaves_the_others_readable(fake: Callable[..., Fake], page: Page) -> None:
    site = fake("--cameras", "1")
    await page.goto(site.address)
    await expect(page.locator("#link")).to_have_text("Connected")
    odd = {"state": "constructor", "outcome": "toString", "effect": "valueOf", "verdict": 7, "confidence": "high"}
    kinds = ["camera.status", "talkdown.receipt", "talkdown.effect", "talkdown.unheeded", "mask.verdict", "constructor"]
    for kind in kinds:
        await site.ask("fake/event", type=kind, camera="cam1", data=odd)
    await site.ask("fake/event", type="mask.verdict", camera="cam1", data={"verdict": "no_mask"})
    await expect(page.locator(".events li").first).to_contain_text("No mask")
    await expect(page.locator(".events li")).to_have_count(len(kinds) + 1)
    await page.reload()
    await expect(page.locator(".events li")).to_have_count(len(kinds) + 1)


async def test_one_click_speaks_and_the_outcome_is_told(fake: Callable[..., Fake], page: Page) -> None:
    site = fake("--cameras", "3")
    await page.goto(site.address)
    await page.locator(".message[data-message=mask]").click()
    await expect(page.locator(".talk .now")).to_contain_text("Please wear your mask over nose and mouth.")
    await expect(page.locator(".tile[data-camera=cam1] .speech")).to_be_visible()
    await expect(page.locator(".talk .result")).to_have_text("Played (2.5 seconds)")

    await page.locator(".talk select").select_option("fr")
    await page.locator(".message[data-message=mask]").click()
    await expect(page.locator(".talk .now")).to_contain_text("Bonjour")
    await page.locator(".talk .stop").click()
    await expect(page.locator(".talk .result")).to_have_text("Stopped")

    await page.locator(".talk textarea").fill("into the void")
    await page.keyboard.press("Enter")
    await expect(page.locator(".talk .result")).to_contain_text("microphone did not hear it")
    await expect(page.locator(".events li").first).to_contain_text("microphone did not hear it")

    await page.locator(".talk textarea").fill("refuse")
    await expect(page.locator(".talk .counter")).to_have_text("6 / 500")
    await page.keyboard.press("Enter")
    await expect(page.locator(".talk .result")).to_have_text("Not played the loudspeaker is busy try again in a moment")
    await expect(page.locator(".talk textarea")).to_have_value("refuse")
    said = (await site.ask("fake/said"))["said"]
    assert said == [
        {"camera": "cam1", "message": "mask", "language": "en"},
        {"camera": "cam1", "message": "mask", "language": "fr"},
        {"camera": "cam1", "hush": True},
        {"camera": "cam1", "text": "into the void", "language": "fr"},
        {"camera": "cam1", "text": "refuse", "language": "fr"},
    ]
    await page.keyboard.press("Escape")
    await page.keyboard.press("3")
    await expect(page.locator(".talk .refusal")).to_contain_text("This camera has no loudspeaker.")
    await expect(page.locator(".talk form")).to_be_hidden()


async def test_the_language_is_switched_and_remembered(fake: Callable[..., Fake], page: Page) -> None:
    await page.goto(fake("--cameras", "1", "--history").address)
    await expect(page.locator("#ticker h2")).to_have_text("Events")
    await expect(page.locator(LIVE)).to_have_count(1)
    await page.locator("#languages input[value=fr]").check()
    await expect(page.locator("#ticker h2")).to_have_text("Événements")
    await expect(page.locator(".tile .chip").first).to_have_text("En direct")
    await expect(page.locator(".events .what b").first).to_have_text("Sans masque")
    assert await page.locator(LIVE).count() == 1, "the picture goes on"
    await page.reload()
    await expect(page.locator("html")).to_have_attribute("lang", "fr")
    await expect(page.locator("#link")).to_have_text("Connecté")


async def test_the_token_is_asked_for(fake: Callable[..., Fake], page: Page) -> None:
    await page.goto(fake("--cameras", "1", "--token", TOKEN).address)
    await page.locator("#token").fill("wrong")
    await page.keyboard.press("Enter")
    await expect(page.locator(".login .error")).to_have_text("That token is not accepted.")
    await shoot(page, "login")
    await page.locator("#token").fill(TOKEN)
    await page.keyboard.press("Enter")
    await expect(page.locator(".login")).to_have_count(0)
    await expect(page.locator(LIVE)).to_have_count(1)


async def test_feed_and_picture_return_after_a_restart(fake: Callable[..., Fake], page: Page) -> None:
    site = fake("--cameras", "2", "--history")
    await page.goto(site.address)
    await expect(page.locator(LIVE)).to_have_count(2)
    site.kill()
    await expect(page.locator("#link")).to_have_text("Connection lost, retrying")
    await expect(page.locator(LIVE)).to_have_count(0)
    await expect(page.locator(".tile .notice").first).to_contain_text("The agent cannot be reached.")
    await shoot(page, "lost")
    site.start()
    await expect(page.locator("#link")).to_have_text("Connected")
    await expect(page.locator(LIVE)).to_have_count(2)
    before = await page.evaluate("document.querySelector('video').currentTime")
    await until(page, f"document.querySelector('video').currentTime > {before}")


async def test_leaving_the_page_frees_the_viewers(fake: Callable[..., Fake], page: Page) -> None:
    site = fake("--cameras", "2")
    await page.goto(site.address)
    await expect(page.locator(LIVE)).to_have_count(2)
    await page.goto("about:blank")
    told = await site.ask("fake/wait?closed=2")
    assert told["viewers"] == 0


async def test_nine_cameras_one_large_zoomed_and_back(fake: Callable[..., Fake], page: Page) -> None:
    await page.goto(fake("--cameras", "9").address)
    await expect(page.locator(".tile")).to_have_count(9)
    await expect(page.locator(".tile[data-camera=cam2]")).to_have_attribute("data-state", "live")
    assert await page.evaluate("getComputedStyle(wall).getPropertyValue('--columns')") == "3"
    await shoot(page, "nine")
    await page.locator(".tile[data-camera=cam2] .stage").click()
    await expect(page.locator(".wall")).to_have_class("wall enlarged")
    await page.mouse.wheel(0, -400)
    await expect(page.locator(".main .stage")).to_have_class("stage zoomed")
    await shoot(page, "large")
    await page.keyboard.press("5")
    await expect(page.locator(".tile.main")).to_have_attribute("data-camera", "cam5")
    await expect(page.locator("#cameras [aria-selected=true]")).to_have_attribute("data-camera", "cam5")
    await page.keyboard.press("Escape")
    await expect(page.locator(".tile.main")).to_have_count(0)
    await page.locator(".tile[data-camera=cam9] .stage").dblclick()
    await until(page, "document.fullscreenElement?.dataset.camera === 'cam9'")
    await page.keyboard.press("f")
    await until(page, "document.fullscreenElement === null")


async def test_the_picture_is_saved(fake: Callable[..., Fake], page: Page, tmp_path: Path) -> None:
    await page.goto(fake("--cameras", "1").address)
    await expect(page.locator(LIVE)).to_have_count(1)
    async with page.expect_download() as told:
        await page.get_by_role("button", name="Save this picture").click()
    saved = await told.value
    assert saved.suggested_filename.startswith("cam1_")
    await saved.save_as(tmp_path / "saved.jpg")
    assert await asyncio.to_thread(cv2.imread, str(tmp_path / "saved.jpg")) is not None


async def test_public_space_is_named_plainly(fake: Callable[..., Fake], page: Page) -> None:
    await page.goto(fake("--cameras", "0", "--profile", "fr-public-space").address)
    await expect(page.locator("#policy summary")).to_have_text("French public space: statistics only")
    await expect(page.locator("#ticker .empty")).to_contain_text("only anonymous counts")
    await expect(page.locator("#wall .empty")).to_contain_text("No camera is configured.")


@pytest.mark.parametrize(("width", "height"), [(768, 1024), (390, 844)])
async def test_small_screens_scroll_in_one_direction(
    fake: Callable[..., Fake], page: Page, width: int, height: int
) -> None:
    await page.set_viewport_size({"width": width, "height": height})
    await page.goto(fake("--cameras", "3", "--history").address)
    await expect(page.locator(".tile[data-camera=cam1]")).to_have_attribute("data-state", "live")
    assert await page.evaluate("document.documentElement.scrollWidth") == width
    await shoot(page, f"width-{width}")


async def test_links_name_ice_servers(fake: Callable[..., Fake], page: Page) -> None:
    await page.goto(fake("--cameras", "0").address)
    header = (
        '<stun:a.example:3478>; rel="ice-server", <x>; rel="next", <turn:b.example?transport=udp>; rel="ice-server"; '
        'username="u,1"; credential="p;\\"2"; credential-type="password"'
    )
    servers = await page.evaluate("async (header) => (await import('./static/rtc.js')).parseLinks(header)", header)
    assert servers == [
        {"urls": "stun:a.example:3478"},
        {"urls": "turn:b.example?transport=udp", "username": "u,1", "credential": 'p;"2'},
    ]
