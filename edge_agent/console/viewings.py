"""Who watches or speaks through the console: what is open at the agents, and closing it when its time is over."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from edge_agent.console.account import Action
from edge_agent.console.asking import Asking
from edge_agent.console.town import Town
from edge_agent.errors import PermanentError, TransientError
from edge_agent.live.once import Once
from edge_agent.values.time import Monotonic
from edge_agent.web.door import Visitor
from edge_agent.web.site import Opened

LONGEST = 13 * 3600.0
"""Seconds after which a session that nobody closed is forgotten; the agents end theirs before."""

MOST = 20_000
"""Sessions that are remembered."""

EVERY = 2.0
"""Seconds between two looks for what may not be open any more."""

CLOSES = {Action.LIVE: "live.close", Action.SPEAK: "talkdown.close"}
"""Commands that end what was opened."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Viewing:
    """An open session.

    Attributes:
        agent: where.
        place: camera's id in the control room.
        visitor: whose, and with which login.
        action: what they do.
        begun: when.
        key: names the request that opened it, empty for none.
    """

    agent: str
    place: str
    visitor: Visitor
    action: Action
    begun: Monotonic
    key: str = ""


class Viewings:
    """Keeps sessions by their id.

    Args:
        town: the boxes.
        asking: asks them.
        may_stay: tells whether the login is still good that a session was opened with, and allows it still.

    Attributes:
        once: answers requests to open one that come twice.
    """

    def __init__(self, town: Town, asking: Asking, may_stay: Callable[[Viewing], bool]) -> None:
        self.once: Once[Opened] = Once()
        self._town = town
        self._asking = asking
        self._may_stay = may_stay
        self._open: dict[str, Viewing] = {}
        self._ending: set[str] = set()

    def __len__(self) -> int:
        return len(self._open)

    def note(self, session: str, viewing: Viewing) -> None:
        """Notes that a session was opened."""
        oldest = viewing.begun - LONGEST
        while self._open and (len(self._open) >= MOST or next(iter(self._open.values())).begun < oldest):
            self._forget(next(iter(self._open)))
        self._open[session] = viewing

    def at(self, place: str, session: str, actor: str) -> Viewing:
        """Returns a session of a camera and an account: every page that sees the camera is told the ids of all.

        Raises:
            PermanentError: there is none (code ``session_unknown``).
        """
        found = self._open.get(session)
        if found is None or (found.place, found.visitor.name) != (place, actor):
            raise PermanentError("there is no such session", "it has ended already", code="session_unknown")
        return found

    async def close(self, place: str, session: str, actor: str) -> None:
        """Ends a session.

        Raises:
            PermanentError: there is none (code ``session_unknown``).
            TransientError: the box cannot be asked.
        """
        await self._close(session, self.at(place, session, actor))

    async def watch(self) -> None:
        """Closes what may not stay open, until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            await self.clear()

    async def clear(self) -> None:
        """Closes what may not stay open; a box that cannot be asked now is asked again the next time."""
        async with asyncio.TaskGroup() as group:
            for session, viewing in list(self._open.items()):
                if not self._may_stay(viewing):
                    group.create_task(self._end(session, viewing), name=f"{viewing.place}: session ends")

    async def _close(self, session: str, viewing: Viewing) -> None:
        box = self._town.boxes.get(viewing.agent)
        try:
            if box is not None:
                await self._asking.ask(box, CLOSES[viewing.action], {"session": session}, viewing.visitor.name)
        except PermanentError:
            self._forget(session)
            raise
        self._forget(session)

    async def _end(self, session: str, viewing: Viewing) -> None:
        if session not in self._ending:
            self._ending.add(session)
            log.info("what %s had open at %s ends: they may no more", viewing.visitor.name, viewing.place)
        try:
            await self._close(session, viewing)
        except TransientError as exc:
            log.debug("a session at %s is still open: %s", viewing.place, exc)
        except PermanentError as exc:
            log.info("a session at %s had ended or cannot be closed: %s", viewing.place, exc)

    def _forget(self, session: str) -> None:
        self._ending.discard(session)
        viewing = self._open.pop(session, None)
        if viewing is not None:
            self.once.forget((viewing.visitor.name, viewing.key))
