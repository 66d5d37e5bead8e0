"""Who watches which camera: opening, changing and ending viewers' sessions, within bounds."""

import asyncio
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial

from edge_agent.aio.clock import Clock
from edge_agent.errors import PermanentError, TransientError
from edge_agent.live import Pictures
from edge_agent.live.offer import admit
from edge_agent.live.once import Once
from edge_agent.live.payload import Unit
from edge_agent.live.settings import IceServer, LiveSettings
from edge_agent.live.shared import Supplies
from edge_agent.live.viewer import Session, Subject, Viewer
from edge_agent.values.ids import CameraId
from edge_agent.values.time import Monotonic
from edge_agent.values.viewing import StreamName, Wish

UNITS = 64
"""Pictures that stay cut into packets, of all cameras together: 1.3 MB at 4 Mb/s."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How a viewer asks.

    Attributes:
        stream: which one.
        key: names the request: the same one again gets the same answer and opens no second session.
        until: when the login ends that it is made with, UTC; None where there is none.
    """

    stream: Wish = Wish.AUTO
    key: str = ""
    until: datetime | None = None


class LiveSessions:
    """Opens and closes viewers' sessions; works while ``run`` runs, which owns everything that a session needs.

    Args:
        settings: limits, ICE servers, encoder.
        clock: the one that stamps packets.
        rng: for back-off.
        opened: told of every session that was answered.
        closed: told of its end, with the reason and the seconds that it lasted.
        moved: told of the stream that a session sees from now on, and why.
    """

    def __init__(
        self,
        settings: LiveSettings,
        clock: Clock,
        rng: random.Random,
        *,
        opened: Callable[[Session], None],
        closed: Callable[[Session, str, float], None],
        moved: Callable[[Session, StreamName, str], None] = lambda *_: None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._opened = opened
        self._closed = closed
        self._moved = moved
        self._supplies = Supplies(settings, clock, rng)
        # A picture is cut into packets once: what arrived for one viewer arrived for all within the same moment.
        self._packetise = lru_cache(UNITS)(Unit)
        self._group: asyncio.TaskGroup | None = None
        self._viewers: set[Viewer] = set()
        self._sessions: dict[str, Viewer] = {}
        self._once: Once[Session] = Once()

    async def run(self) -> None:
        """Serves until cancelled, then ends every session."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                await asyncio.Event().wait()
            finally:
                self._group = None

    @property
    def transcoders(self) -> int:
        """How many encoders run for viewers now."""
        return self._supplies.transcoders

    def viewers(self, camera: CameraId, stream: StreamName | None = None) -> int:
        """Returns how many watch a camera, or one of its streams, now; those still connecting included."""
        return sum(viewer.camera == camera and stream in {None, viewer.stream} for viewer in self._viewers)

    async def open(
        self, camera: CameraId, offer_sdp: str, pictures: Pictures, actor: str, asked: Asked | None = None
    ) -> Session:
        """Answers a viewer's offer; the picture flows as soon as the viewer has the answer and the camera is there.

        Raises:
            PermanentError: the offer is too large, malformed, or without H.264 (code ``offer_…``), or its key was used
                for another one (``conflict``).
            TransientError: as many watch as may (``too_many_viewers``).
        """
        asked = asked or Asked()
        open_it = partial(self._open, camera, offer_sdp, pictures, actor, asked)
        if not asked.key:
            return await open_it()
        return await self._once.answer((actor, asked.key), f"{camera} {asked.stream} {offer_sdp}", open_it)

    def ice_servers(self, actor: str) -> list[IceServer]:
        """Returns the servers that a viewer may use to get through address translation, with its own credentials."""
        return [server.issue(actor, self._clock.wall()) for server in self._settings.ice_servers]

    def select(self, session: str, stream: Wish) -> None:
        """Gives a running session another stream.

        Raises:
            PermanentError: there is no such session (code ``session_unknown``).
        """
        self._viewer(session).select(stream)

    async def close(self, session: str) -> None:
        """Ends a session and returns when it is gone.

        Raises:
            PermanentError: there is no such session (code ``session_unknown``).
        """
        viewer = self._viewer(session)
        viewer.end("the viewer closed it")
        await viewer.gone.wait()

    async def close_all(self, reason: str) -> None:
        """Ends every session and returns when they are gone."""
        viewers = list(self._viewers)
        for viewer in viewers:
            viewer.end(reason)
        for viewer in viewers:
            await viewer.gone.wait()

    async def _open(self, camera: CameraId, offer_sdp: str, pictures: Pictures, actor: str, asked: Asked) -> Session:
        # Before the offer is read: a crowd is to be refused cheaply.
        self._refuse_too_many(camera)
        offer = admit(offer_sdp)
        viewer = self._begin(camera, pictures, asked, (actor, asked.key))
        try:
            answer = await viewer.answer(offer)
        except BaseException:
            viewer.end("the offer was not answered")
            raise
        if viewer.reason:
            raise TransientError(viewer.reason, "open the picture again")
        now = self._clock.monotonic()
        session = Session(secrets.token_urlsafe(16), camera, actor, now, answer, viewer.waiting())
        viewer.session = session
        self._sessions[session.id] = viewer
        self._opened(session)
        self._moved(session, viewer.stream, session.waiting)
        return session

    def _viewer(self, session: str) -> Viewer:
        viewer = self._sessions.get(session)
        if viewer is None:
            raise PermanentError("there is no such session", "it has ended already", code="session_unknown")
        return viewer

    def _refuse_too_many(self, camera: CameraId) -> None:
        if self.viewers(camera) >= self._settings.viewers:
            raise TransientError(
                f"{self._settings.viewers} viewers watch this camera already",
                "close another view of it, or raise live.viewers",
                code="too_many_viewers",
            )
        if len(self._viewers) >= self._settings.box_viewers:
            raise TransientError(
                f"{self._settings.box_viewers} viewers watch this box's cameras already",
                "close another view, or raise live.box_viewers",
                code="too_many_viewers",
            )

    def _begin(self, camera: CameraId, pictures: Pictures, asked: Asked, name: tuple[str, str]) -> Viewer:
        group = self._group
        if group is None:
            raise TransientError("live view is not running", "try again in a few seconds")

        def moved(stream: StreamName, reason: str) -> None:
            if viewer.session is not None:
                self._moved(viewer.session, stream, reason)

        take = partial(self._supplies.take, camera, pictures, group=group)
        subject = Subject(camera, pictures, take, partial(self._supplies.small, camera, pictures), moved)
        until = self._end_of(asked.until)
        viewer = Viewer(subject, self._settings, self._clock, self._packetise, wish=asked.stream, until=until)
        self._viewers.add(viewer)
        group.create_task(self._keep(viewer, name), name=f"{camera}: viewer")
        return viewer

    def _end_of(self, until: datetime | None) -> Monotonic:
        left = self._settings.longest
        if until is not None:
            left = min(left, (until - self._clock.wall()).total_seconds())
        return Monotonic(self._clock.monotonic() + left)

    async def _keep(self, viewer: Viewer, name: tuple[str, str]) -> None:
        try:
            await viewer.run()
        finally:
            self._viewers.discard(viewer)
            viewer.gone.set()
            session = viewer.session
            if session is not None:
                self._once.forget(name)
                del self._sessions[session.id]
                self._closed(session, viewer.reason, self._clock.monotonic() - session.opened)
