"""The bridge as it is shipped, between two real mosquitto: what crosses it, what it keeps while the line is away."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.test_csu import CSU, Town, bytes_of, heard, town
from tests.events.test_outbox import notice
from tests.peers.peer import Peer, free_port
from tests.uplink.town import ROOT, Office, Place, agent, until

__all__ = ["town"]
KEPT = {"identifier": "office", "clean_session": False}


@pytest.fixture
def near(town: Town, tmp_path: Path) -> Iterator[tuple[Place, Peer]]:
    """The broker beside the boxes, its bridge towards the control room's."""
    place = Place(free_port())
    bridge = (CSU / "bridge.conf").read_text()
    for old, new in {
        "/etc/mosquitto/certs/": f"{town.folder}/",
        "/var/lib/mosquitto/": f"{tmp_path}/",
        "broker.town.example:8884": f"{town.host}:{town.with_certificates}",
        "restart_timeout 2 30": "restart_timeout 1",
    }.items():
        assert old in bridge
        bridge = bridge.replace(old, new)
    listening = f"listener {place.port} {place.host}\nallow_anonymous true\nuser root\nlog_dest stderr\n"
    (tmp_path / "near.conf").write_text(listening + bridge)
    with Peer(["mosquitto", "-c", str(tmp_path / "near.conf")], tmp_path / "near.log") as broker:
        broker.wait_for_port(place.port)
        yield place, broker


async def test_events_cross_and_commands_come_back_and_an_outage_loses_none(
    town: Town, near: tuple[Place, Peer], tmp_path: Path
) -> None:
    office = Office()
    async with agent(near[0], tmp_path, keys=(office.public,)) as box:
        await box.online()
        async with town.client("csu", **KEPT) as csu:
            await csu.subscribe("edge/v1/#", qos=1)
            assert (await heard(csu, f"{ROOT}/status"))["state"] == "online"
            await box.journal.tell(None, notice("before"))
            assert (await heard(csu, f"{ROOT}/event/audit"))["data"]["detail"] == "before"
            command = {"id": "1", "token": office.token("talkdown.play:street"), "arguments": {"camera": "street"}}
            await csu.publish(f"{ROOT}/command/talkdown.play", json.dumps(command), qos=1)
            assert (await heard(csu, f"{ROOT}/reply/1"))["ok"]
        await asyncio.to_thread(town.broker.stop)
        for first in range(1, 1501, 250):  # more than mosquitto keeps by itself
            await asyncio.gather(*(box.journal.tell(None, notice(str(first + each))) for each in range(250)))
        await until(lambda: box.outbox.depth == 0)  # the near broker has them all
        await asyncio.to_thread(town.start)
        async with town.client("csu", **KEPT) as csu:
            details, missing = list[str](), {str(number) for number in range(1, 1501)}
            async with asyncio.timeout(30):
                while missing:
                    message = await anext(csu.messages)
                    if message.topic.matches(f"{ROOT}/event/audit"):
                        details.append(json.loads(bytes_of(message))["data"]["detail"])
                        missing.discard(details[-1])
        assert list(dict.fromkeys(details)) == sorted(details, key=int), "once and in order"


async def test_the_control_room_is_told_when_the_bridge_is_lost(town: Town, near: tuple[Place, Peer]) -> None:
    async with town.client("csu") as csu, asyncio.timeout(20):
        await csu.subscribe("bridge/hall-1", qos=1)
        while bytes_of(await anext(csu.messages)) != b"1":
            continue
        await asyncio.to_thread(near[1].kill)
        assert bytes_of(await anext(csu.messages)) == b"0"
