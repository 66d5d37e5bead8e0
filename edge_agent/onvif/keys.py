"""Key frames on demand, for a viewer that lost the picture: cheaper on its thin link than the past played again."""

import asyncio
import logging
from typing import Protocol

from edge_agent.aio.clock import Clock
from edge_agent.errors import AgentError
from edge_agent.values.time import Monotonic

AGAIN = 60.0
"""Seconds until a camera that made no key frame is tried again."""

LEAST_GAP = 1.0
"""Seconds between two requests; all viewers share the key frame that each one brings."""

log = logging.getLogger(__name__)


class KeySource(Protocol):
    """Whoever makes key frames."""

    async def make_key(self) -> None:
        """Makes one soon; raises an ``AgentError`` where it cannot."""
        ...


class KeyFrames:
    """Asks a camera for key frames. Works while ``run`` runs.

    Args:
        source: the camera.
        clock: measures when it last failed.
    """

    def __init__(self, source: KeySource, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._wanted = asyncio.Event()
        self._failed: Monotonic | None = None

    def ask(self) -> bool:
        """Asks for one without waiting; returns False while the camera is known not to make any."""
        failed = self._failed
        if failed is not None and self._clock.monotonic() - failed < AGAIN:
            return False
        self._wanted.set()
        return True

    async def run(self) -> None:
        """Passes requests on for ever."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                await self._source.make_key()
            except AgentError as exc:
                self._failed = self._clock.monotonic()
                log.info("no key frame on demand, viewers get the last one again: %s", exc)
            await asyncio.sleep(LEAST_GAP)
