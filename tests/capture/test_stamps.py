"""Time that only rises."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.capture.stamps import Rising


@given(st.lists(st.none() | st.integers(-(2**40), 2**40) | st.integers(-100, 100_000), min_size=2))
def test_it_always_rises(said: list[int | None]) -> None:
    rising = Rising()
    stamps = [rising.next(ticks, 3600) for ticks in said]
    assert all(late > early for early, late in itertools.pairwise(stamps))
    assert stamps[0] >= 0


@given(st.lists(st.integers(1, 90_000), min_size=1))
def test_good_stamps_pass_as_they_are(steps: list[int]) -> None:
    rising, ticks = Rising(), 0
    assert rising.next(0, 3600) == 0
    for step in steps:
        ticks += step
        assert rising.next(ticks, 3600) == ticks


def test_a_clock_that_was_set_is_followed_from_where_it_was() -> None:
    rising = Rising()
    assert [rising.next(ticks, 3600) for ticks in (0, 3600, 10**9, 10**9 + 3600, 50)] == [0, 3600, 7200, 10800, 14400]


def test_disorder_is_straightened_without_a_lasting_shift() -> None:
    rising = Rising()
    assert [rising.next(ticks, 3600) for ticks in (0, 7200, 3600, 10800)] == [0, 7200, 7201, 10800]


def test_missing_stamps_are_filled_in() -> None:
    rising = Rising()
    assert [rising.next(ticks, 3600) for ticks in (None, None, 6000, None)] == [0, 3600, 6000, 9600]


def test_a_cut_goes_on_after_the_last() -> None:
    rising = Rising()
    rising.next(0, 3600)
    rising.next(3600, 3600)
    rising.cut()
    assert [rising.next(ticks, 3600) for ticks in (0, 3600)] == [7200, 10800]
