"""Who watches or speaks through the console: what is open at the agents, and closing it when a login ends."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from edge_agent.console.asking import Asking
from edge_agent.console.town import Town
from edge_agent.errors import AgentError, PermanentError
from edge_agent.live.once import Once
from edge_agent.values.time import Monotonic
from edge_agent.web.site import Opened

LONGEST = 13 * 3600.0
"""Seconds after which a session that nobody closed is forgotten; the agents end theirs before."""

MOST = 20_000
"""Sessions that are remembered."""

EVERY = 2.0
"""Seconds between two looks for logins that ended."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Viewing:
    """An open session.

    Attributes:
        agent: where.
        place: camera's id in the control room.
        actor: whose.
        close: command that ends it.
        begun: when.
        key: names the request that opened it, empty for none.
    """

    agent: str
    place: str
    actor: str
    close: str
    begun: Monotonic
    key: str = ""


class Viewings:
    """Keeps sessions by their id.

    Args:
        town: the boxes.
        asking: asks them.
        is_in: tells whether an account still has a login.

    Attributes:
        once: answers requests to open one that come twice.
    """

    def __init__(self, town: Town, asking: Asking, is_in: Callable[[str], bool]) -> None:
        self.once: Once[Opened] = Once()
        self._town = town
        self._asking = asking
        self._is_in = is_in
        self._open: dict[str, Viewing] = {}

    def __len__(self) -> int:
        return len(self._open)

    def note(self, session: str, viewing: Viewing) -> None:
        """Notes that a session was opened."""
        oldest = viewing.begun - LONGEST
        while self._open and (len(self._open) >= MOST or next(iter(self._open.values())).begun < oldest):
            self._forget(next(iter(self._open)))
        self._open[session] = viewing

    def at(self, place: str, session: str) -> Viewing:
        """Returns a session of a camera.

        Raises:
            PermanentError: there is none (code ``session_unknown``).
        """
        found = self._open.get(session)
        if found is None or found.place != place:
            raise PermanentError("there is no such session", "it has ended already", code="session_unknown")
        return found

    async def close(self, place: str, session: str) -> None:
        """Ends a session.

        Raises:
            PermanentError: there is none (code ``session_unknown``).
            TransientError: the box cannot be asked.
        """
        found = self.at(place, session)
        self._forget(session)
        box = self._town.boxes.get(found.agent)
        if box is not None:
            await self._asking.ask(box, found.close, {"session": session}, found.actor)

    async def watch(self) -> None:
        """Closes what was opened with logins that ended since, until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            gone = {viewing.actor for viewing in self._open.values() if not self._is_in(viewing.actor)}
            for session, viewing in list(self._open.items()):
                if viewing.actor in gone:
                    await self._end(session, viewing)

    def _forget(self, session: str) -> None:
        viewing = self._open.pop(session)
        self.once.forget((viewing.actor, viewing.key))

    async def _end(self, session: str, viewing: Viewing) -> None:
        log.info("the login of %s ended, and with it what they had open at %s", viewing.actor, viewing.place)
        try:
            await self.close(viewing.place, session)
        except AgentError as exc:
            log.warning("a session at %s could not be closed: %s", viewing.place, exc)
