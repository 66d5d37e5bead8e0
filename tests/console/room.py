"""A console in the hands of a test: its key, its accounts, and operators who are signed in."""

import asyncio
import base64
import hashlib
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from ssl import SSLContext
from typing import Any

from aiohttp import ClientResponse, ClientSession, CookieJar, TCPConnector
from aiohttp.abc import AbstractCookieJar

from edge_agent.aio.background import background
from edge_agent.aio.clock import SystemClock
from edge_agent.console.account import Account, Role
from edge_agent.console.console import Console
from edge_agent.console.settings import ConsoleSettings
from edge_agent.console.users import Users
from edge_agent.reading import parse_as
from edge_agent.settings import Settings
from edge_agent.uplink.office import make_key
from tests.agents import settings_for
from tests.peers.broker import Broker


def kept(password: str) -> str:
    """Returns what is kept of a password, computed in a millisecond."""
    derived = hashlib.scrypt(password.encode(), salt=b"salt", n=16, r=8, p=1, dklen=32)
    return f"scrypt$16$8$1${base64.b64encode(b'salt').decode()}${base64.b64encode(derived).decode()}"


PASSWORD = "four words of a test"  # noqa: S105 - it opens nothing
KEPT = kept(PASSWORD)
"""Computed cheaply: what is kept says itself how."""


@dataclass(frozen=True)
class Town:
    """Where a test's console and boxes live.

    Attributes:
        folder: of everything.
        broker: between them.
    """

    folder: Path
    broker: Broker

    @property
    def key(self) -> Path:
        return self.folder / "csu.pem"

    def found(self) -> None:
        """Makes the key that signs."""
        make_key(self.key)

    def box(self, name: str, cameras: dict[str, object], **sections: object) -> Settings:
        """Returns settings of a box that obeys this console alone."""
        mqtt = {
            "host": self.broker.host,
            "port": self.broker.port,
            "commands": {"keys": [str(self.key.with_suffix(".pub.pem"))]},
        }
        agent = {"id": name, "name": f"Box {name}", "state": str(self.folder / name), "log_level": "warning"}
        return settings_for(self.folder, self.broker, cameras, agent=agent, mqtt=mqtt, **sections)

    def console(self, **sections: object) -> ConsoleSettings:
        """Returns settings of a console on the loopback."""
        document: dict[str, object] = {
            "console": {"key": str(self.key), "state": str(self.folder / "room")},
            "mqtt": {"host": self.broker.host, "port": self.broker.port},
            "web": {"port": 0},
        }
        return parse_as(ConsoleSettings, document | sections, "a test")

    def account(self, name: str, role: Role, **more: object) -> None:
        """Makes an account."""
        with Users(self.folder / "room" / "users.json").changing() as accounts:
            accounts[name] = Account.model_validate({"role": role, "password": KEPT, **more})

    def remove(self, name: str) -> None:
        """Takes an account away."""
        with Users(self.folder / "room" / "users.json").changing() as accounts:
            del accounts[name]


@asynccontextmanager
async def running(settings: ConsoleSettings) -> AsyncIterator[Console]:
    """Runs a console until the block ends; its page answers and the broker is connected when the block begins."""
    console = await asyncio.to_thread(Console, settings, clock=SystemClock(), rng=random.Random(1))  # noqa: S311
    up = asyncio.Event()
    async with background(console=console.run(up.set)):
        await up.wait()
        await console.line.connected.wait()
        yield console


class Operator:
    """Somebody in front of a page."""

    def __init__(self, client: ClientSession) -> None:
        self.client = client
        self._feed: ClientResponse | None = None
        self._unasked: list[tuple[str, dict[str, Any]]] = []

    async def sign_in(self, name: str, password: str = PASSWORD) -> int:
        async with self.client.post("/api/login", json={"name": name, "password": password}) as answer:
            return answer.status

    async def get(self, path: str) -> Any:
        async with self.client.get(path) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def post(self, path: str, body: object, *, method: str = "POST") -> tuple[int, Any]:
        async with self.client.request(method, path, json=body) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text else None

    async def open(self, path: str, offer: str) -> tuple[int, str, str]:
        """Sends an offer; returns status, answer and the session's address."""
        async with self.client.post(path, data=offer, headers={"Content-Type": "application/sdp"}) as answer:
            return answer.status, await answer.text(), answer.headers.get("Location", "")

    async def camera(self, known: str, **having: object) -> dict[str, Any]:
        """Waits until a camera is known and so."""
        while True:
            for camera in (await self.get("/api/site"))["cameras"]:
                if camera["id"] == known and all(camera[key] == value for key, value in having.items()):
                    found: dict[str, Any] = camera
                    return found
            await asyncio.sleep(0.05)

    async def follow(self) -> None:
        """Opens the feed; what is told from now on is heard."""
        self._feed = await self.client.get("/api/feed")
        assert self._feed.status == 200
        await self._feed.content.readuntil(b"\n\n")

    async def left(self) -> None:
        """Waits for the feed's end."""
        assert self._feed is not None
        while await self._feed.content.readany():
            pass

    async def hear(self, name: str, **having: object) -> dict[str, Any]:
        """Waits for a message of the feed with these members, on top or in its ``data``."""
        assert self._feed is not None
        for index, (what, said) in enumerate(self._unasked):
            if what == name and all(said.get(key) == value for key, value in having.items()):
                return self._unasked.pop(index)[1]
        while True:
            lines = (await self._feed.content.readuntil(b"\n\n")).decode().splitlines()
            if not lines[0].startswith("event: "):
                continue
            told: dict[str, Any] = json.loads(lines[1].removeprefix("data: "))
            said = {**told, **told["data"]} if isinstance(told.get("data"), dict) else told
            what = lines[0].removeprefix("event: ")
            if what == name and all(said.get(key) == value for key, value in having.items()):
                return said
            self._unasked.append((what, said))


@asynccontextmanager
async def operator(
    console: Console, name: str = "", tls: SSLContext | None = None, cookies: AbstractCookieJar | None = None
) -> AsyncIterator[Operator]:
    """Opens a browser's worth of a client, signed in where a name is given, with an older one's cookies or none."""
    address = f"http{'s' if tls else ''}://127.0.0.1:{console.server.port}"
    connector = TCPConnector(ssl=tls or True)
    async with ClientSession(address, connector=connector, cookie_jar=cookies or CookieJar(unsafe=True)) as client:
        person = Operator(client)
        if name:
            assert await person.sign_in(name) == 204
        yield person
