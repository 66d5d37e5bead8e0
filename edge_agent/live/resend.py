"""What a viewer was sent lately, so that a lost packet can be sent again (NACK)."""

from bisect import bisect_right
from dataclasses import dataclass

from edge_agent.live.payload import Unit
from edge_agent.values.time import Monotonic

KEPT = 2.0
"""Seconds: a browser asks again for about one, and a key frame of any size was sent within the other."""

RATE, BURST = 1000.0, 1000.0
"""Packets a second, and at once, that a viewer may have again: 9 Mb/s, since asking costs it nothing."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A packet that was sent.

    Attributes:
        payload: as it was.
        stamp: its timestamp.
        marker: whether an access unit ended with it.
    """

    payload: bytes
    stamp: int
    marker: bool


class History:
    """Knows the access units of the last ``KEPT`` seconds; all viewers share what is in them."""

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._units: list[tuple[Unit, int, Monotonic]] = []
        self._next = 0
        self._allowed = BURST
        self._counted = Monotonic(0.0)

    def add(self, unit: Unit, sequence: int, stamp: int, now: Monotonic) -> None:
        """Notes that an access unit's packets are sent from ``sequence`` on, which rises without end."""
        self._firsts.append(sequence)
        self._units.append((unit, stamp, now))
        self._next = sequence + len(unit.payloads)
        old = 0
        while self._units[old][2] < now - KEPT:
            old += 1
        del self._firsts[:old], self._units[:old]

    def find(self, sequence: int, now: Monotonic) -> Sent | None:
        """Returns the packet with a sequence number of 16 bits; None if it is forgotten or asked for too often."""
        self._allowed = min(BURST, self._allowed + (now - self._counted) * RATE)
        self._counted = now
        full = self._next - 1 - ((self._next - 1 - sequence) & 0xFFFF)
        index = bisect_right(self._firsts, full) - 1
        if self._allowed < 1 or index < 0:
            return None
        unit, stamp, _ = self._units[index]
        place = full - self._firsts[index]
        if place >= len(unit.payloads):
            return None
        self._allowed -= 1
        return Sent(unit.payloads[place], stamp, marker=place == len(unit.payloads) - 1)
