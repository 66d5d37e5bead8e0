"""The control room for tests: a consumer that drops duplicates, an office that signs; and an agent's uplink."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import aiomqtt
import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from edge_agent.aio.clock import Clock, SystemClock
from edge_agent.aio.restart import Backoff
from edge_agent.events.journal import Journal
from edge_agent.events.outbox import Outbox, OutboxSettings
from edge_agent.uplink.commands import Refused
from edge_agent.uplink.link import Tell, Uplink
from edge_agent.uplink.settings import CommandSettings, MqttSettings
from edge_agent.values.command import Command, Reply
from edge_agent.values.ids import AgentId

AGENT = AgentId("mairie-3")
ROOT = f"edge/v1/{AGENT}"
CLOCK = SystemClock()


def pem(key: Any) -> str:
    public: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return public.decode()


class Office:
    """Signs commands."""

    def __init__(self) -> None:
        self.key: Any = Ed25519PrivateKey.generate()

    @property
    def public(self) -> str:
        return pem(self.key)

    def token(self, scope: str | None, *, key: Any = None, algorithm: str = "EdDSA", **claims: object) -> str:
        now = int(time.time())
        said = {"aud": AGENT, "sub": "operator-7", "jti": uuid4().hex, "iat": now, "exp": now + 60, "scope": scope}
        said = {name: value for name, value in (said | claims).items() if value is not None}
        return jwt.encode(said, key or self.key, algorithm=algorithm)


class Address(Protocol):
    """Where a broker is."""

    @property
    def host(self) -> str: ...

    @property
    def port(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where an agent of the tests connects to."""

    port: int
    host: str = "127.0.0.1"


class Consumer:
    """Subscribes to everything of the town, through broker restarts, with a session that the broker keeps."""

    def __init__(self, broker: Address, name: str = "csu", topic: str = "edge/v1/#", **login: str) -> None:
        self.messages: list[aiomqtt.Message] = []
        self.latest: dict[str, bytes] = {}
        self._envelopes: dict[str, dict[str, Any]] = {}
        self._broker = broker
        self._topic = topic
        self._login: dict[str, Any] = dict(login)
        self._name = name
        self._changed = asyncio.Condition()

    async def run(self, ready: asyncio.Event) -> None:
        while True:
            try:
                async with aiomqtt.Client(
                    self._broker.host, self._broker.port, identifier=self._name, clean_session=False, **self._login
                ) as client:
                    await client.subscribe(self._topic, qos=1)
                    ready.set()
                    async for message in client.messages:
                        async with self._changed:
                            self._take(message)
                            self._changed.notify_all()
            except aiomqtt.MqttError:
                await asyncio.sleep(0.1)

    def _take(self, message: aiomqtt.Message) -> None:
        topic, payload = message.topic.value, _bytes(message)
        self.messages.append(message)
        self.latest[topic] = payload
        if "/event/" in topic:
            envelope = json.loads(payload)
            self._envelopes.setdefault(envelope["id"], envelope)

    async def until(self, condition: Callable[[], bool], within: float = 20.0) -> None:
        async with asyncio.timeout(within), self._changed:
            await self._changed.wait_for(condition)

    def on(self, topic: str) -> list[Any]:
        return [json.loads(_bytes(message)) for message in self.messages if message.topic.matches(topic)]

    @property
    def events(self) -> list[dict[str, Any]]:
        """Envelopes in the order of their first arrival, duplicates dropped."""
        return list(self._envelopes.values())

    def has(self, ids: Iterable[str]) -> bool:
        """Whether all of these events came."""
        return self._envelopes.keys() >= set(ids)


def _bytes(message: aiomqtt.Message) -> bytes:
    assert isinstance(message.payload, bytes)
    return message.payload


@asynccontextmanager
async def consumer(
    broker: Address, name: str = "csu", topic: str = "edge/v1/#", **login: str
) -> AsyncIterator[Consumer]:
    made, ready = Consumer(broker, name, topic, **login), asyncio.Event()
    task = asyncio.create_task(made.run(ready))
    try:
        async with asyncio.timeout(5):
            await ready.wait()
        yield made
    finally:
        task.cancel()
        await asyncio.wait([task])


class Agent:
    """What an agent has of this stage."""

    def __init__(self, journal: Journal, outbox: Outbox, uplink: Uplink, running: list[asyncio.Task[None]]) -> None:
        self.journal = journal
        self.outbox = outbox
        self.uplink = uplink
        self.running = running

    async def online(self) -> None:
        async with asyncio.timeout(10):
            await self.uplink.connected.wait()


async def echo(command: Command) -> Reply:
    return Reply(command.id, ok=True, result={"did": command.name, "for": command.actor})


async def until(condition: Callable[[], object], within: float = 20.0) -> None:
    """Waits for what has no event to wait for."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@asynccontextmanager
async def agent(  # noqa: PLR0913 - what a test may choose
    broker: Address,
    folder: Path,
    *,
    protocol: str = "5",
    obey: Callable[[Command], Any] = echo,
    refused: Refused | None = None,
    keys: tuple[str, ...] = (),
    limits: OutboxSettings | None = None,
    tell: Tell | None = None,
    clock: Clock = CLOCK,
    **mqtt: object,
) -> AsyncIterator[Agent]:
    outbox = Outbox(folder / "outbox.db", agent=AGENT, limits=limits or OutboxSettings(), clock=clock)
    settings = MqttSettings.model_validate(
        {"host": broker.host, "port": broker.port, "protocol": protocol, "commands": CommandSettings(keys=keys), **mqtt}
    )
    uplink = Uplink(
        settings,
        AGENT,
        outbox,
        clock=clock,
        rng=random.Random(1),  # noqa: S311 - jitter
        obey=obey,
        refused=refused,
        tell=tell,
        backoff=Backoff(first=0.1, most=0.5),
    )
    running = [asyncio.create_task(outbox.run()), asyncio.create_task(uplink.run())]
    try:
        yield Agent(Journal(outbox, AGENT, clock), outbox, uplink, running)
    finally:
        for task in reversed(running):
            task.cancel()
            await asyncio.wait([task])
    for task in running:
        assert task.cancelled(), task
