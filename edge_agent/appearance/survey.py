"""The squares of a whole picture to look for faces in, where no person tells where."""

from collections.abc import Iterator, Sequence

import numpy as np

from edge_agent.appearance.square import Square

SMALLEST = 112
"""Pixels of the smallest squares' sides: the network finds faces from a seventh of a side on."""

OVERLAP = 1 / 3
"""Of a square that the next one sees again, so that every face is whole in one of them."""

MOST = 2000
"""Squares of one size, 1.5 s. Where a picture needs more, small faces are found by their bodies or not at all."""


def squares(width: int, height: int) -> Iterator[Square]:
    """Yields squares from the whole picture down to small ones, each size half of the one before.

    Args:
        width: of the picture, in pixels.
        height: of the picture, in pixels.
    """
    side = float(max(width, height))
    while True:
        columns, rows = _middles(width, side), _middles(height, side)
        if len(columns) * len(rows) > MOST:
            return
        yield from (Square.around(x, y, side) for y in rows for x in columns)
        side /= 2
        if side < SMALLEST:
            return


def _middles(length: int, side: float) -> Sequence[float]:
    if length <= side:
        return (length / 2,)
    steps = int(np.ceil((length - side) / (side * (1 - OVERLAP))))
    middles: list[float] = np.linspace(side / 2, length - side / 2, steps + 1).tolist()
    return middles
