import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.appearance.square import Square
from edge_agent.values.geometry import Box
from tests.appearance.portrait import framed, portrait


@given(x=st.floats(-400, 700), y=st.floats(-400, 700), side=st.floats(0.1, 900), size=st.sampled_from([96, 128, 256]))
def test_any_square_gives_a_whole_picture(x: float, y: float, side: float, size: int) -> None:
    square = Square.around(x, y, side)
    assert square.left % 2 == square.top % 2 == square.side % 2 == 0
    assert abs(square.left + square.side / 2 - x) <= 1 + 1e-9  # of rounding
    assert abs(square.side - side) <= 2
    assert square.cut(framed(portrait()), size).shape == (size, size, 3)


@given(left=st.integers(0, 60), top=st.integers(0, 60))
def test_a_square_inside_is_that_part_of_the_picture(left: int, top: int) -> None:
    frame = framed(portrait())
    cut = Square(2 * left, 2 * top, 96).cut(frame, 96)
    whole = frame.crop(Box(0, 0, 1, 1))
    # Chroma is scaled with a neighbour's at the crop's edge.
    difference = np.abs(cut.astype(int) - whole[2 * top : 2 * top + 96, 2 * left : 2 * left + 96])[2:-2, 2:-2]
    assert difference.mean() < 1


def test_outside_is_black_and_what_is_inside_keeps_its_place() -> None:
    picture = np.full((64, 64, 3), 255, np.uint8)
    bright = Square(-64, -32, 128).cut(framed(picture), 64)[:, :, 0] > 128
    assert bright[16:48, 32:].all()
    assert bright.sum() == 32 * 32


def test_a_square_far_away_is_black() -> None:
    assert not Square(2000, 0, 64).cut(framed(portrait()), 96).any()
