"""One viewer from its offer to its end: what it sees, whether it is still there, and why it ended."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from edge_agent.aio.clock import Clock
from edge_agent.live import Pictures
from edge_agent.live.choice import Choice
from edge_agent.live.payload import Unit
from edge_agent.live.peer import Peer
from edge_agent.live.settings import LiveSettings
from edge_agent.live.shared import Supply
from edge_agent.live.track import RingTrack
from edge_agent.values.ids import CameraId
from edge_agent.values.time import Monotonic
from edge_agent.values.viewing import StreamName, Wish

POLLS = 4
"""How often a viewer's silence is looked at before it counts as gone."""

MOST_POLL = 1.0
"""Seconds between two looks at most; a viewer reports about once a second."""

FAREWELL = 5.0
"""Seconds that closing a connection may take before it is given up with a logged fault."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Session:
    """One viewer of one camera, as others know it.

    Attributes:
        id: cannot be guessed; whoever knows it may close the session.
        camera: what is watched.
        actor: who watches, for the audit trail.
        opened: when.
        answer_sdp: what the viewer is answered, all candidates in it.
        waiting: why there was no picture when it was opened and what to do about it, empty when there was one.
    """

    id: str
    camera: CameraId
    actor: str
    opened: Monotonic
    answer_sdp: str
    waiting: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a viewer looks at.

    Attributes:
        camera: its id.
        pictures: its streams.
        take: returns where packets of a stream come from.
        small: whether a small stream may be had now.
        moved: told which stream is seen from now on, and why.
    """

    camera: CameraId
    pictures: Pictures
    take: Callable[[StreamName], Supply]
    small: Callable[[], bool]
    moved: Callable[[StreamName, str], None]


class Viewer:
    """A connection, and the stream that it shows; ``run`` lasts as long as somebody looks.

    Args:
        subject: what is looked at.
        settings: how long what is waited for.
        clock: the one that stamps packets.
        packetise: see ``Peer``.
        wish: which stream is asked for.
        until: when the session ends whatever happens.

    Attributes:
        session: once the offer was answered.
        reason: why it ended, once that is decided.
        gone: set when nothing is left of it.
        stream: which stream it sees.
    """

    def __init__(
        self,
        subject: Subject,
        settings: LiveSettings,
        clock: Clock,
        packetise: Callable[[bytes], Unit],
        *,
        wish: Wish,
        until: Monotonic,
    ) -> None:
        self.session: Session | None = None
        self.reason = ""
        self.gone = asyncio.Event()
        self.camera = subject.camera
        self._subject = subject
        self._settings = settings
        self._clock = clock
        self._until = until
        self._choice = Choice(subject.pictures, wish, subject.small, clock.monotonic())
        self._stale = False
        self._left: list[Supply] = []
        self._away_since: Monotonic | None = None
        self._supply = subject.take(self._choice.best()[0])
        self._track = RingTrack(
            self._supply.ring, clock, ask_for_key=self._supply.ask_for_key, unshowable=self._tell_unshowable
        )
        servers = [server.issue(f"box-{subject.camera}", clock.wall()) for server in settings.ice_servers]
        self._peer = Peer(self._track, clock, packetise, servers)

    @property
    def stream(self) -> StreamName:
        """Which stream it sees."""
        return self._supply.stream

    async def answer(self, offer: str) -> str:
        """See ``Peer.answer``."""
        return await self._peer.answer(offer)

    def waiting(self) -> str:
        """Returns why there is no picture now and what to do about it, empty when there is one."""
        trouble = self._choice.trouble(self.stream)
        return str(trouble) if trouble else ""

    def end(self, reason: str) -> None:
        """Asks it to end; the first reason counts."""
        self.reason = self.reason or reason
        self._peer.wake()

    def select(self, wish: Wish) -> None:
        """Changes what is asked for, within the running track."""
        if not self.reason:
            self._choice.ask(wish, self._clock.monotonic())
            self._show_best()

    async def run(self) -> None:
        """Stays until it is asked to end, the viewer is gone, or nothing can be shown; leaves nothing behind."""
        try:
            self.end(await self._connect() or await self._reason_to_end())
        except asyncio.CancelledError:
            self.end("the agent is stopping")
            raise
        finally:
            try:
                async with asyncio.timeout(FAREWELL):
                    await self._peer.close()
            except TimeoutError:
                log.error("a viewer's connection did not close within %s s and was given up", FAREWELL)
            self._supply.leave()
            self._leave(all_of_it=True)

    async def _connect(self) -> str:
        try:
            async with asyncio.timeout(self._settings.connect):
                while not self.reason and self._peer.state in {"new", "connecting"}:
                    await self._peer.change()
        except TimeoutError:
            return f"the viewer did not connect within {self._settings.connect:g} s"
        return ""

    async def _reason_to_end(self) -> str:
        poll = min(MOST_POLL, self._settings.idle / POLLS, self._settings.patience / POLLS)
        heard, since = 0, self._clock.monotonic()
        while not self.reason and self._peer.state == "connected":
            now = self._clock.monotonic()
            self._choice.report(self._peer.reception, now)
            self._show_best()
            if self._stale:
                self._replace()
            self._leave()
            before, heard = heard, await self._peer.heard()
            since = now if heard != before else since
            if now - since >= self._settings.idle:
                return f"nothing came from the viewer for {self._settings.idle:g} s"
            if now >= self._until:
                return "the login that it was opened with has ended"
            if away := self._away(now):
                return away
            try:
                async with asyncio.timeout(min(poll, self._until - now)):
                    await self._peer.change()
            except TimeoutError:
                continue
        return "the viewer left" if self._peer.state == "closed" else "the connection failed"

    def _away(self, now: Monotonic) -> str:
        """Returns why a camera that is away is waited for no longer, empty while it is."""
        trouble = self._choice.trouble(self.stream)
        if trouble is None:
            self._away_since = None
            return ""
        if self._away_since is None:
            self._away_since = now
        waited = now - self._away_since >= self._settings.patience
        return f"no picture came for {self._settings.patience:g} s: {trouble.reason}" if waited else ""

    def _show_best(self) -> None:
        stream, why = self._choice.best()
        if stream is not self.stream:
            self._change(stream)
            self._subject.moved(stream, why)

    def _change(self, stream: StreamName) -> None:
        # The picture of before stays until the new one has a key frame.
        self._left.append(self._supply)
        self._supply = self._subject.take(stream)
        self._track.switch(self._supply.ring, ask_for_key=self._supply.ask_for_key)
        self._choice.moved(self._clock.monotonic())

    def _leave(self, *, all_of_it: bool = False) -> None:
        """Gives up what is shown no more."""
        while self._left and (all_of_it or self._track.ring is self._supply.ring):
            self._left.pop().leave()

    def _tell_unshowable(self) -> None:
        self._stale = True
        self._peer.wake()

    def _replace(self) -> None:
        """Goes on with an encoder's picture after the camera changed to a codec that browsers do not show."""
        self._stale = False
        self._change(self.stream)
