"""Who talks through which loudspeaker: opening, watching over and ending the way of an operator's voice."""

import asyncio
import contextlib
import logging
import math
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from edge_agent.aio.clock import Clock
from edge_agent.errors import AgentError, PermanentError, TransientError
from edge_agent.live.microphone import Microphone
from edge_agent.live.offer import admit_voice
from edge_agent.live.settings import LiveSettings
from edge_agent.values.ids import CameraId
from edge_agent.values.speech import Talk

GLANCE = 0.5
"""Seconds between two looks at whether somebody is still there."""

SILENT = 2.0
"""Seconds without a packet after which a speaker's link counts as dead: a microphone sends fifty a second."""

MOST = 16
"""Talks at once, on all loudspeakers of a box together, those that are still connecting included."""

RELEASED = "the speaker let go"
"""The one reason that is none: the talk was whole."""

FAREWELL = 5.0
"""Seconds that closing a connection may take before it is given up with a logged fault."""

log = logging.getLogger(__name__)

Speak: TypeAlias = Callable[[Talk], Awaitable[str]]
"""Plays a talk until it is over and returns why it ended before that, or nothing; an ``AgentError`` refuses it."""


@dataclass(slots=True, eq=False)
class Talking:
    """One voice on its way to one loudspeaker.

    Attributes:
        camera: whose loudspeaker.
        actor: who talks.
        microphone: where the voice comes from.
        until: when its speaker's login ends.
        id: cannot be guessed; whoever knows it may end the talk.
        answered: whether its speaker was told so.
        reason: why it ends; the first one counts.
        error: why the loudspeaker refused it.
        gone: set when nothing of it is left.
    """

    camera: CameraId
    actor: str
    microphone: Microphone
    until: float = math.inf
    id: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    answered: bool = False
    reason: str = ""
    error: AgentError | None = None
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    def end(self, reason: str) -> None:
        """Asks it to end."""
        self.reason = self.reason or reason
        self.microphone.wake()


class Voices:
    """Opens and ends talks; works while ``run`` runs, which owns everything that a talk needs.

    The camera's own microphone is never opened: nobody is heard but the operator, so there is no echo to guard against.

    Args:
        settings: how long a talk may be and may take to connect, ICE servers.
        clock: stamps packets.
        closed: told of every talk that was answered when it is gone, its ``reason`` set.
    """

    def __init__(self, settings: LiveSettings, clock: Clock, *, closed: Callable[[Talking], None]) -> None:
        self._settings = settings
        self._clock = clock
        self._closed = closed
        self._group: asyncio.TaskGroup | None = None
        self._talks: dict[str, Talking] = {}

    async def run(self) -> None:
        """Serves until cancelled, then ends every talk."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                await asyncio.Event().wait()
            finally:
                self._group = None

    async def open(
        self, camera: CameraId, offer_sdp: str, actor: str, speak: Speak, until: datetime | None = None
    ) -> tuple[str, str]:
        """Answers a microphone's offer, opens the loudspeaker meanwhile, and returns the talk's id and the answer.

        Args:
            camera: whose loudspeaker.
            offer_sdp: the microphone's.
            actor: who talks.
            speak: the loudspeaker.
            until: when the login ends that this is asked with, and the talk with it; None where there is none.

        Raises:
            PermanentError: the offer is too large, malformed, or without Opus (code ``offer_…``).
            AgentError: the loudspeaker refuses, or too many talk.
        """
        offer = admit_voice(offer_sdp)
        group = self._group
        if group is None or len(self._talks) >= MOST:
            raise TransientError("nobody can talk right now", "try again in a few seconds", code="busy")
        servers = [server.issue(f"box-{camera}", self._clock.wall()) for server in self._settings.ice_servers]
        talking = Talking(camera, actor, Microphone(self._clock, servers))
        if until is not None:
            talking.until = self._clock.monotonic() + (until - self._clock.wall()).total_seconds()
        self._talks[talking.id] = talking
        group.create_task(self._serve(talking, speak), name=f"{camera}: voice")
        try:
            answer = await talking.microphone.answer(offer)
        except BaseException as exc:
            talking.end("the offer was not answered")
            if talking.error is not None and isinstance(exc, PermanentError):  # the connection was closed beneath it
                raise talking.error from exc
            raise
        if talking.reason:
            raise talking.error or TransientError(talking.reason, "press to talk again")
        talking.answered = True
        return talking.id, answer

    async def close(self, talk: str) -> None:
        """Ends a talk, whose last words are still played, and returns when it is gone.

        Raises:
            PermanentError: there is no such talk (code ``session_unknown``).
        """
        talking = self._talks.get(talk)
        if talking is None:
            raise PermanentError("there is no such session", "it has ended already", code="session_unknown")
        talking.end(RELEASED)
        await talking.gone.wait()

    async def _serve(self, talking: Talking, speak: Speak) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._speak(talking, speak), name=f"{talking.camera}: talk")
                talking.end(await self._reason_to_end(talking))
                talking.microphone.end("" if talking.reason == RELEASED else talking.reason)
        except asyncio.CancelledError:
            talking.end("the agent is stopping")
            raise
        finally:
            try:
                async with asyncio.timeout(FAREWELL):
                    await talking.microphone.close()
            except TimeoutError:
                log.error("a speaker's connection did not close within %s s and was given up", FAREWELL)
            del self._talks[talking.id]
            talking.gone.set()
            if talking.answered:
                self._closed(talking)

    async def _speak(self, talking: Talking, speak: Speak) -> None:
        try:
            talking.end(await speak(talking.microphone) or RELEASED)
        except (TransientError, PermanentError) as exc:
            talking.error = exc
            talking.end(exc.reason)

    async def _reason_to_end(self, talking: Talking) -> str:
        microphone, begun = talking.microphone, self._clock.monotonic()
        connected = None
        while not talking.reason:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(GLANCE):
                    await microphone.change()
            now = self._clock.monotonic()
            if now >= talking.until:
                return "the speaker's login ended"
            if microphone.state in {"new", "connecting"}:
                if now - begun > self._settings.connect:
                    return f"the microphone did not connect within {self._settings.connect:g} s"
                continue
            if microphone.state != "connected":
                return RELEASED if microphone.state == "closed" else "the connection to the microphone failed"
            connected = connected or now
            if now - max(microphone.heard, connected) > SILENT:
                return f"nothing came from the microphone for {SILENT:g} s"
            if now - connected > self._settings.talk:
                return f"a talk lasts {self._settings.talk:g} s at most"
        return talking.reason
