"""Having sent again what is missing: holes in an agent's numbers, asked for in no hurry."""

import asyncio
import logging

from pydantic import JsonValue

from edge_agent.console.asking import Asking
from edge_agent.console.box import Box
from edge_agent.console.chronicle import Chronicle
from edge_agent.console.town import Town
from edge_agent.errors import AgentError
from edge_agent.events.replay import Sequences

EVERY = 30.0
"""Seconds between two rounds; a hole may be events that an alarm has overtaken, and those come by themselves."""

MOST = 20
"""Holes that a box is asked for in a round."""

log = logging.getLogger(__name__)


class Mending:
    """Asks for what is missing.

    Args:
        town: the boxes.
        chronicle: knows what is missing.
        asking: asks.
        actor: in whose name.

    Attributes:
        lost: events that no box has any more.
    """

    def __init__(self, town: Town, chronicle: Chronicle, asking: Asking, actor: str) -> None:
        self.lost = 0
        self._town = town
        self._chronicle = chronicle
        self._asking = asking
        self._actor = actor

    async def run(self) -> None:
        """Mends until cancelled."""
        before: dict[str, set[Sequences]] = {}
        while True:
            await asyncio.sleep(EVERY)
            holes = {agent: set(self._chronicle.holes(agent)) for agent in self._town.boxes}
            for box in list(self._town.boxes.values()):
                stayed = holes[box.id] & before.get(box.id, set()) if box.online else set()
                for hole in sorted(stayed, key=lambda each: (each.boot, each.first))[:MOST]:
                    if not await self._mend(box, hole):
                        break
            before = {agent: found for agent, found in holes.items() if found}

    async def _mend(self, box: Box, hole: Sequences) -> bool:
        """Returns whether the box answers: each question that it does not holds up all boxes for seconds."""
        wanted: dict[str, JsonValue] = {"boot": hole.boot, "first": hole.first, "last": hole.last}
        try:
            answer = await self._asking.ask(box, "events.replay", wanted, self._actor)
        except AgentError as exc:
            log.warning("%s does not send again what is missing: %s", box.id, exc)
            return False
        if not answer.get("again") and not answer.get("waiting"):
            self.lost += hole.last - hole.first + 1
            log.warning("%s lost its events %d to %d of the run %s", box.id, hole.first, hole.last, hole.boot)
            self._chronicle.give_up(box.id, hole)
        return True
