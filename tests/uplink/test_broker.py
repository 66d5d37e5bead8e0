"""Ways to a broker: WebSocket, token, fallbacks; what is said beside a message; two boxes with one name."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from edge_agent.errors import PermanentError
from edge_agent.uplink import presence, rivals
from edge_agent.uplink.errors import TakenOver
from edge_agent.values.event import Degradation
from edge_agent.values.ids import CameraId
from tests.events.test_outbox import alarm, notice, statistic
from tests.peers.broker import Broker
from tests.peers.peer import free_port
from tests.uplink.town import ROOT, Place, agent, consumer, until

STREET = CameraId("street")
MakeBroker = Callable[..., Broker]


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
async def test_a_websocket_does_as_well(make_broker: MakeBroker, tmp_path: Path, protocol: str) -> None:
    port = free_port()
    broker = make_broker(settings=f"listener {port} 127.0.0.1\nprotocol websockets")
    async with consumer(broker) as csu, agent(Place(port), tmp_path, protocol=protocol, websocket="/mqtt") as box:
        told = [await box.journal.tell(STREET, notice(str(number)), bytes(20_000)) for number in range(30)]
        await csu.until(lambda: len(csu.messages) == 61)
        assert [event["id"] for event in csu.events] == [str(event.id) for event in told]
        assert box.uplink.where.endswith("/mqtt")
        await asyncio.to_thread(broker.stop)
        await until(lambda: box.uplink.trouble)
        await asyncio.to_thread(broker.start)
        await box.journal.tell(STREET, notice("after"))
        await csu.until(lambda: len(csu.events) == 31)


async def test_a_websocket_with_tls_does_too(make_broker: MakeBroker, tmp_path: Path) -> None:
    port, csu_files = free_port(), Path(__file__).parents[2] / "deploy" / "csu" / "certificates"
    making = await asyncio.create_subprocess_exec(csu_files, tmp_path / "certs", "127.0.0.1", stdout=-3)
    assert await making.wait() == 0
    lines = (f"listener {port} 127.0.0.1", "protocol websockets", f"certfile {tmp_path}/certs/broker.pem")
    make_broker(settings="\n".join((*lines, f"keyfile {tmp_path}/certs/broker.key")))
    ca = {"ca": str(tmp_path / "certs" / "ca.pem")}
    async with agent(Place(port), tmp_path, websocket="/mqtt", tls=ca) as box:
        await box.journal.tell(STREET, notice())
        await until(lambda: box.uplink.published == 1)


async def test_a_websocket_where_there_is_none_is_said(broker: Broker, tmp_path: Path) -> None:
    async with agent(broker, tmp_path, websocket="/mqtt") as box:
        await until(lambda: box.uplink.trouble)
        assert "mqtt.websocket" in str(box.uplink.trouble)


async def test_a_token_is_the_password_and_is_read_again_for_each_connection(
    make_broker: MakeBroker, tmp_path: Path
) -> None:
    token, broker = tmp_path / "token", make_broker(users={"box": "first.token.x"})
    token.write_text("first.token.x\n")
    async with agent(broker, tmp_path, username="box", token=str(token)) as box:
        await box.online()
        await asyncio.to_thread(broker.stop)
        token.write_text("old")
        await asyncio.to_thread(broker.start)
        await until(lambda: isinstance(box.uplink.trouble, PermanentError))
        token.unlink()
        await until(lambda: "cannot be read" in str(box.uplink.trouble))
        token.write_text("first.token.x")
        await box.online()


async def test_a_fallback_is_spoken_to_while_the_first_is_away_and_left_when_it_is_back(
    make_broker: MakeBroker, tmp_path: Path
) -> None:
    first, second = make_broker(), make_broker()
    await asyncio.to_thread(first.stop)
    fallbacks = [{"host": second.host, "port": second.port}]
    async with agent(first, tmp_path, fallbacks=fallbacks, return_after=1) as box:
        async with consumer(second, "second") as csu:
            await box.journal.tell(STREET, notice("to the second"))
            await csu.until(lambda: len(csu.events) == 1)
            assert box.uplink.where.endswith(str(second.port))
            await asyncio.to_thread(first.start)
            await csu.until(lambda: csu.on(f"{ROOT}/status")[-1]["state"] == "offline")
            assert csu.on(f"{ROOT}/status")[-1]["reason"] == f"the agent went over to 127.0.0.1:{first.port}"
        async with consumer(first) as csu:
            await box.journal.tell(STREET, notice("to the first"))
            await csu.until(lambda: len(csu.events) == 1)
            assert csu.on(f"{ROOT}/status")[-1]["state"] == "online"
            await asyncio.to_thread(first.kill)
        await until(lambda: box.uplink.where.endswith(str(second.port)))


async def test_what_no_broker_answers_is_said_of_the_first(make_broker: MakeBroker, tmp_path: Path) -> None:
    first, second = make_broker(), make_broker()
    for broker in (first, second):
        await asyncio.to_thread(broker.stop)
    async with agent(first, tmp_path, fallbacks=[{"host": second.host, "port": second.port}]) as box:
        await until(lambda: box.uplink.trouble)
        assert f":{first.port}" in str(box.uplink.trouble)


async def test_version_severity_and_expiry_are_said_beside_each_event(broker: Broker, tmp_path: Path) -> None:
    async with (
        aiomqtt.Client(broker.host, broker.port, protocol=aiomqtt.ProtocolVersion.V5) as client,
        agent(broker, tmp_path) as box,
    ):
        await client.subscribe(f"{ROOT}/camera/#", qos=1)
        for data in (statistic(), notice(), alarm()):
            await box.journal.tell(STREET, data, b"jpeg" if data.severity == 2 else None)
        async with asyncio.timeout(5):
            found: list[Any] = [(await anext(client.messages)).properties for _ in range(4)]
        severities = [dict(each.UserProperty)["severity"] for each in found[-4:] if hasattr(each, "UserProperty")]
        assert sorted(severities) == ["alarm", "notice", "statistic"]
        assert {dict(each.UserProperty)["schema"] for each in found if hasattr(each, "UserProperty")} == {"1.0"}
        assert all(30 * 86_400 - 60 < each.MessageExpiryInterval <= 30 * 86_400 for each in found)
        assert "image/jpeg" in {each.ContentType for each in found}


async def test_a_status_that_somebody_overwrote_is_true_again_with_the_next_one(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "_AGAIN_EVERY", 0.5)
    async with consumer(broker) as csu, agent(broker, tmp_path) as box:
        await box.online()
        async with aiomqtt.Client(broker.host, broker.port) as late:
            await late.publish(f"{ROOT}/status", json.dumps({"state": "offline"}), qos=1, retain=True)
        await csu.until(lambda: {"state": "offline"} in csu.on(f"{ROOT}/status"))
        before = len(csu.on(f"{ROOT}/status"))
        await csu.until(lambda: len(csu.on(f"{ROOT}/status")) > before)
        assert csu.on(f"{ROOT}/status")[-1]["state"] == "online"
        assert box.uplink.connections == 1


async def test_a_broker_that_answers_pings_but_takes_nothing_is_left_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As behind a proxy that keeps the connection, or in a cluster that parted."""
    monkeypatch.setattr(presence, "_AGAIN_EVERY", 0.5)
    connects = 0

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connects
        connects += 1
        published = 0
        try:
            while True:
                kind = (await reader.readexactly(1))[0] >> 4
                size = shift = 0
                while True:
                    (byte,) = await reader.readexactly(1)
                    size, shift = size | (byte & 127) << shift, shift + 7
                    if byte < 128:
                        break
                body = await reader.readexactly(size)
                published += kind == 3
                if kind == 1:
                    writer.write(b"\x20\x03\x00\x00\x00")
                elif kind == 8:
                    writer.write(b"\x90\x05" + body[:2] + b"\x00\x01\x01")
                elif kind == 3 and published == 1:  # the birth; nothing after it
                    at = 2 + int.from_bytes(body[:2])
                    writer.write(b"\x40\x02" + body[at : at + 2])
                elif kind == 12:
                    writer.write(b"\xd0\x00")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(deaf, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, agent(Place(port), tmp_path, keepalive=5) as box:
        await box.online()
        begun = asyncio.get_running_loop().time()
        await until(lambda: connects > 1)
        assert asyncio.get_running_loop().time() - begun < 0.5 + 5 + 2
        await box.journal.tell(STREET, notice())
        assert box.outbox.depth == 1


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
async def test_two_boxes_with_one_name_say_so_and_do_not_fight(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protocol: str
) -> None:
    monkeypatch.setattr(rivals, "_FIRST", 6.0)
    told = list[Degradation]()

    async def tell(news: Degradation) -> None:
        told.append(news)

    async with (
        consumer(broker) as csu,
        agent(broker, tmp_path / "one", protocol=protocol, tell=tell) as one,
        agent(broker, tmp_path / "two", protocol=protocol, tell=tell) as two,
    ):
        given = [await box.journal.tell(STREET, notice(str(number))) for number in range(5) for box in (one, two)]
        await until(lambda: told)
        assert (told[0].part, told[0].degraded) == ("identity", True)
        assert "agent.id" in told[0].remedy
        loser, winner = (one, two) if isinstance(one.uplink.trouble, TakenOver) else (two, one)
        assert isinstance(loser.uplink.trouble, TakenOver)
        await winner.online()
        fewest = one.uplink.connections + two.uplink.connections
        await asyncio.sleep(1)
        assert one.uplink.connections + two.uplink.connections == fewest, "it gives way"
        await csu.until(lambda: len(csu.events) == 10)
        assert {event["id"] for event in csu.events} == {str(event.id) for event in given}, "both deliver in turn"


def test_the_name_is_said_to_be_ones_own_again_after_hours_alone() -> None:
    import random  # noqa: PLC0415

    from tests.uplink.test_tokens import Watch  # noqa: PLC0415

    watch = Watch()
    judge = rivals.Rivals(watch, random.Random(1))  # noqa: S311 - jitter
    waits = []
    for _ in range(6):
        wait, news = judge.taken(TakenOver("taken"))
        waits.append(wait)
        assert (news is not None) is (len(waits) == 1)
        watch.up += wait
        assert judge.alone() is None
    assert 150 <= waits[0] <= 300
    assert 1800 <= waits[-1] <= 3600
    watch.up += 7200
    assert judge.alone() == Degradation("identity", degraded=False)
    assert judge.alone() is None
