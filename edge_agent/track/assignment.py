"""Who is who: the pairing of tracks and detections whose likeness is greatest in sum."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Rows: TypeAlias = NDArray[np.intp]


def assign(likeness: Floats, least: float) -> tuple[Rows, Rows]:
    """Pairs rows with columns, each at most once, so that the sum of likeness above ``least`` is the greatest possible.

    What exceeds ``least`` is what counts, so that two poor pairs do not outvote a good one.

    Args:
        likeness: float64 (rows, columns).
        least: pairs that do not exceed it are never made.

    Returns:
        The rows and the columns of the pairs.
    """
    worth = np.maximum(likeness - least, 0.0)
    possible = worth > 0.0
    # Most tracks have one candidate, and it has no other: only the rest is a question.
    plain = possible & (possible.sum(1, keepdims=True) == 1) & (possible.sum(0, keepdims=True) == 1)
    rows, columns = np.nonzero(plain)
    unclear = possible & ~plain
    some_rows, some_columns = np.flatnonzero(unclear.any(1)), np.flatnonzero(unclear.any(0))
    if some_rows.size:
        cost = -worth[np.ix_(some_rows, some_columns)]
        if some_rows.size <= some_columns.size:
            solved_rows, solved_columns = np.arange(some_rows.size), _solve(cost)
        else:
            solved_rows, solved_columns = _solve(cost.T), np.arange(some_columns.size)
        made = cost[solved_rows, solved_columns] < 0.0
        rows = np.concatenate([rows, some_rows[solved_rows[made]]])
        columns = np.concatenate([columns, some_columns[solved_columns[made]]])
    return rows, columns


def _solve(cost: Floats) -> Rows:
    """Returns the column of each row at the least total cost; there are at least as many columns as rows.

    Adds one row after another by the shortest augmenting path: R. Jonker and A. Volgenant, A shortest augmenting path
    algorithm for dense and sparse linear assignment problems, Computing 38 (1987), without its initialisation.
    """
    rows, columns = cost.shape
    row_price, column_price = np.zeros(rows), np.zeros(columns)
    row_of, column_of = np.full(columns, -1), np.full(rows, -1)
    for start in range(rows):
        distance, before = np.full(columns, np.inf), np.full(columns, -1)
        reached = np.zeros(columns, np.bool_)
        row, so_far = start, 0.0
        while True:
            further = so_far + cost[row] - row_price[row] - column_price
            shorter = ~reached & (further < distance)
            distance[shorter], before[shorter] = further[shorter], row
            column = int(np.where(reached, np.inf, distance).argmin())
            so_far = float(distance[column])
            if row_of[column] < 0:
                break
            reached[column] = True
            row = int(row_of[column])
        slack = so_far - distance[reached]
        row_price[start] += so_far
        row_price[row_of[reached]] += slack
        column_price[reached] -= slack
        while True:
            row = int(before[column])
            row_of[column] = row
            column_of[row], column = column, int(column_of[row])
            if row == start:
                break
    return column_of
