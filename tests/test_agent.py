import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest
from playwright.async_api import BrowserContext

from edge_agent.errors import PermanentError
from edge_agent.live.voice import RELEASED
from edge_agent.values.ids import CameraId
from edge_agent.web.site import Words
from tests.agents import Ear, listening, running, settings_for
from tests.live.mouth import RATE, Mouth
from tests.peers.broker import Broker
from tests.peers.clips import ROOT, Clip
from tests.peers.rtsp_camera import Camera
from tests.peers.visitor import EMPTY
from tests.peers.visitor import visitor as make_visitor
from tests.talkdown.conftest import chirp

SCREENSHOTS = ROOT / ".cache" / "screenshots"
PLAYED = """async () => {
  const shown = () => document.querySelector("video")?.getVideoPlaybackQuality().totalVideoFrames;
  while (!(shown() > 20)) await new Promise(requestAnimationFrame);
}"""
NOBODY: dict[str, object] = {"rules": {}}


@pytest.fixture(scope="session")
def visitor() -> Clip:
    """Nobody for four seconds, then a face without a mask that stays for eight, then the same again."""
    return make_visitor()


def watched(camera: Camera, **more: object) -> dict[str, object]:
    return {
        "source": {"kind": "rtsp", "url": camera.url},
        "speaker": {"kind": "backchannel", "url": camera.url},
        "rules": {"mask": {"kind": "mask", "mode": "alert"}},
    } | more


@pytest.fixture
async def ear(broker: Broker) -> AsyncIterator[Ear]:
    async with listening(broker) as heard:
        yield heard


@pytest.mark.timeout(120)
async def test_a_face_without_a_mask_is_told_within_three_seconds_and_spoken_to(
    tmp_path: Path, broker: Broker, camera: Callable[..., Camera], visitor: Clip, ear: Ear
) -> None:
    entrance = camera(visitor)
    talkdown = {"automatic": True, "delay": 0.5, "effect_within": 1, "languages": ["fr"]}
    settings = settings_for(tmp_path, broker, {"entrance": watched(entrance)}, talkdown=talkdown)
    async with running(settings) as agent:
        await ear.next("camera/entrance/status", state="online")
        reader = agent.cameras[CameraId("entrance")].main.ring.reader(lag=60)
        first = await reader.get()
        while (packet := await reader.get()).pts - first.pts < EMPTY * 90_000:
            pass
        told = await ear.next("camera/entrance/event/mask.verdict")
        seconds = time.monotonic() - packet.arrived
        assert told["verdict"] == "no_mask"
        assert told["type"] == "edge.v1.mask.verdict"
        assert told["snapshot"] is True
        assert seconds < 3.0
        receipt = await ear.next("camera/entrance/event/talkdown.receipt")
        assert receipt["outcome"] == "played", receipt["reason"]
        assert receipt["actor"] == "rule:mask"
        effect = await ear.next("camera/entrance/event/talkdown.effect")
        assert (effect["utterance"], effect["before"]) == (receipt["utterance"], "no_mask")
        assert effect["effect"] in {"left", "none"}
    heard = entrance.heard()
    loud = np.abs(heard.astype(np.int32)) > 1000
    assert len(heard) / 8000 > 0.9 * receipt["seconds"]
    assert loud.mean() > 0.1


async def test_a_camera_that_refuses_is_told_with_the_remedy_and_the_other_goes_on(
    tmp_path: Path, broker: Broker, camera: Callable[..., Camera], ear: Ear, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "edge_agent")
    locked, open_one = camera(None, "--user", "admin", "--password", "right"), camera()
    source = {"kind": "rtsp", "url": locked.url, "username": "admin", "password": "hunter2"}
    cameras = {"locked": {"source": source}, "open": watched(open_one) | NOBODY}
    async with running(settings_for(tmp_path, broker, cameras)) as agent:
        told = await ear.next("camera/locked/status", state="offline")
        assert "password" in told["reason"] + told["remedy"]
        assert "hunter2" not in str(told)
        await ear.next("camera/open/status", state="online")
        trouble = agent.cameras[CameraId("locked")].main.trouble()
        assert trouble is not None
        assert trouble.reason
    assert "hunter2" not in caplog.text
    states = [record.getMessage() for record in caplog.records if record.name == "edge_agent.camera"]
    assert len(states) == 2
    assert "camera open is online" in states
    assert any(state.startswith("camera locked is offline: ") and told["remedy"] in state for state in states)


