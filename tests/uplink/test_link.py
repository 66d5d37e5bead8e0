"""The uplink against a real broker: nothing lost, in order, and the status is true."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_agent.errors import PermanentError
from edge_agent.events.replay import Replayed, Sequences
from edge_agent.uplink.connection import IN_FLIGHT
from edge_agent.values.ids import CameraId
from tests.events.test_outbox import alarm, notice, statistic
from tests.peers.broker import Broker
from tests.uplink.town import AGENT, ROOT, agent, consumer, until

STREET = CameraId("street")

BOTH = pytest.mark.parametrize("protocol", ["5", "3.1.1"])


@BOTH
async def test_an_event_arrives_with_its_picture_after_it(broker: Broker, tmp_path: Path, protocol: str) -> None:
    async with consumer(broker) as csu, agent(broker, tmp_path, protocol=protocol) as box:
        told = await box.journal.tell(STREET, notice(), b"\xff\xd8jpeg")
        await csu.until(lambda: len(csu.messages) >= 3)
        topics = [message.topic.value for message in csu.messages]
        assert topics == [
            f"{ROOT}/status",
            f"{ROOT}/camera/street/event/audit",
            f"{ROOT}/camera/street/snapshot/{told.id}",
        ]
        assert csu.messages[2].payload == b"\xff\xd8jpeg"
        assert csu.events[0]["data"]["snapshot"] is True
        await until(lambda: box.outbox.depth == 0)
        assert box.uplink.published == 1


@BOTH
async def test_200_events_through_an_outage_of_6_seconds_all_arrive_in_order_with_their_own_times(
    broker: Broker, tmp_path: Path, protocol: str
) -> None:
    async with consumer(broker) as csu, agent(broker, tmp_path, protocol=protocol) as box:
        await box.online()
        told = []
        for number in range(200):
            if number == 60:  # asked to leave: one that is killed may lose what it acknowledged, which is not ours
                await asyncio.to_thread(broker.stop)
            if number == 140:
                await asyncio.sleep(6)  # the outage is the subject
                await asyncio.to_thread(broker.start)
            told.append(await box.journal.tell(STREET if number % 3 else None, notice(str(number))))
            await asyncio.sleep(0.005)
        await csu.until(lambda: len(csu.events) >= 200, within=20)
        assert [event["id"] for event in csu.events] == [str(event.id) for event in told]
        assert [event["data"]["sequence"] for event in csu.events] == list(range(1, 201))
        assert csu.events[100]["time"][:19] == told[100].at.isoformat()[:19]
        assert box.uplink.connections == 2


async def test_an_alarm_arrives_ahead_of_statistics_that_waited_longer(
    make_broker: Callable[..., Broker], tmp_path: Path
) -> None:
    broker = make_broker()
    async with consumer(broker) as csu:
        await asyncio.to_thread(broker.stop)
        async with agent(broker, tmp_path) as box:
            for _ in range(200):
                await box.journal.tell(STREET, statistic())
            await box.journal.tell(STREET, alarm())
            await asyncio.to_thread(broker.start)
            await csu.until(lambda: len(csu.events) == 201)
        assert [event["data"]["sequence"] for event in csu.events] == [201, *range(1, 201)]


async def test_events_that_are_asked_for_again_come_again_as_they_were(broker: Broker, tmp_path: Path) -> None:
    async with consumer(broker) as csu, agent(broker, tmp_path) as box:
        for number in range(5):
            await box.journal.tell(STREET, notice(str(number)), b"jpeg" if number == 2 else None)
        await until(lambda: box.outbox.depth == 0)
        await csu.until(lambda: len(csu.messages) == 7)
        first = {message.topic.value: message.payload for message in csu.messages}
        assert await box.journal.replay(Sequences(box.outbox.boot, 2, 4)) == Replayed(again=3, waiting=0)
        await csu.until(lambda: len(csu.messages) == 11)
        assert [event["data"]["sequence"] for event in csu.on(f"{ROOT}/+/street/event/audit")[5:]] == [2, 3, 4]
        again = [message for message in csu.messages[7:] if "/snapshot/" in message.topic.value]
        assert [message.payload for message in again] == [first[again[0].topic.value]]
        assert len(csu.events) == 5, "the same ids: a consumer drops them"


async def test_a_broker_that_comes_late_gets_what_waited(
    make_broker: Callable[..., Broker], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broker = make_broker()
    broker.stop()
    async with agent(broker, tmp_path) as box:
        for _ in range(5):
            await box.journal.tell(None, notice())
        await until(lambda: box.uplink.failures >= 3)
        assert box.uplink.trouble is not None
        assert "nobody answers at this port" in box.uplink.trouble.reason
        assert caplog.text.count("no broker") == 1, "told once, not at each try"
        await asyncio.to_thread(broker.start)
        async with consumer(broker):
            await box.online()
            await until(lambda: box.uplink.published == 5)


async def test_states_are_kept_by_the_broker_and_told_again_to_a_new_one(
    make_broker: Callable[..., Broker], tmp_path: Path
) -> None:
    broker = make_broker(persistent=False)
    async with agent(broker, tmp_path) as box:
        box.uplink.retain("info", {"version": "1"})
        box.uplink.retain("camera/street/status", {"state": "offline"})
        box.uplink.retain("camera/street/status", {"state": "online"})
        await box.online()
        for _ in range(2):
            async with consumer(broker, "late") as csu:
                await csu.until(lambda csu=csu: len(csu.messages) >= 3)  # type: ignore[misc] # bound now
                assert csu.on(f"{ROOT}/status")[-1]["state"] == "online"
                assert csu.on(f"{ROOT}/info")[-1] == {"version": "1"}
                assert csu.on(f"{ROOT}/camera/street/status")[-1] == {"state": "online"}
            await asyncio.to_thread(broker.kill)
            await asyncio.to_thread(broker.start)


async def test_the_end_is_told_and_nobody_waits_for_it(broker: Broker, tmp_path: Path) -> None:
    async with consumer(broker) as csu:
        async with agent(broker, tmp_path) as box:
            await box.online()
        await csu.until(lambda: len(csu.on(f"{ROOT}/status")) == 2)
        told = csu.on(f"{ROOT}/status")[-1]
        assert (told["state"], told["reason"]) == ("offline", "the agent ended")


async def test_a_broker_that_hangs_does_not_keep_the_agent(broker: Broker, tmp_path: Path) -> None:
    async with agent(broker, tmp_path) as box:
        await box.online()
        broker.freeze()
        begun = time.monotonic()
    broker.thaw()
    assert time.monotonic() - begun < 2.5


async def test_a_broker_that_hangs_while_connecting_does_not_keep_the_agent(broker: Broker, tmp_path: Path) -> None:
    broker.freeze()
    async with agent(broker, tmp_path):
        await asyncio.sleep(0.3)
        begun = time.monotonic()
    broker.thaw()
    assert time.monotonic() - begun < 2.5


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from edge_agent.values.ids import CameraId
from tests.events.test_outbox import notice
from tests.uplink.town import agent

class Address:
    host, port = "127.0.0.1", int(sys.argv[2])

async def main() -> None:
    async with agent(Address(), Path(sys.argv[1])) as box:
        if sys.argv[3] == "online":
            await box.online()
            print("online", flush=True)
            await asyncio.sleep(60)
        for number in range(10):
            await box.journal.tell(CameraId("street"), notice(str(number)))
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


def lonely_agent(folder: Path, port: int, what: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", KILLED, str(folder), str(port), what]
    return subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True)


async def test_an_agent_that_is_killed_before_it_could_publish_delivers_after_its_restart(
    broker: Broker, tmp_path: Path
) -> None:
    await asyncio.to_thread(broker.stop)
    with await asyncio.to_thread(lonely_agent, tmp_path, broker.port, "offline") as process:
        assert await asyncio.to_thread(process.wait) == -9
    await asyncio.to_thread(broker.start)
    async with consumer(broker) as csu, agent(broker, tmp_path) as box:
        await box.journal.tell(STREET, notice("after"))
        await csu.until(lambda: len(csu.events) == 11)
        assert [event["data"]["detail"] for event in csu.events] == [*map(str, range(10)), "after"]
        assert len({event["data"]["boot"] for event in csu.events}) == 2


async def test_the_broker_tells_the_end_of_an_agent_that_is_killed(broker: Broker, tmp_path: Path) -> None:
    async with consumer(broker) as csu:
        with await asyncio.to_thread(lonely_agent, tmp_path, broker.port, "online") as process:
            assert process.stdout is not None
            await asyncio.to_thread(process.stdout.readline)
            process.kill()
            await asyncio.to_thread(process.wait)
        await csu.until(lambda: len(csu.on(f"{ROOT}/status")) == 2)
        assert csu.on(f"{ROOT}/status")[-1]["reason"] == "the connection was lost"


async def test_wrong_credentials_are_said_with_their_remedy(make_broker: Callable[..., Broker], tmp_path: Path) -> None:
    broker = make_broker(users={"box": "right"})
    async with agent(broker, tmp_path, username="box", password="wrong") as box:  # noqa: S106
        await until(lambda: box.uplink.trouble)
        assert isinstance(box.uplink.trouble, PermanentError)
        assert "mqtt.password" in box.uplink.trouble.remedy
        assert "wrong" not in str(box.uplink.trouble)


async def test_what_the_acl_refuses_is_kept_until_it_is_allowed(
    make_broker: Callable[..., Broker], tmp_path: Path
) -> None:
    rules = f"topic readwrite {ROOT}/status\ntopic read {ROOT}/command/+\n"
    broker = make_broker(acl=rules)
    async with agent(broker, tmp_path) as box:
        await box.journal.tell(STREET, notice())
        await until(lambda: box.uplink.trouble)
        assert isinstance(box.uplink.trouble, PermanentError)
        assert "ACL" in box.uplink.trouble.remedy
        assert (box.outbox.depth, box.uplink.published) == (1, 0)


async def test_reports_go_out_when_connected_and_are_forgotten_otherwise(broker: Broker, tmp_path: Path) -> None:
    async with consumer(broker) as csu, agent(broker, tmp_path) as box:
        await box.uplink.report("health", {"load": 0.5})
        await box.online()
        await box.uplink.report("health", {"load": 0.75})
        await csu.until(lambda: len(csu.on(f"{ROOT}/health")) == 1)
        assert csu.on(f"{ROOT}/health") == [{"load": 0.75}]


async def test_no_more_than_twenty_are_in_flight(broker: Broker, tmp_path: Path) -> None:
    async with agent(broker, tmp_path) as box:
        await box.online()
        broker.freeze()
        for _ in range(3 * IN_FLIGHT):
            await box.journal.tell(STREET, notice())
        await asyncio.sleep(0.3)
        assert box.uplink._connection is not None
        assert len(list(box.uplink._connection._pending_calls)) <= IN_FLIGHT
        broker.thaw()
        await until(lambda: box.uplink.published == 3 * IN_FLIGHT)


def test_the_agent_of_the_tests_has_the_name_of_the_topics() -> None:
    assert ROOT.endswith(AGENT)
