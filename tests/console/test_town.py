import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.aio.background import background
from edge_agent.console.album import Album
from edge_agent.console.archive import Archive
from edge_agent.console.chronicle import Chronicle
from edge_agent.console.town import SILENCE, Town
from edge_agent.events.envelope import encode
from edge_agent.web.feed import Feed
from tests.web.fake_site import Clock

JPEG = b"\xff\xd8 a picture"
INFO: dict[str, Any] = {
    "agent": {"name": "Mairie", "place": "Place", "version": "1"},
    "policy": {"profile": "site"},
    "cameras": [{"id": "street", "name": "Rue", "speaker": True, "ptz": True, "streams": ["main", "sub"]}],
    "messages": [{"id": "mask", "texts": {"fr": "Votre masque"}}],
    "languages": ["fr"],
    "later": {"versions": "add members"},
}
ONLINE = {"state": "online", "boot": "b", "version": "1", "reason": ""}


class Room:
    """A town that hears what a test says."""

    def __init__(self, folder: Path, *, pictures: int = 10_000) -> None:
        self.clock = Clock()
        self.feed = Feed(waiting=1000)
        self.archive = Archive(folder / "events.sqlite", most=100)
        self.chronicle = Chronicle(self.archive, self.clock, days=7)
        self.album = Album(folder / "pictures", most=pictures, days=7)
        self.replies: list[tuple[str, bytes]] = []
        self.town = Town(
            "edge/v1",
            self.feed,
            self.chronicle,
            self.album,
            self.clock,
            replied=lambda name, payload: self.replies.append((name, payload)),
        )

    def hear(self, topic: str, told: object, *, kept: bool = False) -> None:
        payload = told if isinstance(told, bytes) else json.dumps(told).encode()
        self.town.hear(f"edge/v1/{topic}", payload, kept)

    def happen(self, sequence: int, *, camera: str = "street", box: str = "box-1", **more: Any) -> str:
        event = str(more.pop("id", uuid4()))
        told = {
            "id": event,
            "type": more.pop("type", "edge.v1.mask.verdict"),
            "time": f"2026-11-24T10:00:{sequence:02}Z",
        }
        data = {"sequence": sequence, "boot": "b", "snapshot": False, **more}
        where = f"{box}/camera/{camera}" if camera else box
        self.hear(f"{where}/event/mask.verdict", told | {"source": "/edge/v1/somebody-else", "data": data})
        return event

    def camera(self) -> Mapping[str, object]:
        box = self.town.boxes["box-1"]
        camera = box.camera("street")
        assert camera
        return box.describe_camera(camera)


@asynccontextmanager
async def room(folder: Path, **options: int) -> AsyncIterator[Room]:
    made = await asyncio.to_thread(lambda: Room(folder, **options))
    made.hear("box-1/info", INFO, kept=True)
    made.hear("box-1/status", ONLINE, kept=True)
    async with background(events=made.chronicle.run(), pictures=made.album.run()):
        await asyncio.sleep(0)
        yield made


async def told(listener: Any) -> list[tuple[str, Any]]:
    """Returns what a page was told by now."""
    async with asyncio.timeout(5):
        messages = (await listener.take()).decode().split("\n\n")
    lines = [message.splitlines() for message in messages if message]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in lines]


async def test_what_the_broker_kept_is_the_town(tmp_path: Path) -> None:
    async with room(tmp_path) as r:
        box = r.town.boxes["box-1"].describe()
        assert (box["name"], box["state"], box["since"]) == ("Mairie", "online", None)
        assert r.camera()["state"] == "offline", "nothing is known of it yet"
        r.hear("box-1/camera/street/status", {"state": "online", "reason": "", "remedy": "", "viewers": 2}, kept=True)
        camera = r.camera()
        assert {key: camera[key] for key in ("id", "agent", "name", "state", "viewers", "ptz", "streams")} == {
            "id": "box-1:street",
            "agent": "box-1",
            "name": "Rue",
            "state": "online",
            "viewers": 2,
            "ptz": True,
            "streams": ("main", "sub"),
        }


