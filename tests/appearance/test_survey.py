import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.appearance.survey import MOST, SMALLEST, STEP, squares


@settings(deadline=None)
@given(width=st.integers(2, 1500), height=st.integers(2, 1500), part=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_every_face_is_whole_in_a_square_that_it_fills_well(width: int, height: int, part: tuple[float, float]) -> None:
    size = min(width, height, SMALLEST) / 4
    x, y = (width - size) * part[0], (height - size) * part[1]
    inside = [
        square.side
        for square in squares(width, height)
        if square.left - 2 <= x
        and x + size <= square.left + square.side + 2
        and square.top - 2 <= y
        and y + size <= square.top + square.side + 2
    ]
    assert inside
    assert min(inside) <= STEP * SMALLEST + 2 or min(inside) == pytest.approx(max(width, height), abs=2)


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (4000, 3000), (8000, 8000), (8000, 2), (100000, 20)])
def test_the_work_is_bounded_whatever_the_picture(size: tuple[int, int]) -> None:
    assert 1 <= len(squares(*size)) <= MOST


def test_a_photo_of_a_town_is_seen_in_all_sizes_and_a_vast_one_in_large_ones() -> None:
    assert min(square.side for square in squares(3840, 2160)) == SMALLEST
    assert 2 * SMALLEST < min(square.side for square in squares(8000, 8000)) < 6 * SMALLEST
