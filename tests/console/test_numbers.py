from hypothesis import given
from hypothesis import strategies as st

from edge_agent.console.numbers import BOOTS, RANGES, Numbers
from edge_agent.events.replay import Sequences


def test_what_came_before_is_not_new_and_what_is_between_is_missing() -> None:
    numbers = Numbers()
    assert [numbers.note("a", each) for each in (5, 6, 6, 9, 12)] == [True, True, False, True, True]
    assert list(numbers.holes()) == [Sequences("a", 7, 8), Sequences("a", 10, 11)]
    assert numbers.note("a", 7, 8)
    assert not numbers.note("a", 6, 9)
    assert list(numbers.holes()) == [Sequences("a", 10, 11)]


@given(st.lists(st.integers(1, 60)))
def test_it_counts_as_a_set_does(came: list[int]) -> None:
    numbers, seen = Numbers(), set[int]()
    for each in came:
        assert numbers.note("a", each) == (each not in seen)
        seen.add(each)
    missing = {number for hole in numbers.holes() for number in range(hole.first, hole.last + 1)}
    assert missing == ({*range(min(seen), max(seen))} - seen if seen else set())


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 9))))
def test_ranges_count_as_a_set_does(came: list[tuple[int, int]]) -> None:
    numbers, seen = Numbers(), set[int]()
    for first, more in came:
        told = set(range(first, first + more + 1))
        assert numbers.note("a", first, first + more) == (not told <= seen)
        seen |= told


def test_memory_is_bounded() -> None:
    numbers = Numbers()
    for boot in range(BOOTS + 2):
        for each in range(RANGES * 2):
            numbers.note(str(boot), each * 2 + 1)
    holes = list(numbers.holes())
    assert len(holes) == BOOTS * (RANGES - 1)
    assert {hole.boot for hole in holes} == {"2", "3", "4"}
