"""Whose turn it is where several loudspeakers are heard in one place."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from edge_agent.errors import TransientError


@dataclass(slots=True, eq=False)
class _Claim:
    priority: int
    give_way: Callable[[], None]
    granted: asyncio.Event = field(default_factory=asyncio.Event)


class Floor:
    """One voice at a time in one place, the urgent one first; shared by loudspeakers, on the event loop.

    As many wait as there are loudspeakers in the place.

    Attributes:
        talker: who talks here in person; empty where nobody does.
    """

    def __init__(self) -> None:
        self.talker = ""
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

    @contextmanager
    def kept(self, talker: str) -> Iterator[None]:
        """Lets nobody else talk in person here until the block ends.

        Raises:
            TransientError: somebody does (code ``talking``).
        """
        if self.talker:
            raise talking(self.talker)
        self.talker = talker
        try:
            yield
        finally:
            self.talker = ""

    def _grant(self) -> None:
        if self._holder is None and self._waiting:
            self._holder = self._waiting.pop(0)
            self._holder.granted.set()


def talking(talker: str) -> TransientError:
    """Returns why nothing else can be said."""
    return TransientError(f"{talker} is talking here", "wait until they let go", code="talking")
