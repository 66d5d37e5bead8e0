"""Holds that people turn a camera from the control room and from the page, through a whole agent."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from edge_agent.agent import Agent
from edge_agent.onvif.ptz import RELEASE
from edge_agent.values.ids import CameraId
from tests.agents import Ear, listening, running, settings_for
from tests.peers.broker import Broker
from tests.peers.clips import Clip
from tests.peers.onvif_camera import PASSWORD, USER, OnvifCamera, onvif_camera


@pytest.fixture
async def dome() -> AsyncIterator[OnvifCamera]:
    async with onvif_camera() as camera:
        yield camera


@pytest.fixture
async def ear(broker: Broker) -> AsyncIterator[Ear]:
    async with listening(broker) as heard:
        yield heard


@pytest.fixture
async def agent(tmp_path: Path, broker: Broker, clip: Clip, dome: OnvifCamera, ear: Ear) -> AsyncIterator[Agent]:
    source = {"kind": "file", "path": str(clip.file())}
    onvif = {"url": dome.url, "username": USER, "password": PASSWORD}
    cameras = {"dome": {"source": source, "onvif": onvif}, "fixed": {"source": source}}
    async with running(settings_for(tmp_path, broker, cameras)) as made:
        while not (await ear.next("info"))["cameras"][0]["ptz"]:
            pass
        yield made


async def test_the_control_room_turns_it_and_the_trail_says_who(agent: Agent, dome: OnvifCamera, ear: Ear) -> None:
    for number in range(2):
        move = {"camera": "dome", "pan": 1, "tilt": 0, "zoom": 0.5}
        await ear.command("ptz.move", {"id": f"go-{number}", "arguments": move})
        assert (await ear.next(f"reply/go-{number}"))["ok"]
    assert (await ear.next("event/audit", action="ptz.move"))["camera"] == "dome"
    await asyncio.sleep(RELEASE + 0.5)
    assert [name for name, _ in dome.asked if name in {"ContinuousMove", "Stop"}] == ["ContinuousMove"] * 2 + ["Stop"]

    await ear.command("ptz.presets", {"id": "where", "arguments": {"camera": "dome"}})
    presets = (await ear.next("reply/where"))["result"]["presets"]
    assert presets == [{"token": "1", "name": "gate"}, {"token": "2", "name": "square & fountain"}]
    await ear.command("ptz.move", {"id": "there", "arguments": {"camera": "dome", "preset": "2"}})
    assert (await ear.next("reply/there"))["ok"]
    assert (await ear.next("event/audit", action="ptz.move"))["detail"] == "preset 2"


async def test_the_page_turns_it(agent: Agent, dome: OnvifCamera) -> None:
    async with aiohttp.ClientSession(f"http://127.0.0.1:{agent.server.port}") as page:
        async with page.get("/api/cameras/dome/presets") as answer:
            assert (await answer.json())[0] == {"token": "1", "name": "gate"}
        async with page.post("/api/cameras/dome/ptz", json={"pan": 0.5, "tilt": -0.5, "zoom": 0}) as answer:
            assert answer.status == 204
        assert dome.asked[-1][1]["PanTilt"] == ("0.5", "-0.5")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"camera": "fixed", "pan": 1}, "no_ptz"),
        ({"camera": "cellar", "pan": 1}, "camera_unknown"),
        ({"camera": "dome", "pan": 2}, "arguments_invalid"),
        ({"camera": "dome", "pan": 1, "preset": "1"}, "arguments_invalid"),
        ({"camera": "dome", "preset": "9"}, "camera_refused"),
    ],
)
async def test_what_cannot_be_done_is_refused_with_the_remedy(
    agent: Agent, ear: Ear, arguments: dict[str, object], code: str
) -> None:
    await ear.command("ptz.move", {"id": "x", "arguments": arguments})
    reply = await ear.next("reply/x")
    assert (reply["ok"], reply["code"]) == (False, code)
    assert reply["remedy"]


async def test_who_lost_the_picture_gets_a_key_frame_of_the_cameras(agent: Agent, dome: OnvifCamera) -> None:
    assert agent.cameras[CameraId("dome")].main.ask_for_key()
    assert not agent.cameras[CameraId("fixed")].main.ask_for_key()
    await asyncio.sleep(0.5)
    assert dome.asked[-1][0] == "SetSynchronizationPoint"
