"""A whole agent in the hands of a test, and an ear on its broker."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiomqtt import Client, Message, ProtocolVersion

from edge_agent.agent import Agent
from edge_agent.aio.background import background
from edge_agent.aio.clock import SystemClock
from edge_agent.settings import Settings, parse_settings
from tests.peers.broker import Broker


def settings_for(folder: Path, broker: Broker, cameras: Mapping[str, object], **sections: object) -> Settings:
    """Returns settings of an agent called ``box`` that keeps to a folder and the loopback."""
    document: dict[str, object] = {
        "agent": {"id": "box", "state": str(folder / "state"), "log_level": "warning"},
        "policy": {"profile": "site"},
        "mqtt": {"host": broker.host, "port": broker.port, "commands": {"unsigned_on_loopback": True}},
        "web": {"port": 0},
        "cameras": cameras,
    }
    return parse_settings(document | sections, "a test")


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Agent]:
    """Runs an agent until the block ends; its page answers when the block begins."""
    agent = await asyncio.to_thread(Agent, settings, clock=SystemClock(), rng=random.Random(1))  # noqa: S311 - jitter
    up = asyncio.Event()
    async with background(agent=agent.run(up.set)):
        await up.wait()
        yield agent


class Ear:
    """What a subscriber of the broker hears; a message is there until it was asked for."""

    def __init__(self, client: Client) -> None:
        self._messages = aiter(client.messages)
        self._client = client
        self._unasked: list[tuple[str, dict[str, Any]]] = []

    async def next(self, topic: str, **having: object) -> dict[str, Any]:
        """Waits for a message below the agent's root whose JSON has these members, on top or in its ``data``."""
        for index, (where, told) in enumerate(self._unasked):
            if where == topic and all(told.get(name) == value for name, value in having.items()):
                return self._unasked.pop(index)[1]
        while True:
            where, told = self._read(await anext(self._messages))
            if where == topic and all(told.get(name) == value for name, value in having.items()):
                return told
            self._unasked.append((where, told))

    def _read(self, message: Message) -> tuple[str, dict[str, Any]]:
        topic = str(message.topic).removeprefix("edge/v1/box/")
        told: dict[str, Any] = {}
        if not topic.startswith("command/") and "/snapshot/" not in topic:
            told = json.loads(message.payload)
        return topic, told | told.get("data", {})

    async def command(self, name: str, content: object) -> None:
        """Sends a command; bytes as they are, anything else as JSON."""
        payload = content if isinstance(content, bytes) else json.dumps(content).encode()
        await self._client.publish(f"edge/v1/box/command/{name}", payload, qos=1)


@asynccontextmanager
async def listening(broker: Broker) -> AsyncIterator[Ear]:
    """Subscribes to everything for as long as the block runs."""
    async with Client(broker.host, broker.port, protocol=ProtocolVersion.V5) as client:
        await client.subscribe("edge/#", qos=1)
        yield Ear(client)
