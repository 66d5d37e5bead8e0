"""Which part of the picture is looked at: where something moves or somebody is followed; the rest once a second."""

import math
from collections.abc import Iterable
from functools import reduce

from edge_agent.values.geometry import Box
from edge_agent.values.time import Monotonic

MARGIN = 0.15
"""Share of the part by which it is widened on each side: people are taller than what moves of them, and walk on."""

SMALLEST = 0.3
"""Of the picture's width and height: a detector needs some street around a person."""

MOST = 0.8
"""Of the picture's width or height, from which a part shows hardly more than the whole."""

WHOLE = 1.0
"""Seconds after which the whole picture is looked at, for whoever came unseen or stopped before he was followed."""


class Focus:
    """Chooses the part for one camera; used by one coroutine."""

    def __init__(self) -> None:
        self._whole = Monotonic(-math.inf)

    def part(self, at: Monotonic, moving: Box | None, followed: Iterable[Box]) -> Box | None:
        """Returns which part to look at, None for all of the picture.

        Args:
            at: when the picture arrived.
            moving: what moves in it, None where nothing does or nobody knows.
            followed: where those are who are followed.
        """
        if moving is not None and at - self._whole < WHOLE:
            part = reduce(Box.joined, followed, moving).grown(MARGIN, MARGIN).clipped()
            (left, right), (top, bottom) = _widened(part.left, part.right), _widened(part.top, part.bottom)
            part = Box(left, top, right, bottom)
            if max(part.width, part.height) < MOST:
                return part
        self._whole = at
        return None


def _widened(low: float, high: float) -> tuple[float, float]:
    """Returns an interval of at least ``SMALLEST`` inside of 0 to 1 that holds this one."""
    length = max(high - low, SMALLEST)
    low = min(max((low + high - length) / 2, 0.0), 1 - length)
    return low, low + length
