import asyncio
import wave
from pathlib import Path

import numpy as np
import pytest
from aiomqtt import Client, ProtocolVersion

from edge_agent.agent import Agent
from edge_agent.console.account import Role
from edge_agent.values.ids import CameraId
from tests.agents import running as running_agent
from tests.console.room import Town, operator, running
from tests.live.mouth import Mouth
from tests.live.viewer import Viewer, luma, until
from tests.peers.broker import Broker
from tests.peers.clips import Clip
from tests.peers.onvif_camera import PASSWORD, USER, onvif_camera

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def town(tmp_path: Path, broker: Broker) -> Town:
    made = Town(tmp_path, broker)
    made.found()
    made.account("anne", Role.OPERATOR)
    made.account("victor", Role.VIEWER)
    made.account("yves", Role.OPERATOR, cameras=("box-2:*",))
    return made


def filmed(clip: Clip, spoken: Path) -> dict[str, object]:
    return {
        "source": {"kind": "file", "path": str(clip.file())},
        "speaker": {"kind": "file", "path": str(spoken), "paced": False},
        "fps": 1,
    }


async def test_two_boxes_are_shown_spoken_through_and_watched(town: Town, clip: Clip, tmp_path: Path) -> None:
    spoken = tmp_path / "spoken.wav"
    boxes = [
        town.box("box-1", {"street": filmed(clip, spoken)}),
        town.box("box-2", {"yard": filmed(clip, tmp_path / "other.wav")}),
    ]
    async with (
        running_agent(boxes[0]) as agent,
        running_agent(boxes[1]),
        running(town.console()) as console,
        operator(console, "anne") as anne,
        operator(console, "victor") as victor,
        operator(console, "yves") as yves,
    ):
        street = await anne.camera("box-1:street", state="online")
        assert (street["agent"], street["speaker"]) == ("box-1", True)
        await anne.camera("box-2:yard", state="online")
        site = await anne.get("/api/site")
        assert [(box["id"], box["name"], box["state"]) for box in site["agents"]] == [
            ("box-1", "Box box-1", "online"),
            ("box-2", "Box box-2", "online"),
        ]
        assert (site["console"], site["user"]["name"], site["user"]["role"]) == (True, "anne", "operator")
        assert site["policy"]["profile"] == "site"
        assert [message["id"] for message in site["messages"]]

        await anne.follow()
        words = {"text": "Bonsoir", "language": "fr"}
        status, said = await anne.post("/api/cameras/box-1:street/say", words)
        assert status == 202
        receipt = await anne.hear("event", utterance=said["utterance"])
        assert (receipt["outcome"], receipt["actor"]) == ("played", "anne")
        assert receipt["source"] == "/edge/v1/box-1/camera/street"
        with wave.open(str(spoken)) as file:
            assert file.getnframes() > 5000
        told = await anne.hear("event", type="edge.v1.audit", action="talkdown.play")
        assert (told["actor"], told["camera"], told["source"]) == ("anne", "street", "/edge/v1/box-1")

        status, told = await victor.post("/api/cameras/box-1:street/say", words)
        assert (status, told["code"]) == (403, "forbidden")
        status, told = await yves.post("/api/cameras/box-1:street/say", words)
        assert (status, told["code"]) == (404, "camera_unknown")
        assert [camera["id"] for camera in (await yves.get("/api/site"))["cameras"]] == ["box-2:yard"]
        assert {event["source"].split("/")[3] for event in await yves.get("/api/events")} <= {"box-2"}
        status, told = await anne.post("/api/cameras/box-1:street/ptz", {"pan": 1})
        assert (status, told["code"]) == (422, "no_ptz")

        viewer = Viewer()
        status, answer, session = await victor.open("/whep/box-1:street?stream=main", await viewer.offer())
        assert status == 201, answer
        await viewer.accept(answer)
        assert luma(await viewer.frame()).std() > 5, "a real picture"
        shown = await anne.hear("viewer", camera="box-1:street")
        assert (shown["stream"], shown["session"]) == ("main", session.rpartition("/")[2])
        assert (await victor.post(session, {"stream": "main"}, method="PATCH"))[0] == 204
        assert (await anne.hear("camera", id="box-1:street", viewers=1))["state"] == "online"
        assert agent.live.viewers(CameraId("street")) == 1
        assert (await victor.client.delete(session)).status == 200
        assert agent.live.viewers(CameraId("street")) == 0
        assert (await victor.client.delete(session)).status == 404
        await viewer.close()


