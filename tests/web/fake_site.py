"""An agent with one camera, as the web sees it."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request
from pydantic import SecretStr

from edge_agent.errors import AgentError, PermanentError
from edge_agent.values.ids import CameraId
from edge_agent.values.time import Monotonic
from edge_agent.values.viewing import Wish
from edge_agent.web.door import Visitor
from edge_agent.web.feed import Feed
from edge_agent.web.server import build_app
from edge_agent.web.settings import WebSettings
from edge_agent.web.site import IceServer, Movement, Opened, Site, Words, snapshot_address
from edge_agent.web.token import Token

EVENT = UUID("12345678-1234-5678-1234-567812345678")
SPOKEN = UUID("87654321-1234-5678-1234-567812345678")
TOKEN = "a-token-for-tests-0123456789"  # noqa: S105 - it opens nothing


@dataclass
class Clock:
    """Stands still until it is told otherwise; what it measures began at ``booted``."""

    now: float = 1000.0
    booted: float = 0.0

    def monotonic(self) -> Monotonic:
        return Monotonic(self.now - self.booted)

    def wall(self) -> datetime:
        return datetime(2026, 11, 23, tzinfo=UTC) + timedelta(seconds=self.now)


@dataclass(frozen=True)
class Ice:
    urls: Sequence[str]
    username: str = ""
    credential: SecretStr = field(default_factory=lambda: SecretStr(""))


@dataclass
class FakeSite:
    """See ``Site``; remembers what it was asked."""

    asked: list[tuple[object, ...]] = field(default_factory=list)
    error: AgentError | None = None
    servers: Sequence[IceServer] = ()
    well: bool = True
    hidden: set[str] = field(default_factory=set)
    kept: Mapping[str, object] = field(default_factory=dict)
    sessions: set[str] = field(default_factory=set)
    waiting: str = ""

    def describe(self, _actor: str) -> Mapping[str, object]:
        return {"agent": {"id": "box", "name": "Mairie", "version": "1"}, "cameras": [{"id": "street"}]}

    def sees(self, camera: str, _actor: str) -> bool:
        return camera not in self.hidden

    async def recent_events(self, limit: int, _actor: str) -> Sequence[Mapping[str, object]]:
        return [{"id": str(EVENT), "snapshot": snapshot_address(EVENT)}][:limit]

    async def snapshot(self, event: UUID, _actor: str) -> bytes | None:
        return b"\xff\xd8 jpeg" if event == EVENT else None

    async def say(self, camera: CameraId, words: Words, actor: str) -> UUID:
        self._ask("say", camera, words, actor)
        return SPOKEN

    async def hush(self, camera: CameraId, actor: str) -> None:
        self._ask("hush", camera, actor)

    async def set_volume(self, camera: CameraId, volume: float, actor: str) -> None:
        self._ask("set_volume", camera, volume, actor)

    async def move(self, camera: CameraId, movement: Movement, actor: str) -> None:
        self._ask("move", camera, movement, actor)

    async def presets(self, camera: CameraId, actor: str) -> Sequence[Mapping[str, str]]:
        self._ask("presets", camera, actor)
        return [{"token": "1", "name": "Gate"}]

    async def layouts(self, _actor: str) -> Mapping[str, object]:
        return self.kept

    async def keep_layouts(self, layouts: Mapping[str, object], _actor: str) -> None:
        self.kept = layouts

    async def talk(self, camera: CameraId, offer_sdp: str, visitor: Visitor) -> Opened:
        self._ask("talk", camera, offer_sdp, visitor.name, visitor.until)
        self.sessions.add("v1")
        return Opened("v1", "v=0\r\nanswer\r\n")

    async def untalk(self, camera: CameraId, session: str, _actor: str) -> None:
        self._ask("untalk", camera, session)
        self._end(session)

    async def watch(
        self,
        camera: CameraId,
        offer_sdp: str,
        visitor: Visitor,
        *,
        stream: Wish = Wish.AUTO,
        key: str = "",
    ) -> Opened:
        self._ask("watch", camera, offer_sdp, visitor.name, stream, key, visitor.until)
        self.sessions.add("s1")
        return Opened("s1", "v=0\r\nanswer\r\n", self.waiting)

    async def select(self, camera: CameraId, session: str, stream: Wish, _actor: str) -> None:
        self._ask("select", camera, session, stream)
        self._expect(session)

    async def unwatch(self, camera: CameraId, session: str, _actor: str) -> None:
        self._ask("unwatch", camera, session)
        self._end(session)

    def _end(self, session: str) -> None:
        self._expect(session)
        self.sessions.discard(session)

    def ice_servers(self, camera: CameraId, _actor: str) -> Sequence[IceServer]:
        self._ask("ice_servers", camera)
        return self.servers

    def healthy(self) -> bool:
        return self.well

    def metrics(self) -> bytes:
        return b"edge_up 1\n"

    def _expect(self, session: str) -> None:
        if session not in self.sessions:
            raise PermanentError("there is no such session", "it has ended already", code="session_unknown")

    def _ask(self, *what: object) -> None:
        if what[1] != "street":
            raise PermanentError("there is no such camera", "look at the settings", code="camera_unknown")
        if self.error is not None:
            raise self.error
        self.asked.append(what)


_: type[Site] = FakeSite

Client = TestClient[Request, Application]


@dataclass
class Web:
    """A running server, its agent, and a client."""

    site: FakeSite
    feed: Feed
    clock: Clock
    client: Client


@asynccontextmanager
async def serving(**settings: object) -> AsyncIterator[Web]:
    """Serves on the loopback as long as the block runs."""
    site, feed, clock = FakeSite(), Feed(), Clock()
    chosen = WebSettings(**settings)  # type: ignore[arg-type] # a test names the fields
    door = Token(chosen.token.get_secret_value() if chosen.token else None, clock)
    app = await asyncio.to_thread(build_app, chosen, site, feed, door)
    async with TestClient(TestServer(app)) as client:
        yield Web(site, feed, clock, client)
        feed.close()
