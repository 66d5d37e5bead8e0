"""The squares of a whole picture to look for faces in, where no person tells where."""

from collections.abc import Iterator
from itertools import product

import numpy as np

from edge_agent.appearance.square import Square

SMALLEST = 112
"""Pixels of the smallest squares' sides: the network finds faces from a seventh of a side on."""

STEP = 2**0.5
"""From one size to the next: a face that the network misses in one size it may see in another."""

OVERLAP = 1 / 3
"""Of a square that the next one sees again, so that every face is whole in one of them."""

MOST = 3000
"""Squares of a picture, about 3 s: all sizes up to 8 megapixels. In larger ones bodies tell of small faces."""


def squares(width: int, height: int) -> list[Square]:
    """Returns squares from the whole picture down to small ones; of a very large picture not the smallest.

    Args:
        width: of the picture, in pixels.
        height: of the picture, in pixels.
    """
    found: list[Square] = []
    for side in _sides(max(width, height)):
        places = [*product(_middles(height, side), _middles(width, side))]
        if len(found) + len(places) > MOST:
            break
        found += [Square.around(x, y, side) for y, x in places]
    return found


def _sides(whole: int) -> Iterator[float]:
    """Yields the whole, then the smallest times whole powers of the step, the largest of them first."""
    yield whole
    for power in reversed(range(max(0, int(np.ceil(np.log(whole / SMALLEST) / np.log(STEP)))))):
        yield SMALLEST * STEP**power


def _middles(length: int, side: float) -> list[float]:
    if length <= side:
        return [length / 2]
    steps = int(np.ceil((length - side) / (side * (1 - OVERLAP))))
    middles: list[float] = np.linspace(side / 2, length - side / 2, steps + 1).tolist()
    return middles
