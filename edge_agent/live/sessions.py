"""Who watches which camera: opening, watching over and ending viewers' sessions."""

import asyncio
import logging
import random
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from edge_agent.aio.clock import Clock
from edge_agent.errors import PermanentError, TransientError
from edge_agent.live import Picture
from edge_agent.live.offer import admit
from edge_agent.live.payload import Unit
from edge_agent.live.peer import Peer
from edge_agent.live.settings import LiveSettings
from edge_agent.live.shared import SharedTranscoders
from edge_agent.live.track import RingTrack
from edge_agent.values.ids import CameraId
from edge_agent.values.time import Monotonic

POLLS = 4
"""How often a viewer's silence is looked at before it counts as gone."""

FAREWELL = 5.0
"""Seconds that closing a connection may take before it is given up with a logged fault."""

UNITS = 64
"""Pictures that stay cut into packets, of all cameras together: 1.3 MB at 4 Mb/s."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Session:
    """One viewer of one camera.

    Attributes:
        id: cannot be guessed; whoever knows it may close the session.
        camera: what is watched.
        actor: who watches, for the audit trail.
        opened: when.
        answer_sdp: what the viewer is answered, all candidates in it.
    """

    id: str
    camera: CameraId
    actor: str
    opened: Monotonic
    answer_sdp: str


@dataclass(slots=True, eq=False)
class _Watched:
    """A session from its offer to its end."""

    camera: CameraId
    track: RingTrack
    peer: Peer
    session: Session | None = None
    reason: str = ""
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    def end(self, reason: str) -> None:
        """Asks it to end; the first reason counts."""
        self.reason = self.reason or reason
        self.peer.wake()


class LiveSessions:
    """Opens and closes viewers' sessions; works while ``run`` runs, which owns everything that a session needs.

    Args:
        settings: limits, ICE servers, encoder.
        clock: the one that stamps packets.
        rng: for back-off.
        opened: told of every session that was answered.
        closed: told of its end, with the reason and the seconds that it lasted.
    """

    def __init__(
        self,
        settings: LiveSettings,
        clock: Clock,
        rng: random.Random,
        *,
        opened: Callable[[Session], None],
        closed: Callable[[Session, str, float], None],
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._opened = opened
        self._closed = closed
        self._transcoders = SharedTranscoders(settings, clock, rng)
        # A picture is cut into packets once: what arrived for one viewer arrived for all within the same moment.
        self._packetise = lru_cache(UNITS)(Unit)
        self._group: asyncio.TaskGroup | None = None
        self._watched: set[_Watched] = set()
        self._sessions: dict[str, _Watched] = {}
        self._viewers: Counter[CameraId] = Counter()

    async def run(self) -> None:
        """Serves until cancelled, then ends every session."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                await asyncio.Event().wait()
            finally:
                self._group = None

    def viewers(self, camera: CameraId) -> int:
        """Returns how many watch a camera now, those that are still connecting included."""
        return self._viewers[camera]

    async def open(self, camera: CameraId, offer_sdp: str, picture: Picture, actor: str) -> Session:
        """Answers a viewer's offer; the picture flows as soon as the viewer has the answer.

        Raises:
            PermanentError: the offer is too large, malformed, or without H.264 (code ``offer_…``).
            TransientError: the camera is away, or has as many viewers as it may have (``too_many_viewers``).
        """
        offer = admit(offer_sdp)
        if (trouble := picture.trouble()) is not None:
            raise trouble
        if self._viewers[camera] >= self._settings.viewers:
            raise TransientError(
                f"{self._settings.viewers} viewers watch this camera already",
                "close another view of it, or raise live.viewers",
                code="too_many_viewers",
            )
        watched = self._begin(camera, picture)
        try:
            answer = await watched.peer.answer(offer)
        except BaseException:
            watched.end("the offer was not answered")
            raise
        if watched.reason:
            raise TransientError(watched.reason, "open the picture again")
        session = Session(secrets.token_urlsafe(16), camera, actor, self._clock.monotonic(), answer)
        watched.session = session
        self._sessions[session.id] = watched
        self._opened(session)
        return session

    async def close(self, session: str) -> None:
        """Ends a session and returns when it is gone.

        Raises:
            PermanentError: there is no such session (code ``session_unknown``).
        """
        watched = self._sessions.get(session)
        if watched is None:
            raise PermanentError("there is no such session", "it has ended already", code="session_unknown")
        watched.end("the viewer closed it")
        await watched.gone.wait()

    async def close_all(self, reason: str) -> None:
        """Ends every session and returns when they are gone."""
        watched = list(self._watched)
        for one in watched:
            one.end(reason)
        for one in watched:
            await one.gone.wait()

    def _begin(self, camera: CameraId, picture: Picture) -> _Watched:
        group = self._group
        if group is None:
            raise TransientError("live view is not running", "try again in a few seconds")
        transcoder = self._transcoders.join(camera, picture, group) if picture.needs_transcoding else None
        track = RingTrack(
            transcoder.ring if transcoder else picture.ring,
            self._clock,
            ask_for_key=transcoder.ask_for_key if transcoder else picture.ask_for_key,
            unshowable=lambda: watched.end("the camera changed to a codec that browsers do not show"),
        )
        watched = _Watched(camera, track, Peer(track, self._clock, self._packetise, self._settings.ice_servers))
        self._viewers[camera] += 1
        self._watched.add(watched)
        group.create_task(self._watch(watched, transcoded=transcoder is not None), name=f"{camera}: viewer")
        return watched

    async def _watch(self, watched: _Watched, *, transcoded: bool) -> None:
        try:
            watched.end(await self._reason_to_end(watched))
        except asyncio.CancelledError:
            watched.end("the agent is stopping")
            raise
        finally:
            try:
                async with asyncio.timeout(FAREWELL):
                    await watched.peer.close()
            except TimeoutError:
                log.error("a viewer's connection did not close within %s s and was given up", FAREWELL)
            self._forget(watched, transcoded=transcoded)

    async def _reason_to_end(self, watched: _Watched) -> str:
        peer = watched.peer
        try:
            async with asyncio.timeout(self._settings.connect):
                while not watched.reason and peer.state in {"new", "connecting"}:
                    await peer.change()
        except TimeoutError:
            return f"the viewer did not connect within {self._settings.connect:g} s"
        heard, silent = 0, 0
        while not watched.reason and peer.state == "connected":
            try:
                async with asyncio.timeout(self._settings.idle / POLLS):
                    await peer.change()
            except TimeoutError:
                before, heard = heard, await peer.heard()
                silent = silent + 1 if heard == before else 0
                if silent == POLLS:
                    return f"nothing came from the viewer for {self._settings.idle:g} s"
        return "the viewer left" if peer.state == "closed" else "the connection failed"

    def _forget(self, watched: _Watched, *, transcoded: bool) -> None:
        if transcoded:
            self._transcoders.leave(watched.camera)
        self._viewers[watched.camera] -= 1
        self._watched.discard(watched)
        watched.gone.set()
        session = watched.session
        if session is not None:
            del self._sessions[session.id]
            self._closed(session, watched.reason, self._clock.monotonic() - session.opened)
