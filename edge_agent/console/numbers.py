"""Which numbers of an agent's events came, and which did not: duplicates and holes (rules in docs/events)."""

import itertools
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator

from edge_agent.events.replay import Sequences

BOOTS = 3
"""Runs of an agent that are remembered; older ones have nothing more to say."""

RANGES = 256
"""Ranges remembered for a run; beyond them the oldest hole counts as filled."""


class Numbers:
    """Counts what came from one agent."""

    def __init__(self) -> None:
        self._runs: OrderedDict[str, list[list[int]]] = OrderedDict()

    def note(self, boot: str, first: int, last: int = 0) -> bool:
        """Notes that numbers came, or never will; returns whether any of them is new.

        Args:
            boot: the run of the agent.
            first: the number, or the lowest.
            last: the highest; the same where left out.
        """
        ranges = self._runs.setdefault(boot, [])
        while len(self._runs) > BOOTS:
            self._runs.popitem(last=False)
        new = _add(ranges, first, max(first, last))
        while len(ranges) > RANGES:
            (begin, _), (_, end) = ranges[:2]
            ranges[:2] = [[begin, end]]
        return new

    def holes(self) -> Iterator[Sequences]:
        """Yields what lies between numbers that came; what was before the first one seen is nobody's loss."""
        for boot, ranges in self._runs.items():
            for (_, before), (after, _) in itertools.pairwise(ranges):
                yield Sequences(boot, before + 1, after - 1)


def _add(ranges: list[list[int]], first: int, last: int) -> bool:
    """Adds a range to sorted ones that do not touch; returns whether it was not wholly among them."""
    at = bisect_right(ranges, [first, last])
    begin = at
    while begin and ranges[begin - 1][1] >= first - 1:
        begin -= 1
    end = at
    while end < len(ranges) and ranges[end][0] <= last + 1:
        end += 1
    touched = ranges[begin:end]
    if any(low <= first and last <= high for low, high in touched):
        return False
    low = min([first, *(each[0] for each in touched)])
    high = max([last, *(each[1] for each in touched)])
    ranges[begin:end] = [[low, high]]
    return True
