import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edge_agent.track.assignment import Floats, assign

LEAST = 0.2

matrices = st.tuples(st.integers(0, 5), st.integers(0, 5)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.sampled_from([0.0, 0.1, 0.2, 0.21, 0.3, 0.5, 0.55, 0.9, 1.0]))
)


def worth(likeness: Floats, rows: list[int], columns: list[int]) -> float:
    return sum(max(float(likeness[row, column]) - LEAST, 0.0) for row, column in zip(rows, columns, strict=True))


def best(likeness: Floats) -> float:
    """Tries every pairing."""
    if likeness.shape[0] > likeness.shape[1]:
        likeness = likeness.T
    rows = list(range(likeness.shape[0]))
    return max(
        worth(likeness, rows, list(some)) for some in itertools.permutations(range(likeness.shape[1]), len(rows))
    )


@given(matrices)
def test_no_other_pairing_is_worth_more(likeness: Floats) -> None:
    rows, columns = (each.tolist() for each in assign(likeness, LEAST))
    assert worth(likeness, rows, columns) >= best(likeness) - 1e-9


@given(matrices)
def test_pairs_are_one_to_one_and_above_the_least(likeness: Floats) -> None:
    rows, columns = (each.tolist() for each in assign(likeness, LEAST))
    assert len(set(rows)) == len(set(columns)) == len(rows) == len(columns)
    assert all(likeness[row, column] > LEAST for row, column in zip(rows, columns, strict=True))


def test_two_poor_pairs_do_not_outvote_a_good_one() -> None:
    rows, columns = assign(np.array([[0.6, 0.35], [0.35, 0.0]]), LEAST)
    assert (rows.tolist(), columns.tolist()) == ([0], [0])


def test_a_hundred_by_a_hundred_and_twenty_is_solved() -> None:
    likeness = np.random.default_rng(1).random((100, 120))
    rows, columns = assign(likeness, LEAST)
    assert len(rows) == 100
    assert likeness[rows, columns].mean() > 0.95
