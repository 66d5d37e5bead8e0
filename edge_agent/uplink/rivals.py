"""Another box with this agent's name, as when one was flashed from the other's image: noticed, said, not fought."""

import random

from edge_agent.aio.clock import Clock
from edge_agent.errors import PermanentError
from edge_agent.uplink.errors import TakenOver, Trouble
from edge_agent.uplink.presence import Presence
from edge_agent.values.event import Degradation
from edge_agent.values.time import Monotonic

PART = "identity"
"""The part that events of this name."""

_FIRST = 300.0  # seconds: two that take the connection from each other all the time would both be useless
_MOST = 3600.0
_BRIEF = 30.0  # seconds; a connection that is lost sooner after it was made, again and again, was probably taken
_IN_A_ROW = 3
_ALONE = 2 * _MOST  # seconds; a rival that gives way comes back sooner


class Rivals:
    """Judges why connections end, and how long to give way.

    Args:
        clock: measures.
        rng: so that two boxes of one image do not come back together.
    """

    def __init__(self, clock: Clock, rng: random.Random) -> None:
        self._clock = clock
        self._rng = rng
        self._brief = 0
        self._taken = 0
        self._last: Monotonic | None = None

    def judge(self, exc: Trouble, lived: float, presence: Presence) -> Trouble:
        """Returns what ended a connection, which may be a rival though the broker does not say so.

        MQTT 3.1.1 has no word for it, and mosquitto 2.0 says nothing in MQTT 5 either. A broker that crashes again and
        again looks alike, but there nobody else tells a status.

        Args:
            exc: as it was understood.
            lived: seconds that the agent was online; 0 for never, as while a broker restarts.
            presence: heard what others told as this agent's status.
        """
        # One that was taken before it was online says nothing: two boxes that come back fast take many of them.
        if lived:
            self._brief = self._brief + 1 if lived < _BRIEF else 0
        if not self._brief:
            presence.stranger = False
        if self._brief < _IN_A_ROW or not presence.stranger or isinstance(exc, PermanentError):
            return exc
        reason = f"another box has this agent's name: {self._brief} connections in a row were lost at once"
        return TakenOver(
            reason, "give each box an agent.id of its own; one was probably flashed from the other's image"
        )

    def taken(self, exc: TakenOver) -> tuple[float, Degradation | None]:
        """Returns how many seconds to give way, and what to tell where it was not told yet."""
        first = self._last is None
        self._last, self._brief = self._clock.monotonic(), 0
        wait = min(_MOST, _FIRST * 2.0**self._taken) * self._rng.uniform(0.5, 1.0)
        self._taken = min(self._taken + 1, 10)
        return wait, Degradation(PART, degraded=True, reason=exc.reason, remedy=exc.remedy) if first else None

    def alone(self) -> Degradation | None:
        """Returns what to tell when nobody took the connection for long, once."""
        if self._last is None or self._clock.monotonic() - self._last < _ALONE:
            return None
        self._last, self._taken = None, 0
        return Degradation(PART, degraded=False)