async def test_a_loudspeaker_turned_down_is_told_of_its_camera_alone(tmp_path: Path) -> None:
    async with room(tmp_path) as r:
        with r.feed.listen() as page:
            [camera] = INFO["cameras"]
            r.hear("box-1/info", INFO | {"cameras": [camera | {"volume": -6}]})
            [(name, message)] = await told(page)
        assert (name, message["id"], message["volume"]) == ("camera", "box-1:street", -6)


async def test_a_box_that_goes_takes_its_cameras_with_it(tmp_path: Path) -> None:
    async with room(tmp_path) as r:
        r.hear("box-1/camera/street/status", {"state": "online"})
        with r.feed.listen() as page:
            r.hear("box-1/status", ONLINE | {"state": "offline", "reason": "the connection was lost"})
            messages = dict(await told(page))
        assert (messages["agent"]["state"], messages["agent"]["since"][:10]) == ("offline", "2026-11-23")
        assert (messages["camera"]["id"], messages["camera"]["state"]) == ("box-1:street", "offline")
        assert "the connection was lost" in messages["camera"]["reason"]
        assert messages["camera"]["remedy"]


@pytest.mark.looptime
async def test_a_box_without_a_word_is_offline_until_it_speaks_again() -> None:
    clock = Clock()
    town = Town("edge/v1", Feed(), _Deaf(), _Deaf(), clock, replied=_nobody)  # type: ignore[arg-type] # nothing happens
    town.hear("edge/v1/box-1/status", encode(ONLINE), True)  # noqa: FBT003 - as the line calls it

    def reason() -> str:
        return town.boxes["box-1"].reason

    async with background(town=town.watch()):
        await asyncio.sleep(3)
        assert reason() == ""
        clock.now += SILENCE + 1
        await asyncio.sleep(3)
        assert "60 s" in reason()
        town.hear("edge/v1/box-1/health", b'{"load": 1}', False)  # noqa: FBT003
        assert reason() == ""
        town.lose()
        assert "broker" in reason()
        town.regain()
        assert reason() == ""


class _Deaf:
    """Takes nothing."""

    def take(self, *_: object) -> None:
        raise ValueError("no")


def _nobody(name: str, payload: bytes) -> None:
    """Takes no answers."""


async def test_a_box_that_was_taken_down_is_forgotten(tmp_path: Path) -> None:
    async with room(tmp_path) as r:
        r.hear("box-1/status", b"")
        assert r.town.boxes == {}


async def test_an_event_comes_once_and_from_where_its_topic_says(tmp_path: Path) -> None:
    async with room(tmp_path) as r:
        with r.feed.listen() as page:
            event = r.happen(7, verdict="no_mask")
            r.happen(7, id=event, verdict="no_mask")
            [(name, message)] = await told(page)
        assert (name, message["id"], message["source"]) == ("event", event, "/edge/v1/box-1/camera/street")
        assert message["data"]["verdict"] == "no_mask"
        assert (r.chronicle.taken, r.chronicle.doubled) == (1, 1)
        assert [kept["id"] for kept in r.chronicle.recent(10)] == [event]


async def test_whoever_sees_few_cameras_finds_their_events_all_the_same(tmp_path: Path) -> None:
    async with room(tmp_path) as r:
        yards = [r.happen(number, camera="yard") for number in range(1, 4)]
        for number in range(1, 3000):
            r.happen(number % 60, box="box-2", boot=str(number))
        found = r.chronicle.recent(50, lambda place: place == "box-1:yard")
        assert [each["id"] for each in found] == yards[::-1]
        assert len(r.chronicle.recent(200, lambda place: place == "box-2:street")) == 200


