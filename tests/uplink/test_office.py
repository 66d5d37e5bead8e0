"""Commands that are typed in the control room, against a real broker and a real agent."""

import asyncio
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from edge_agent.aio.clock import Clock, SystemClock
from edge_agent.errors import PermanentError, TransientError
from edge_agent.uplink.office import ask, make_key, read_key
from edge_agent.uplink.settings import MqttSettings
from edge_agent.uplink.wire import ReplyMessage
from tests.agents import running, settings_for
from tests.peers.broker import Broker
from tests.uplink.test_tokens import Watch
from tests.uplink.town import AGENT, agent


@pytest.fixture
def key(tmp_path: Path) -> Path:
    make_key(tmp_path / "csu.pem")
    return tmp_path / "csu.pem"


async def typed(key: Path, broker: Broker, *words: str) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "edge_agent", "send", "--agent", "box", "--key", str(key), "--actor", "operator-7"]
    environment = os.environ | {"EDGE_MQTT__HOST": broker.host, "EDGE_MQTT__PORT": str(broker.port)}
    done = await asyncio.to_thread(
        subprocess.run, [*command, *words], env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


async def test_a_typed_command_reaches_an_agent_and_its_answer_is_printed(
    broker: Broker, tmp_path: Path, key: Path
) -> None:
    settings = settings_for(
        tmp_path,
        broker,
        {"street": {"source": {"kind": "file", "path": str(tmp_path / "none.mp4")}}},
        mqtt={"host": broker.host, "port": broker.port, "commands": {"keys": [str(key.with_suffix(".pub.pem"))]}},
    )
    async with running(settings) as box:
        async with asyncio.timeout(20):
            await box.uplink.connected.wait()
        wanted = ("boot=" + box.outbox.boot, "first:=1", "last:=5")
        code, said, errors = await typed(key, broker, "--command", "events.replay", *wanted)
        assert code == 0, errors
        assert set(json.loads(said)["result"]) == {"again", "waiting"}
        code, said, _ = await typed(key, broker, "--command", "talkdown.play", "camera=street", "message=mask")
        assert (code, json.loads(said)["code"]) == (1, "no_speaker")
        audits = [event["data"] for event in box.journal.recent(50) if event["type"] == "edge.v1.audit"]
        assert [(data["actor"], data["action"]) for data in audits] == [("operator-7", "events.replay")]  # type: ignore[index] # an envelope's data


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
async def test_it_works_with_either_version(broker: Broker, tmp_path: Path, key: Path, protocol: str) -> None:
    async with agent(broker, tmp_path, keys=(str(key.with_suffix(".pub.pem")),), protocol=protocol) as box:
        await box.online()
        answer = await asked(broker, key, protocol=protocol)
        assert (answer.ok, answer.result) == (True, {"did": "talkdown.play", "for": "operator-7"})


async def test_an_agent_that_is_offline_or_silent_is_told_apart(broker: Broker, tmp_path: Path, key: Path) -> None:
    with pytest.raises(TransientError, match="no answer came within"):
        await asked(broker, key, within=0.5)
    async with agent(broker, tmp_path) as box:
        await box.online()
    with pytest.raises(TransientError, match="is offline: the agent ended"):
        await asked(broker, key)


async def test_a_broker_that_is_not_there_is_said(key: Path, broker: Broker) -> None:
    await asyncio.to_thread(broker.stop)
    with pytest.raises(TransientError, match="nobody answers at this port"):
        await asked(broker, key)


CLOCK = SystemClock()


async def test_clocks_that_are_days_apart_keep_nobody_from_being_obeyed(
    broker: Broker, tmp_path: Path, key: Path
) -> None:
    async with agent(broker, tmp_path, keys=(str(key.with_suffix(".pub.pem")),)) as box:
        await box.online()
        assert (await asked(broker, key, clock=Watch(now=60.0))).ok
        assert (await asked(broker, key, clock=Watch(now=4e9))).ok


async def asked(
    broker: Broker, key: Path, *, within: float = 20.0, protocol: str = "5", clock: Clock = CLOCK
) -> ReplyMessage:
    settings = MqttSettings.model_validate({"host": broker.host, "port": broker.port, "protocol": protocol})
    who = {"key": await asyncio.to_thread(read_key, key), "actor": "operator-7", "clock": clock}
    return await ask(settings, AGENT, "talkdown.play", {"camera": "street"}, within=within, **who)  # type: ignore[arg-type] # named just above


def test_a_key_is_for_its_owner_alone_and_never_overwritten(key: Path) -> None:
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    with pytest.raises(PermanentError, match="not there yet"):
        make_key(key)


def test_a_key_of_another_kind_is_refused(tmp_path: Path, key: Path) -> None:
    with pytest.raises(PermanentError, match="provision key"):
        read_key(key.with_suffix(".pub.pem"))
    with pytest.raises(PermanentError, match="provision key"):
        read_key(tmp_path / "none.pem")
