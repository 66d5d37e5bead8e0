"""Commands that only the control room has, through the whole agent; and what each answers fits its schema."""

import asyncio
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiomqtt
import cv2
import jsonschema
import numpy as np
import pytest

from edge_agent.results import RESULTS
from tests.agents import Ear, listening, running, settings_for
from tests.peers.broker import Broker
from tests.peers.clips import Clip

LEFT = [[[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]]
BOX = "edge/v1/box"


def street(clip: Clip) -> dict[str, Any]:
    return {"street": {"source": {"kind": "file", "path": str(clip.file())}, "privacy": {"masks": LEFT}}}


async def answer(ear: Ear, name: str, **arguments: object) -> dict[str, Any]:
    identity = uuid4().hex
    await ear.command(name, {"id": identity, "arguments": arguments})
    told = await ear.next(f"reply/{identity}")
    if told["ok"]:
        jsonschema.Draft202012Validator(RESULTS[name].model_json_schema()).validate(told["result"])
    return told


async def test_a_snapshot_is_the_masked_picture_of_this_moment_and_is_audited(
    tmp_path: Path, broker: Broker, clip: Clip
) -> None:
    settings = settings_for(tmp_path, broker, street(clip))
    async with (
        aiomqtt.Client(broker.host, broker.port) as client,
        listening(broker) as ear,
        running(settings) as agent,
    ):
        await client.subscribe(f"{BOX}/camera/street/snapshot/+", qos=1)
        await ear.next("camera/street/status", state="online")
        told = await answer(ear, "snapshot.take", camera="street")
        assert told["ok"], told
        event = await ear.next("camera/street/event/snapshot.taken", id=told["result"]["event"])
        assert event["data"]["snapshot"]
        message = await anext(client.messages)
        assert str(message.topic) == told["result"]["topic"]
        assert isinstance(message.payload, bytes)
        picture = cv2.imdecode(np.frombuffer(message.payload, np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None
        width = picture.shape[1]
        assert picture[:, : width // 2 - 8].max() < 40, "the mask is burned in"
        assert picture[:, width // 2 + 8 :].max() > 100
        audit = await ear.next("event/audit", action="snapshot.take")
        assert (audit["actor"], audit["camera"]) == ("unsigned", "street")
        assert (await answer(ear, "snapshot.take", camera="nowhere"))["code"] == "camera_unknown"
        assert (await answer(ear, "config.show"))["ok"]
        assert (await answer(ear, "events.replay", boot=agent.outbox.boot, first=1, last=1))["ok"]


async def test_where_no_picture_may_leave_the_box_a_snapshot_is_refused(
    tmp_path: Path, broker: Broker, clip: Clip
) -> None:
    settings = settings_for(tmp_path, broker, street(clip), policy={"profile": "fr-public-space"})
    async with listening(broker) as ear, running(settings):
        await ear.next("camera/street/status", state="online")
        told = await answer(ear, "snapshot.take", camera="street")
        assert (told["ok"], told["code"]) == (False, "policy")


async def test_an_agent_ends_when_it_is_told_to_restart_but_only_where_somebody_starts_it_again(
    tmp_path: Path, broker: Broker, clip: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = asyncio.Event()
    monkeypatch.setattr("signal.raise_signal", lambda _: left.set())
    monkeypatch.setattr("edge_agent.orders._is_supervised", lambda: False)
    for supervised in (False, True):
        box = {"id": "box", "state": str(tmp_path / "state"), "log_level": "warning", "supervised": supervised}
        settings = settings_for(tmp_path, broker, street(clip), agent=box)
        async with listening(broker) as ear, running(settings):
            await ear.next("status", state="online")
            told = await answer(ear, "agent.restart")
            assert told["ok"] is supervised, json.dumps(told)
            if supervised:
                async with asyncio.timeout(10):
                    await left.wait()
                await ear.next("event/audit", action="agent.restart")
            else:
                assert told["code"] == "unsupervised"
                assert not left.is_set()