async def test_commands_are_obeyed_or_refused_with_an_answer(
    tmp_path: Path, broker: Broker, camera: Callable[..., Camera], ear: Ear
) -> None:
    cameras = {"entrance": watched(camera()) | NOBODY, "mute": {"source": {"kind": "file", "path": "/none.mp4"}}}
    async with running(settings_for(tmp_path, broker, cameras)) as agent:
        await agent.uplink.connected.wait()
        arguments: dict[str, object] = {"camera": "entrance", "text": "Good evening", "language": "en"}
        await ear.command("talkdown.play", {"id": "1", "arguments": arguments})
        answer = await ear.next("reply/1")
        assert answer["ok"] is True
        assert (await ear.next("camera/entrance/event/talkdown.receipt"))["utterance"] == answer["result"]["utterance"]
        for number, (name, wrong, code) in enumerate(
            [
                ("talkdown.play", {"camera": "nowhere", "message": "mask"}, "camera_unknown"),
                ("talkdown.play", {"camera": "mute", "message": "mask"}, "no_speaker"),
                ("talkdown.play", {"camera": "entrance", "message": "mask", "volume": 11}, "arguments_invalid"),
                ("talkdown.play", {"camera": ["entrance"]}, "malformed"),
                ("live.close", {"session": "none"}, "session_unknown"),
                ("ptz.move", {"camera": "entrance"}, "no_ptz"),
                ("evidence.export", {"camera": "entrance"}, "command_unknown"),
            ]
        ):
            await ear.command(name, {"id": f"wrong-{number}", "arguments": wrong})
            answer = await ear.next(f"reply/wrong-{number}")
            assert (answer["ok"], answer["code"]) == (False, code)
            assert answer["message"]
        await ear.command("talkdown.play", b"x" * 10_000_000)
        await ear.command("config.show", {"id": "2"})
        answer = await ear.next("reply/2")
        assert 'policy.profile = "site"' in answer["result"]["settings"]


async def test_an_operator_talks_by_command_and_sets_the_volume(tmp_path: Path, broker: Broker, ear: Ear) -> None:
    spoken = tmp_path / "said.wav"
    none = {"kind": "file", "path": "/none.mp4"}
    cameras = {"yard": {"source": none, "speaker": {"kind": "file", "path": str(spoken)}, "volume": -3}}
    said = chirp(2.0, RATE).samples
    async with aclosing(Mouth(said)) as anna, running(settings_for(tmp_path, broker, cameras)) as agent:
        await agent.uplink.connected.wait()
        await ear.command("talkdown.volume", {"id": "1", "arguments": {"camera": "yard", "volume": -12}})
        assert (await ear.next("reply/1"))["ok"] is True
        described = agent.desk.describe_camera(agent.cameras[CameraId("yard")])
        assert (described["voice"], described["volume"]) == (True, -12)
        offer = {"camera": "yard", "offer": await anna.offer()}
        await ear.command("talkdown.open", {"id": "2", "arguments": offer})
        result = (await ear.next("reply/2"))["result"]
        await anna.accept(result["answer"])
        speech = await ear.next("camera/yard/speech", state="playing")
        assert (speech["live"], speech["actor"]) == (True, "unsigned")
        await ear.command("talkdown.open", {"id": "3", "arguments": offer})
        refused = await ear.next("reply/3")
        assert (refused["code"], refused["message"]) == ("talking", "unsigned is talking here")
        await ear.command("talkdown.play", {"id": "4", "arguments": {"camera": "yard", "message": "mask"}})
        assert (await ear.next("reply/4"))["code"] == "talking"
        await asyncio.sleep(1.0)
        await ear.command("talkdown.close", {"id": "5", "arguments": {"session": result["session"]}})
        assert (await ear.next("reply/5"))["ok"] is True
        receipt = await ear.next("camera/yard/event/talkdown.receipt", outcome="played")
        assert (receipt["live"], receipt["text"]) == (True, "")
        assert receipt["started"] < receipt["ended"]
        for action, detail in [("talkdown.volume", "-12 dB"), ("talkdown.open", ""), ("talkdown.close", RELEASED)]:
            assert (await ear.next("event/audit", action=action))["detail"] == detail
    heard = np.frombuffer(spoken.read_bytes()[44:], "<i2")
    assert 1000 < np.abs(heard.astype(int)).max() < 32000 * 0.8 * 0.26


