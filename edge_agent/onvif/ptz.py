"""Turning a camera: one person at a time, and never further than somebody holds the button."""

import asyncio
import itertools
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from edge_agent.aio.clock import Clock
from edge_agent.aio.restart import Backoff
from edge_agent.errors import AgentError, PermanentError, TransientError
from edge_agent.values.time import Monotonic

RELEASE = 1.0
"""Seconds after which a movement stops that nobody asks for again: a lost connection must not turn it to the wall."""

HOLD = 3.0
"""Seconds for which the camera stays whoever's moved it last, so that two people do not pull it to and fro."""

LONGEST_WAIT = 60.0
"""Seconds between two tries to learn whether a camera that is away can be turned."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Velocity:
    """How fast to turn, each -1 to 1; positive is right, up, closer. None leaves an axis alone.

    Attributes:
        pan: to the side; together with ``tilt``.
        tilt: up and down.
        zoom: closer and wider.
    """

    pan: float | None = None
    tilt: float | None = None
    zoom: float | None = None

    @property
    def still(self) -> bool:
        """Whether nothing is to move."""
        return not (self.pan or self.tilt or self.zoom)


@dataclass(frozen=True, slots=True)
class Preset:
    """A position that the camera remembers.

    Attributes:
        token: the camera's name for it.
        name: for people.
    """

    token: str
    name: str


class Mechanics(Protocol):
    """A camera's motors. Every request raises a ``TransientError`` or ``PermanentError`` when it comes to nothing."""

    async def turns(self) -> bool:
        """Tells whether the camera can be turned at all."""
        ...

    async def move(self, velocity: Velocity) -> None:
        """Turns at this speed until told otherwise."""
        ...

    async def stop(self) -> None:
        """Stops all axes."""
        ...

    async def presets(self) -> Sequence[Preset]:
        """Returns the positions that the camera remembers."""
        ...

    async def recall(self, preset: str) -> None:
        """Turns to a position, by its token."""
        ...


class Ptz:
    """One camera's PTZ as people use it. Works while ``run`` runs.

    Args:
        mechanics: the camera's motors.
        clock: measures who holds the camera, and for how long it moves.
        rng: jitter between tries to reach it.
        changed: told when it is known whether the camera can be turned.

    Attributes:
        able: whether the camera can be turned, False until it has said so.
    """

    def __init__(self, mechanics: Mechanics, clock: Clock, rng: random.Random, *, changed: Callable[[], None]) -> None:
        self.able = False
        self._mechanics = mechanics
        self._clock = clock
        self._rng = rng
        self._changed = changed
        self._sending = asyncio.Lock()
        self._moving = asyncio.Event()
        self._wanted: Velocity | None = None
        self._before = Velocity()
        self._released = Monotonic(0)
        self._holder = ""
        self._held = Monotonic(0)

    async def run(self) -> None:
        """Learns whether the camera can be turned, then stops every movement that nobody asks for any more."""
        try:
            await self._learn()
            while True:
                await self._moving.wait()
                if (left := self._released - self._clock.monotonic()) > 0:
                    await asyncio.sleep(left)
                    continue
                await self._stop_forgotten()
        finally:
            try:
                if self._moving.is_set():
                    await self._mechanics.stop()
            except AgentError as exc:
                log.warning("a camera may still be turning: %s", exc)

    async def move(self, velocity: Velocity, actor: str) -> bool:
        """Turns the camera for ``RELEASE`` seconds; asked again in time it goes on. All zero stops it.

        Returns:
            Whether a movement began, and not one went on or ended: what an audit trail needs to know.

        Raises:
            AgentError: somebody else moves it (``ptz_busy``), or the camera refuses or is away.
        """
        self._hold(actor)
        begins = not self._moving.is_set() and not velocity.still
        self._released = Monotonic(self._clock.monotonic() + RELEASE)
        if velocity.still:
            self._moving.clear()
        else:
            self._moving.set()
        await self._send(velocity)
        return begins

    async def recall(self, preset: str, actor: str) -> None:
        """Turns the camera to one of its presets. Raises as ``move``."""
        self._hold(actor)
        self._moving.clear()
        async with self._sending:
            await self._mechanics.recall(preset)

    async def presets(self) -> Sequence[Preset]:
        """Returns the positions that the camera remembers; raises an ``AgentError`` when it does not say."""
        return await self._mechanics.presets()

    async def _learn(self) -> None:
        """Asks until the camera answers; one that refuses is asked seldom, since many lock an account after a few."""
        backoff = Backoff(most=LONGEST_WAIT)
        for failures in itertools.count():
            try:
                self.able = await self._mechanics.turns()
            except AgentError as exc:
                wait = backoff.most if isinstance(exc, PermanentError) else backoff.wait(failures, self._rng)
                if not failures:
                    log.warning("it is not known yet whether a camera can be turned: %s", exc)
                await asyncio.sleep(wait)
            else:
                break
        self._changed()

    def _hold(self, actor: str) -> None:
        now = self._clock.monotonic()
        if self._holder not in {"", actor} and now < self._held + HOLD:
            raise TransientError(f"{self._holder} is moving this camera", "wait until it is released", code="ptz_busy")
        self._holder, self._held = actor, now

    async def _send(self, velocity: Velocity) -> None:
        """Sends the newest wish; one that a newer wish overtook while it waited is left out."""
        self._wanted = velocity
        async with self._sending:
            if self._wanted is not velocity:
                return
            if velocity.still:
                self._before = velocity
                await self._mechanics.stop()
                return
            # An axis that is left out goes on in some cameras, so one that moved before is told to stand.
            before, self._before = self._before, velocity
            turning = any((velocity.pan, velocity.tilt, before.pan, before.tilt))
            await self._mechanics.move(
                Velocity(
                    pan=(velocity.pan or 0.0) if turning else None,
                    tilt=(velocity.tilt or 0.0) if turning else None,
                    zoom=(velocity.zoom or 0.0) if velocity.zoom or before.zoom else None,
                )
            )

    async def _stop_forgotten(self) -> None:
        self._moving.clear()
        try:
            await self._send(Velocity())
        except AgentError as exc:
            log.warning("a camera that nobody holds any more did not stop, trying again: %s", exc)
            self._released = Monotonic(self._clock.monotonic() + RELEASE)
            self._moving.set()
