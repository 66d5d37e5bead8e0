from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.motion.focus import MOST, SMALLEST, WHOLE, Focus
from edge_agent.values.geometry import Box
from edge_agent.values.time import Monotonic

corners = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted)
boxes = st.tuples(corners, corners).map(lambda both: Box(both[0][0], both[1][0], both[0][1], both[1][1]))
PERSON = Box(0.4, 0.5, 0.42, 0.6)


def looked(at: float = 100.0) -> Focus:
    """One that has just looked at the whole."""
    focus = Focus()
    focus.part(Monotonic(at), None, ())
    return focus


@given(boxes, st.lists(boxes, max_size=4))
def test_whatever_moves_and_whoever_is_followed_is_inside(moving: Box, followed: list[Box]) -> None:
    part = looked().part(Monotonic(100.1), moving, followed)
    if part is None:
        return
    assert 0 <= part.left < part.right <= 1
    assert 0 <= part.top < part.bottom <= 1
    assert SMALLEST - 1e-9 <= min(part.width, part.height) <= max(part.width, part.height) < MOST
    for box in (moving, *followed):
        assert part.left <= box.left + 1e-9
        assert part.top <= box.top + 1e-9
        assert part.right >= box.right - 1e-9
        assert part.bottom >= box.bottom - 1e-9


def test_the_whole_is_looked_at_first_and_once_a_second() -> None:
    focus = Focus()
    parts = [focus.part(Monotonic(index / 5), PERSON, ()) for index in range(25)]
    whole = [index / 5 for index, part in enumerate(parts) if part is None]
    assert whole[0] == 0
    assert all(later - earlier <= WHOLE + 0.2 for earlier, later in pairwise(whole))
    assert len(whole) < 8


def test_the_whole_is_looked_at_where_nothing_moves_or_almost_everything() -> None:
    assert looked().part(Monotonic(100.2), None, (PERSON,)) is None
    assert looked().part(Monotonic(100.2), Box(0.0, 0.4, 0.9, 0.6), ()) is None