async def test_an_operator_talks_live_and_turns_the_loudspeaker_down(town: Town, clip: Clip, tmp_path: Path) -> None:
    spoken = tmp_path / "spoken.wav"
    loud = filmed(clip, spoken) | {"speaker": {"kind": "file", "path": str(spoken)}}
    async with (
        running_agent(town.box("box-1", {"street": loud})),
        running(town.console()) as console,
        operator(console, "anne") as anne,
        operator(console, "victor") as victor,
    ):
        await anne.camera("box-1:street", voice=True)
        await anne.follow()
        assert (await anne.post("/api/cameras/box-1:street/volume", {"volume": -6}))[0] == 204
        assert (await anne.hear("camera", id="box-1:street", volume=-6))["agent"] == "box-1"
        mouth = Mouth(np.tile(np.array([8000] * 24 + [-8000] * 24, np.int16), 2000))
        assert (await victor.open("/whip/box-1:street", await mouth.offer()))[0] == 403
        status, answer, session = await anne.open("/whip/box-1:street", await mouth.offer())
        assert status == 201, answer
        await mouth.accept(answer)
        told = await anne.hear("speech", camera="box-1:street", state="playing")
        assert (told["live"], told["actor"]) == (True, "anne")
        await until(lambda: spoken.exists() and spoken.stat().st_size > 40_000)
        assert (await anne.client.delete(session)).status == 200
        await anne.hear("speech", camera="box-1:street", state="idle")
        assert (await anne.client.delete(session)).status == 404
        await mouth.aclose()


async def test_a_box_that_goes_and_a_console_that_returns(town: Town, clip: Clip, tmp_path: Path) -> None:
    box = town.box("box-1", {"street": filmed(clip, tmp_path / "spoken.wav")})
    async with running(town.console()) as console, operator(console, "anne") as anne:
        await anne.follow()
        async with running_agent(box):
            await anne.hear("agent", id="box-1", state="online")
            await anne.camera("box-1:street", state="online")
            status, said = await anne.post("/api/cameras/box-1:street/say", {"message": "mask", "language": "fr"})
            assert status == 202
            await anne.hear("event", utterance=said["utterance"])
        told = await anne.hear("agent", id="box-1", state="offline")
        assert (told["reason"], told["since"] is None) == ("the agent ended", False)
        camera = await anne.camera("box-1:street", state="offline")
        assert "the agent ended" in camera["reason"]
        status, answer = await anne.post("/api/cameras/box-1:street/hush", {})
        assert (status, answer["code"]) == (503, "offline")
        walls = {"walls": [["box-1:street"]]}
        assert (await anne.post("/api/layouts", walls, method="PUT"))[0] == 204
        before = await anne.get("/api/events")
        cookies = anne.client.cookie_jar
    async with running(town.console()) as console, operator(console, cookies=cookies) as anne:
        await anne.camera("box-1:street", state="offline", name="street")
        assert await anne.get("/api/events") == before
        assert await anne.get("/api/layouts") == walls
        async with operator(console, "victor") as victor:
            assert await victor.get("/api/layouts") == {}


async def test_who_is_removed_is_out_and_what_they_had_open_ends(town: Town, clip: Clip, tmp_path: Path) -> None:
    box = town.box("box-1", {"street": filmed(clip, tmp_path / "spoken.wav")})
    async with (
        running_agent(box) as agent,
        running(town.console()) as console,
        operator(console, "victor") as victor,
    ):
        await victor.camera("box-1:street", state="online")
        await victor.follow()
        viewer = Viewer()
        await viewer.accept((await victor.open("/whep/box-1:street", await viewer.offer()))[1])
        await viewer.frame()
        await asyncio.to_thread(town.remove, "victor")
        await until(lambda: agent.live.viewers(CameraId("street")) == 0)
        async with victor.client.get("/api/site") as answer:
            assert (answer.status, (await answer.json())["code"]) == (401, "login_missing")
        await victor.left()
        await viewer.close()


