"""Boxes in fractions of a picture."""

import math

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.values.geometry import Box

edges = st.floats(-1, 2, allow_nan=False)
boxes = st.tuples(edges, edges, edges, edges).map(
    lambda e: Box(min(e[0], e[1]), min(e[2], e[3]), max(e[0], e[1]), max(e[2], e[3]))
)


@given(boxes, boxes)
def test_overlap_is_a_fraction_and_the_same_both_ways(one: Box, other: Box) -> None:
    assert 0 <= one.overlap(other) <= 1 + 1e-9
    assert one.overlap(other) == other.overlap(one)


@given(boxes)
def test_clipping_stays_inside_the_picture_and_never_turns_a_box_inside_out(box: Box) -> None:
    inside = box.clipped()
    assert 0 <= inside.left <= inside.right
    assert 0 <= inside.top <= inside.bottom
    assert inside.area <= box.area + 1e-9


@given(boxes, st.integers(1, 4000), st.integers(1, 4000))
def test_pixels_hold_the_clipped_box_and_lie_in_the_picture(box: Box, width: int, height: int) -> None:
    left, top, right, bottom = box.pixels(width, height)
    assert left >= 0
    assert right <= width
    assert top >= 0
    assert bottom <= height
    inside = box.clipped()
    if inside.area > 0:
        assert left <= inside.left * width
        assert inside.right * width <= right
        assert right - left <= inside.width * width + 2


@given(boxes, boxes)
def test_a_part_of_a_part_lies_where_it_lies(box: Box, part: Box) -> None:
    inside = box.clipped().out_of(part.clipped())
    around = part.clipped().joined(inside)
    assert math.isclose(around.area, part.clipped().area, abs_tol=1e-9)
    assert box.out_of(Box(0, 0, 1, 1)) == box


@given(boxes)
def test_a_box_holds_its_middle_and_nothing_outside(one: Box) -> None:
    assert one.clipped().holds(one.clipped().centre)
    assert not one.holds((one.right + 0.1, one.top))
    assert not one.holds((one.left, one.bottom + 0.1))


@given(boxes, boxes)
def test_joined_is_the_smallest_that_holds_both(one: Box, other: Box) -> None:
    both = one.joined(other)
    assert both == other.joined(one)
    assert {both.left, both.top, both.right, both.bottom} <= {
        *(one.left, one.top, one.right, one.bottom),
        *(other.left, other.top, other.right, other.bottom),
    }
    assert both.joined(one) == both.joined(other) == both


def test_growing() -> None:
    assert Box(0.4, 0.4, 0.6, 0.8).grown(0.5, 0.25) == Box(0.30000000000000004, 0.30000000000000004, 0.7, 0.9)