async def test_the_page_shows_the_picture_the_event_and_speaks(
    tmp_path: Path, broker: Broker, camera: Callable[..., Camera], visitor: Clip, ear: Ear, browser: BrowserContext
) -> None:
    entrance = camera(visitor)
    async with running(settings_for(tmp_path, broker, {"entrance": watched(entrance)})) as agent:
        await ear.next("camera/entrance/status", state="online")
        page = await browser.new_page()
        await page.set_viewport_size({"width": 1440, "height": 900})
        await page.goto(f"http://127.0.0.1:{agent.server.port}/")
        await page.evaluate(PLAYED)
        await page.locator("li img").first.wait_for()
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=SCREENSHOTS / "agent.png")
        await agent.desk.say(CameraId("entrance"), Words("mask", "", "en"), "a test")
        assert (await ear.next("camera/entrance/event/talkdown.receipt"))["outcome"] == "played"
        assert agent.live.viewers(CameraId("entrance")) == 1
        await page.close()


async def test_masks_are_burned_into_what_viewers_and_events_get(
    tmp_path: Path, broker: Broker, camera: Callable[..., Camera], visitor: Clip, ear: Ear
) -> None:
    everything = [[[0, 0], [1, 0], [1, 1], [0, 1]]]
    masked = watched(camera(visitor), privacy={"masks": everything})
    async with running(settings_for(tmp_path, broker, {"entrance": masked})) as agent:
        seen = agent.cameras[CameraId("entrance")].main
        assert seen.needs_transcoding
        await ear.next("camera/entrance/status", state="online")
        frame = await asyncio.to_thread(lambda: next(seen.open_frames(threading.Event())))
        assert frame.luma.max() == 16


async def test_in_the_french_street_nobody_is_judged_in_the_open(
    tmp_path: Path, broker: Broker, camera: Callable[..., Camera], visitor: Clip, ear: Ear
) -> None:
    counted = watched(camera(visitor), rules={"mask": {"kind": "mask"}})
    settings = settings_for(tmp_path, broker, {"street": counted}, policy={"profile": "fr-public-space"})
    async with running(settings) as agent:
        await ear.next("camera/street/status", state="online")
        with agent.feed.listen() as listener:
            people: list[dict[str, object]] = []
            while len(people) < 10:
                for line in (await listener.take() or b"").splitlines():
                    people += (
                        json.loads(line.removeprefix(b"data: ")).get("tracks", []) if line[:6] == b"data: " else []
                    )
        assert {(person["verdict"], person["face"], person["confidence"]) for person in people} == {(None, None, 0.0)}
        assert agent.journal.recent(200)
        assert not [told for told in agent.journal.recent(200) if str(told["type"]).endswith("mask.verdict")]


async def test_a_state_folder_that_cannot_be_written_stops_the_start(tmp_path: Path, broker: Broker) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    settings = settings_for(tmp_path, broker, {"yard": {"source": {"kind": "file", "path": "/none.mp4"}}})
    with pytest.raises(PermanentError, match="state folder"):
        async with running(settings):
            pass