async def test_what_somebody_did_at_a_camera_is_that_cameras(tmp_path: Path) -> None:
    async with room(tmp_path) as r:
        envelope = {"id": str(uuid4()), "type": "edge.v1.audit", "time": "2026-11-24T10:00:00Z"}
        data = {"sequence": 1, "boot": "b", "actor": "anne", "action": "live.open", "camera": "street"}
        r.hear("box-1/event/audit", envelope | {"data": data})
        assert r.chronicle.place(envelope["id"]) == "box-1:street"


async def test_events_outlive_a_restart(tmp_path: Path) -> None:
    async with room(tmp_path) as r:
        events = [r.happen(number) for number in (1, 2, 5)]
        before = r.chronicle.recent(10)
    async with room(tmp_path) as r:
        assert r.chronicle.recent(10) == before
        assert [each["id"] for each in before] == events[::-1]
        r.happen(5, id=events[-1])
        assert r.chronicle.doubled == 1
        assert [(hole.first, hole.last) for hole in r.chronicle.holes("box-1")] == [(3, 4)]


async def test_what_is_older_than_events_are_kept_is_forgotten_here_and_on_the_disk(tmp_path: Path) -> None:
    async with room(tmp_path) as r:
        r.happen(1)
        r.happen(2, camera="yard")
        r.clock.now += 6 * 86_400
        newest = r.happen(3)
        while len(await asyncio.to_thread(r.archive.newest, 10)) < 3:  # noqa: ASYNC110 - the disk tells nobody
            await asyncio.sleep(0.05)
        r.clock.now += 2 * 86_400
        await r.chronicle.forget_old()
        assert [each["id"] for each in r.chronicle.recent(10)] == [newest]
        assert r.chronicle.recent(10, lambda place: place == "box-1:yard") == []
        assert [kept.id for kept in await asyncio.to_thread(r.archive.newest, 10)] == [newest]
        r.clock.now += 7 * 86_400
        await r.chronicle.forget_old()
        assert await asyncio.to_thread(r.archive.newest, 10) == []


async def test_pictures_that_wait_for_the_disk_are_kept_when_the_console_ends(tmp_path: Path) -> None:
    events = [uuid4() for _ in range(5)]
    async with room(tmp_path) as r:
        for event in events:
            r.hear(f"box-1/camera/street/snapshot/{event}", JPEG)
    assert {path.stem for path in (tmp_path / "pictures").iterdir()} == set(map(str, events))


async def test_a_gap_names_what_will_never_come(tmp_path: Path) -> None:
    async with room(tmp_path) as r:
        r.happen(1)
        r.happen(9)
        r.happen(10, camera="", missing=[{"boot": "b", "first": 2, "last": 6}, {"boot": 1}, {"first": 9}])
        assert [(hole.first, hole.last) for hole in r.chronicle.holes("box-1")] == [(7, 8)]


async def test_a_picture_is_waited_for_and_bounded(tmp_path: Path) -> None:
    async with room(tmp_path, pictures=3 * len(JPEG)) as r:
        event = r.happen(1, snapshot=True)
        assert r.chronicle.recent(1)[0]["snapshot"] == f"api/events/{event}/snapshot"
        asked = asyncio.create_task(r.album.find(UUID(event)))
        await asyncio.sleep(0)
        r.hear(f"box-1/camera/street/snapshot/{event}", JPEG)
        assert await asked == JPEG
        assert await r.album.find(uuid4(), patience=0.01) is None
        for _ in range(4):
            r.hear(f"box-1/camera/street/snapshot/{uuid4()}", JPEG)
        while await r.album.find(UUID(event), patience=0.01):  # noqa: ASYNC110 - it goes when the disk is done
            await asyncio.sleep(0.01)
        assert len(r.album) == 3
    assert len(list((tmp_path / "pictures").iterdir())) == 3
    again = await asyncio.to_thread(Album, tmp_path / "pictures", most=2 * len(JPEG), days=7)
    assert len(again) == 3