async def test_a_session_is_its_openers_and_ends_with_their_login_and_their_right(
    town: Town, clip: Clip, tmp_path: Path
) -> None:
    box = town.box("box-1", {"street": filmed(clip, tmp_path / "spoken.wav")})
    async with (
        running_agent(box) as agent,
        running(town.console()) as console,
        operator(console, "anne") as anne,
        operator(console, "anne") as elsewhere,
        operator(console, "victor") as victor,
    ):
        await anne.camera("box-1:street", state="online")
        first, second = Viewer(), Viewer()
        session = (await anne.open("/whep/box-1:street", await first.offer()))[2]
        assert (await victor.client.delete(session)).status == 404, "all pages are told the ids of all sessions"
        assert (await victor.post(session, {"stream": "main"}, method="PATCH"))[0] == 404
        assert (await elsewhere.post(session, {"stream": "main"}, method="PATCH"))[0] == 204

        assert (await elsewhere.open("/whep/box-1:street", await second.offer()))[0] == 201
        assert agent.live.viewers(CameraId("street")) == 2
        assert (await anne.post("/api/logout", {}))[0] == 204
        await until(lambda: agent.live.viewers(CameraId("street")) == 1)
        await asyncio.to_thread(town.account, "anne", Role.OPERATOR, cameras=("box-2:*",))
        await until(lambda: agent.live.viewers(CameraId("street")) == 0)
        assert (await elsewhere.get("/api/site"))["cameras"] == []
        await first.close()
        await second.close()


async def test_a_broker_that_goes_is_told_and_what_was_missed_is_asked_for(
    town: Town, clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.console.mending.EVERY", 0.5)
    box = town.box("box-1", {"street": filmed(clip, tmp_path / "spoken.wav")})
    async with running_agent(box) as agent:
        async with running(town.console()) as console, operator(console, "anne") as anne:
            await anne.camera("box-1:street", state="online")
            await agent.desk.audit("a test", "seen", "street")
            await until(lambda: console.chronicle.place(newest(agent)) is not None)
        # Without this the broker would have kept everything for the console.
        async with Client(
            town.broker.host, town.broker.port, identifier="console-console", protocol=ProtocolVersion.V5
        ):
            pass
        missed = []
        for _ in range(3):
            await agent.desk.audit("a test", "missed", "street")
            missed.append(newest(agent))
        await until(lambda: agent.outbox.depth == 0)
        async with running(town.console()) as console, operator(console, "anne") as anne:
            await anne.camera("box-1:street", state="online")
            await agent.desk.audit("a test", "seen again", "street")
            await until(lambda: all(console.chronicle.place(event) for event in missed))

            await anne.follow()
            await asyncio.to_thread(town.broker.stop)
            await anne.hear("agent", id="box-1", state="offline")
            status, answer = await anne.post("/api/cameras/box-1:street/hush", {})
            assert (status, answer["code"]) == (503, "offline")
            async with anne.client.get("/healthz") as health:
                assert health.status == 503
            await asyncio.to_thread(town.broker.start)
            await anne.hear("agent", id="box-1", state="online")
            async with anne.client.get("/healthz") as health:
                assert health.status == 200


def newest(agent: Agent) -> str:
    return str(agent.journal.recent(1)[0]["id"])


async def test_a_dome_is_turned_in_the_operators_name_and_a_viewer_may_not(town: Town, clip: Clip) -> None:
    async with onvif_camera() as dome:
        onvif = {"url": dome.url, "username": USER, "password": PASSWORD}
        source = {"kind": "file", "path": str(clip.file())}
        async with (
            running_agent(town.box("box-1", {"dome": {"source": source, "onvif": onvif}})),
            running(town.console()) as console,
            operator(console, "anne") as anne,
            operator(console, "victor") as victor,
        ):
            await anne.camera("box-1:dome", ptz=True)
            await anne.follow()
            presets = await anne.get("/api/cameras/box-1:dome/presets")
            assert presets[1] == {"token": "2", "name": "square & fountain"}
            assert (await anne.post("/api/cameras/box-1:dome/ptz", {"pan": 0.5, "tilt": 0, "zoom": 0}))[0] == 204
            assert dome.asked[-1][1]["PanTilt"] == ("0.5", "0.0")
            told = await anne.hear("event", type="edge.v1.audit", action="ptz.move")
            assert (told["actor"], told["camera"]) == ("anne", "dome")
            status, refusal = await victor.post("/api/cameras/box-1:dome/ptz", {"pan": 1})
            assert (status, refusal["code"]) == (403, "forbidden")
