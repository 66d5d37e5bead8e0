"""Commands over a real broker: obeyed once, answered once, refused when anything is wrong."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiomqtt
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge_agent.errors import AgentError, TransientError
from edge_agent.uplink.commands import Commands, Incoming
from edge_agent.uplink.topics import Topics
from edge_agent.uplink.wire import LARGEST
from edge_agent.values.command import Command, Reply
from tests.peers.broker import Broker
from tests.uplink.town import AGENT, ROOT, Agent, Consumer, Office, agent, consumer, echo, pem, until

PLAY = "talkdown.play"


class Desk:
    """Asks over the broker and waits for the answer."""

    def __init__(self, client: aiomqtt.Client, csu: Consumer, office: Office, box: Agent) -> None:
        self.client = client
        self.csu = csu
        self.office = office
        self.box = box

    async def send(self, name: str, payload: bytes | dict[str, Any], **options: Any) -> None:
        content = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        await self.client.publish(f"{ROOT}/command/{name}", content, qos=1, **options)

    async def ask(self, identity: str, token: str, name: str = PLAY, **arguments: object) -> dict[str, Any]:
        topic = f"{ROOT}/reply/{identity}"
        before = len(self.csu.on(topic))
        await self.send(name, {"id": identity, "token": token, "arguments": {"camera": "street"} | arguments})
        await self.csu.until(lambda: len(self.csu.on(topic)) > before)
        answer: dict[str, Any] = self.csu.on(topic)[-1]
        return answer

    async def counted(self, code: str, times: int = 1) -> None:
        await until(lambda: self.box.uplink.counts.get(code, 0) == times)


@asynccontextmanager
async def desk(broker: Broker, folder: Path, *, newest: bool = True, **options: Any) -> AsyncIterator[Desk]:
    office = Office()
    version = aiomqtt.ProtocolVersion.V5 if newest else aiomqtt.ProtocolVersion.V311
    protocol = "5" if newest else "3.1.1"
    keys = options.pop("keys", (office.public,))
    async with (
        consumer(broker) as csu,
        agent(broker, folder, keys=keys, protocol=protocol, **options) as box,
        aiomqtt.Client(broker.host, broker.port, protocol=version) as client,
    ):
        await box.online()
        yield Desk(client, csu, office, box)


@pytest.mark.parametrize("newest", [True, False])
async def test_a_signed_command_is_obeyed_and_answered(broker: Broker, tmp_path: Path, newest: bool) -> None:  # noqa: FBT001
    async with desk(broker, tmp_path, newest=newest) as d:
        answer = await d.ask("1", d.office.token(f"{PLAY}:street"))
        assert answer == {"id": "1", "ok": True, "result": {"did": PLAY, "for": "operator-7"}}
        assert d.box.uplink.counts == {"ok": 1}


async def test_a_p256_key_may_sign_too(broker: Broker, tmp_path: Path) -> None:
    key = generate_private_key(SECP256R1())
    async with desk(broker, tmp_path, keys=(Office().public, pem(key))) as d:
        answer = await d.ask("1", d.office.token(f"{PLAY}:*", key=key, algorithm="ES256"))
        assert answer["ok"]


async def test_the_response_topic_gets_the_answer_with_its_correlation_data(broker: Broker, tmp_path: Path) -> None:
    async with desk(broker, tmp_path) as d:
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.ResponseTopic = f"{ROOT}/reply/desk-4/x"
        properties.CorrelationData = b"\x00\x01"
        await d.client.subscribe(f"{ROOT}/reply/desk-4/#", qos=1)
        token = d.office.token(f"{PLAY}:*")
        await d.send(PLAY, {"id": "1", "token": token}, properties=properties)
        async with asyncio.timeout(5):
            message = await anext(d.client.messages)
        assert message.topic.value == f"{ROOT}/reply/desk-4/x"
        assert getattr(message.properties, "CorrelationData", None) == b"\x00\x01"
        assert not d.csu.on(f"{ROOT}/reply/1"), "answered once, there"


async def test_a_response_topic_elsewhere_is_not_written_to(broker: Broker, tmp_path: Path) -> None:
    async with desk(broker, tmp_path) as d:
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.ResponseTopic = f"{ROOT}/status"
        await d.send(PLAY, {"id": "1", "token": d.office.token(f"{PLAY}:*")}, properties=properties)
        await d.csu.until(lambda: bool(d.csu.on(f"{ROOT}/reply/1")))
        assert len(d.csu.on(f"{ROOT}/status")) == 1


async def test_the_same_command_again_gets_the_same_answer_and_is_not_done_twice(
    broker: Broker, tmp_path: Path
) -> None:
    done: list[str] = []

    async def obey(command: Command) -> Reply:
        done.append(command.id)
        return Reply(command.id, ok=True, result={"times": len(done)})

    async with desk(broker, tmp_path, obey=obey) as d:
        token = d.office.token(f"{PLAY}:*")
        answers = [await d.ask("1", token), await d.ask("1", token), await d.ask("1", d.office.token(f"{PLAY}:*"))]
        assert [answer["result"] for answer in answers] == [{"times": 1}] * 3
        other = await d.ask("1", d.office.token(f"{PLAY}:*"), text="something else")
        assert (other["ok"], other["code"]) == (False, "conflict")
        assert done == ["1"]


async def test_tokens_that_are_not_good_are_refused_with_the_reason(broker: Broker, tmp_path: Path) -> None:
    refusals: list[tuple[str, str, str]] = []

    async def refused(name: str, actor: str, exc: AgentError) -> None:
        refusals.append((name, actor, exc.code))

    async with desk(broker, tmp_path, refused=refused) as d:
        token, now = d.office.token, int(time.time())
        play = f"{PLAY}:street"
        used = token(play)
        assert (await d.ask("good", used))["ok"]
        claims = {"aud": AGENT, "sub": "x", "jti": "j", "iat": now, "exp": now + 60, "scope": play}
        public = d.office.public.encode()
        cases = {
            "replayed": ("replayed", used),
            "forged": ("unauthorised", token(play, key=Ed25519PrivateKey.generate())),
            "no-algorithm": ("unauthorised", jwt.encode(claims, "", algorithm="none")),
            "secret": ("unauthorised", _hs256(claims, public)),
            "wrong-kind": ("unauthorised", token(play, key=generate_private_key(SECP256R1()), algorithm="ES256")),
            "expired": ("expired", token(play, exp=now - 1)),
            "of-the-run-before": ("expired", token(play, iat=now - 3600)),
            "long-lived": ("unauthorised", token(play, exp=now + 3600)),
            "eternal": ("unauthorised", token(play, exp=None)),
            "no-jti": ("unauthorised", token(play, jti=None)),
            "for-another": ("wrong_audience", token(play, aud="mairie-4")),
            "for-anybody": ("unauthorised", token(play, aud=None)),
            "other-camera": ("forbidden", token(f"{PLAY}:square")),
            "other-action": ("forbidden", token("live.open:*")),
            "no-scope": ("unauthorised", token(None)),
            "garbage": ("unauthorised", "no.token.at-all"),
            "none": ("unauthorised", ""),
        }
        for identity, (code, bad) in cases.items():
            answer = await d.ask(identity, bad)
            assert (answer["ok"], answer["code"]) == (False, code), identity
            assert answer["message"]
            assert answer["remedy"]
        assert d.box.uplink.counts["ok"] == 1
        await until(lambda: {code for _, _, code in refusals} == {code for code, _ in cases.values()})
        assert (PLAY, "operator-7", "replayed") in refusals, "a trusted key says who it was"
        assert (PLAY, "operator-7", "forbidden") in refusals
        assert (PLAY, "operator-7", "wrong_audience") in refusals
        assert (PLAY, "", "unauthorised") in refusals


def _hs256(claims: dict[str, object], public: bytes) -> str:
    """The classic confusion: the public key as an HMAC secret."""
    import base64  # noqa: PLC0415
    import hashlib  # noqa: PLC0415
    import hmac  # noqa: PLC0415

    def part(content: bytes) -> bytes:
        return base64.urlsafe_b64encode(content).rstrip(b"=")

    head = part(b'{"alg":"HS256","typ":"JWT"}') + b"." + part(json.dumps(claims).encode())
    return (head + b"." + part(hmac.new(public, head, hashlib.sha256).digest())).decode()


async def test_an_agent_without_keys_obeys_nobody(broker: Broker, tmp_path: Path) -> None:
    async with desk(broker, tmp_path, keys=()) as d:
        answer = await d.ask("1", d.office.token(f"{PLAY}:*"))
        assert answer["code"] == "unauthorised"
        assert "mqtt.commands.keys" in answer["remedy"]


async def test_a_demonstration_on_loopback_needs_no_token(broker: Broker, tmp_path: Path) -> None:
    async with desk(broker, tmp_path, commands={"unsigned_on_loopback": True}) as d:
        assert (await d.ask("1", ""))["result"]["for"] == "unsigned"


@pytest.mark.parametrize("newest", [True, False])
async def test_what_is_too_large_is_refused_and_the_agent_goes_on(broker: Broker, tmp_path: Path, newest: bool) -> None:  # noqa: FBT001
    async with desk(broker, tmp_path, newest=newest) as d:
        for size in (LARGEST + 1, 10_000_000):
            await d.send(PLAY, b'{"id": "big", "token": "' + b"x" * size)
        assert (await d.ask("1", d.office.token(f"{PLAY}:*")))["ok"]
        # To a client of MQTT 5 the broker hands on only what fits the packet size that it asked for.
        assert d.box.uplink.counts["too_large"] == (1 if newest else 2)
        assert d.box.uplink.connections == 1


async def test_malformed_commands_are_answered_where_they_have_an_id_and_counted(
    broker: Broker, tmp_path: Path
) -> None:
    async with desk(broker, tmp_path) as d:
        for payload in (b"", b"\xff", b"[]", b"{}", b"[" * 5000, b'{"id": "../../status"}', b'{"id": 7}'):
            await d.send(PLAY, payload)
        await d.counted("malformed", 7)
        assert not d.csu.on(f"{ROOT}/reply/#")
        for identity, extra in (("a", {"more": 1}), ("b", {"arguments": []}), ("c", {"arguments": {"camera": 4}})):
            await d.send(PLAY, {"id": identity} | extra)
            await d.csu.until(lambda identity=identity: bool(d.csu.on(f"{ROOT}/reply/{identity}")))  # type: ignore[misc]
            assert d.csu.on(f"{ROOT}/reply/{identity}")[0]["code"] == "malformed"
        assert (await d.ask("d", "", name="shell.run"))["code"] == "unknown_command"


async def test_a_retained_command_is_not_obeyed(broker: Broker, tmp_path: Path) -> None:
    office = Office()
    async with aiomqtt.Client(broker.host, broker.port) as client:
        command = json.dumps({"id": "1", "token": office.token(f"{PLAY}:*")})
        await client.publish(f"{ROOT}/command/{PLAY}", command, qos=1, retain=True)
    async with agent(broker, tmp_path, keys=(office.public,)) as box:
        await until(lambda: box.uplink.counts == {"retained": 1})


async def test_what_goes_wrong_while_obeying_is_the_answer(broker: Broker, tmp_path: Path) -> None:
    async def obey(command: Command) -> Reply:
        raise TransientError("the loudspeaker is busy", "try again", code="busy")

    async with desk(broker, tmp_path, obey=obey) as d:
        answer = await d.ask("1", d.office.token(f"{PLAY}:*"))
        assert answer == {
            "id": "1",
            "ok": False,
            "code": "busy",
            "message": "the loudspeaker is busy",
            "remedy": "try again",
        }


async def test_an_answer_outlives_the_connection_that_asked(broker: Broker, tmp_path: Path) -> None:
    asked, may_end = asyncio.Event(), asyncio.Event()

    async def obey(command: Command) -> Reply:
        asked.set()
        await may_end.wait()
        return await echo(command)

    office = Office()
    async with consumer(broker) as csu, agent(broker, tmp_path, keys=(office.public,), obey=obey) as box:
        await box.online()
        async with aiomqtt.Client(broker.host, broker.port) as client:
            command = json.dumps({"id": "1", "token": office.token(f"{PLAY}:*")})
            await client.publish(f"{ROOT}/command/{PLAY}", command, qos=1)
            async with asyncio.timeout(5):
                await asked.wait()
        await asyncio.to_thread(broker.stop)
        may_end.set()
        await asyncio.to_thread(broker.start)
        await csu.until(lambda: bool(csu.on(f"{ROOT}/reply/1")))
        assert box.uplink.connections == 2


async def test_beyond_thirty_two_waiting_commands_are_refused_with_an_answer() -> None:
    blocked = asyncio.Event()

    async def obey(command: Command) -> Reply:
        await blocked.wait()
        return await echo(command)

    commands = Commands(Topics("edge/v1", AGENT), None, obey)
    running = asyncio.create_task(commands.run())
    try:
        for number in range(8):
            commands.take(Incoming(f"{ROOT}/command/{PLAY}", b'{"id": "w%d"}' % number))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for number in range(40):
            commands.take(Incoming(f"{ROOT}/command/{PLAY}", b'{"id": "%d"}' % number))
        assert commands.counts == {"busy": 8}
        assert json.loads((await commands.answer()).payload)["code"] == "busy"
        blocked.set()
        await until(lambda: commands.counts == {"busy": 8, "ok": 40})
    finally:
        running.cancel()
        await asyncio.wait([running])


@settings(deadline=None, max_examples=300)
@given(
    payload=st.binary(max_size=300)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    ).map(lambda document: json.dumps(document).encode())
    | st.fixed_dictionaries(
        {"id": st.text(max_size=70)},
        optional={"arguments": st.dictionaries(st.text(), st.text() | st.integers()), "token": st.text()},
    ).map(lambda document: json.dumps(document).encode()),
    topic=st.text(max_size=300),
    response=st.text(max_size=300),
    correlation=st.none() | st.binary(max_size=20),
)
def test_whatever_comes_is_answered_or_counted_and_nothing_is_raised(
    payload: bytes, topic: str, response: str, correlation: bytes | None
) -> None:
    async def one() -> None:
        commands = Commands(Topics("edge/v1", AGENT), None, echo)
        commands.take(Incoming(topic, payload, response=response, correlation=correlation))
        commands.take(Incoming(f"{ROOT}/command/{PLAY}", payload, response=response, correlation=correlation))
        assert sum(commands.counts.values()) + commands._waiting.qsize() == 2
        assert len(commands._answers) <= 2

    asyncio.run(one())