async def test_scenes_and_speech_are_told_by_the_cameras_name_here(tmp_path: Path) -> None:
    async with room(tmp_path) as r:
        with r.feed.listen(lambda camera: camera == "box-1:street") as page:
            track = {"id": 1, "label": "person", "box": [0.1, 0.2, 0.3, 0.4]}
            for camera in ("street", "yard"):
                r.hear(f"box-1/camera/{camera}/scene", {"camera": camera, "age": 0.1, "tracks": [track]})
                r.hear(f"box-1/camera/{camera}/speech", {"camera": camera, "state": "playing", "actor": "anne"})
            messages = await told(page)
        assert [(name, message["camera"]) for name, message in messages] == [
            ("scene", "box-1:street"),
            ("speech", "box-1:street"),
        ]
        assert messages[0][1]["tracks"][0]["face"] is None


EVENT = {"id": str(uuid4()), "type": "x", "time": "2026-11-24T10:00:00Z", "data": {"sequence": 1, "boot": "b"}}
GARBAGE: list[tuple[str, bytes]] = [
    ("box-1/status", b"{"),
    ("box-1/status", b'{"state": "burning"}'),
    ("box-1/info", b"[]"),
    ("box-1/info", encode({"cameras": [{"id": f"c{n}"} for n in range(257)]})),
    ("box-1/info", encode({"cameras": [{"id": "../etc"}]})),
    ("box-1/health", b"7"),
    ("box-1/health", b"x" * 300_000),
    ("box-1/camera/street/status", b'{"state": 1}'),
    ("box-1/camera/street/scene", b'{"camera": "street", "age": 0, "tracks": [{"id": 1}]}'),
    ("box-1/camera/street/scene", b'{"camera": "street", "age": NaN, "tracks": []}'),
    ("box-1/camera/street/event/x", b'{"data": {"sequence": 0, "boot": "b"}}'),
    ("box-1/camera/street/event/x", b'{"id": "1", "data": {"sequence": 1, "boot": "b"}}'),
    ("box-1/camera/street/event/x", encode(EVENT | {"time": "yesterday"})),
    ("box-1/camera/street/event/x", encode(EVENT | {"time": "2026-11-24T10:00:00"})),
    ("box-1/camera/street/event/x", encode(EVENT | {"type": {"kind": "x"}})),
    ("box-1/camera/street/event/x", encode(EVENT | {"type": "x" * 101})),
    ("box-1/camera/street/snapshot/1", JPEG),
    (f"box-1/camera/street/snapshot/{uuid4()}", JPEG + bytes(4 << 20)),
    (f"box-1/camera/street/snapshot/{uuid4()}", b"GIF89a"),
    ("BOX/status", encode(ONLINE)),
    ("box-1", b"{}"),
    ("box-1/camera/UP/status", b'{"state": "online"}'),
    ("box-1/camera", b"{}"),
    ("", b"{}"),
]


@pytest.mark.parametrize(("topic", "payload"), GARBAGE)
async def test_what_cannot_be_understood_changes_nothing(tmp_path: Path, topic: str, payload: bytes) -> None:
    async with room(tmp_path) as r:
        r.hear("box-1/camera/street/status", {"state": "online"})
        before = (r.town.boxes["box-1"].describe(), r.camera())
        r.hear(topic, payload)
        assert list(r.town.boxes) == ["box-1"]
        assert (r.town.boxes["box-1"].describe(), r.camera()) == before
        assert (r.chronicle.taken, len(r.album)) == (0, 0)


LEVELS = ["box-1", "camera", "street", "event", "x", "status", "", "+", "reply"]


@given(st.lists(st.sampled_from(LEVELS), max_size=6), st.binary())
def test_nothing_on_any_topic_raises(levels: list[str], payload: bytes) -> None:
    town = Town("edge/v1", Feed(), _Deaf(), _Deaf(), Clock(), replied=_nobody)  # type: ignore[arg-type] # as above
    town.hear("/".join(["edge", "v1", *levels]), payload, False)  # noqa: FBT003 - as the line calls it
