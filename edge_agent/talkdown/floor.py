"""Whose turn it is where several loudspeakers are heard in one place."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class _Claim:
    priority: int
    give_way: Callable[[], None]
    granted: asyncio.Event = field(default_factory=asyncio.Event)


class Floor:
    """One voice at a time in one place, the urgent one first; shared by loudspeakers, on the event loop.

    As many wait as there are loudspeakers in the place.
    """

    def __init__(self) -> None:
        self._holder: _Claim | None = None
        self._waiting: list[_Claim] = []

    @asynccontextmanager
    async def turn(self, priority: int, give_way: Callable[[], None]) -> AsyncIterator[None]:
        """Waits until nobody else speaks, and lets nobody else speak until the block ends.

        Args:
            priority: of what is to be said; more than that of who speaks now makes him give way.
            give_way: called when something more urgent is to be said here.
        """
        claim = _Claim(priority, give_way)
        self._waiting.append(claim)
        self._waiting.sort(key=lambda waiting: -waiting.priority)
        if self._holder is not None and priority > self._holder.priority:
            self._holder.give_way()
        self._grant()
        try:
            await claim.granted.wait()
            yield
        finally:
            if self._holder is claim:
                self._holder = None
            else:
                self._waiting.remove(claim)
            self._grant()

    def _grant(self) -> None:
        if self._holder is None and self._waiting:
            self._holder = self._waiting.pop(0)
            self._holder.granted.set()
