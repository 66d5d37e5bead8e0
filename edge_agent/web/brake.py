"""The brake on guessing: whoever was wrong too often has to wait."""

from collections import OrderedDict

from edge_agent.aio.clock import Clock
from edge_agent.errors import TransientError
from edge_agent.values.time import Monotonic

ATTEMPTS = 5
"""Wrong secrets from one place before it has to wait."""

PAUSE = 10.0
"""Seconds from the last wrong secret until a place may try again."""

STRANGERS = 256
"""Places that are remembered; the one that was wrong longest ago is forgotten first."""


class Brake:
    """Counts wrong secrets by where they came from: an address, or the name of an account.

    Args:
        clock: for the waiting.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wrong: OrderedDict[str, tuple[int, Monotonic]] = OrderedDict()

    def check(self, place: str) -> None:
        """Lets an attempt begin.

        Raises:
            TransientError: too many were wrong (code ``too_many_attempts``).
        """
        count, last = self._wrong.get(place, (0, Monotonic(0.0)))
        if count >= ATTEMPTS and self._clock.monotonic() - last < PAUSE:
            raise TransientError(
                "too many wrong attempts to sign in", f"wait {PAUSE:.0f} seconds", code="too_many_attempts"
            )

    def press(self, place: str) -> None:
        """Notes that an attempt was wrong."""
        count, _ = self._wrong.get(place, (0, None))
        self._wrong[place] = (count + 1, self._clock.monotonic())
        self._wrong.move_to_end(place)
        if len(self._wrong) > STRANGERS:
            self._wrong.popitem(last=False)

    def release(self, place: str) -> None:
        """Notes that an attempt was right."""
        self._wrong.pop(place, None)
