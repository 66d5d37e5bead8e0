import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from edge_agent.values.geometry import Box, Point, Polygon, contains

# Eighths are exact in binary, so that a point on an edge is on it for every way to compute.
eighths = st.integers(0, 8).map(lambda number: number / 8)
points = st.tuples(eighths, eighths)
polygons = st.lists(points, min_size=3, max_size=8).map(tuple)
U_SHAPE: Polygon = ((0, 0), (0.25, 0), (0.25, 0.75), (0.75, 0.75), (0.75, 0), (1, 0), (1, 1), (0, 1))


def winding(polygon: Polygon, point: Point) -> int:
    """Counts the turns around a point by adding up angles; the point is on no edge."""
    angles = [math.atan2(y - point[1], x - point[0]) for x, y in polygon]
    steps = [(b - a + math.pi) % math.tau - math.pi for a, b in zip(angles, [*angles[1:], angles[0]], strict=True)]
    return round(sum(steps) / math.tau)


def is_on_edge(polygon: Polygon, point: Point) -> bool:
    edges = zip(polygon, [*polygon[1:], polygon[0]], strict=True)
    return any(math.dist(a, point) + math.dist(point, b) <= math.dist(a, b) + 1e-9 for a, b in edges)


@given(polygons, points)
def test_inside_is_where_the_edge_turns_an_odd_number_of_times(polygon: Polygon, point: Point) -> None:
    assume(not is_on_edge(polygon, point))
    assert contains(polygon, point) == (winding(polygon, point) % 2 == 1)


@given(polygons, st.data())
def test_corners_and_edges_belong_to_the_inside(polygon: Polygon, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(polygon) - 1))
    (ax, ay), (bx, by) = polygon[index - 1], polygon[index]
    assert contains(polygon, (ax, ay))
    assert contains(polygon, ((ax + bx) / 2, (ay + by) / 2))


@given(polygons, points, st.integers(0, 7))
def test_it_does_not_matter_where_a_polygon_begins_and_which_way_it_goes(
    polygon: Polygon, point: Point, by: int
) -> None:
    turned = (*polygon[by % len(polygon) :], *polygon[: by % len(polygon)])
    assert contains(polygon, point) == contains(turned, point) == contains(polygon[::-1], point)


@pytest.mark.parametrize(
    ("point", "inside"),
    [((0.1, 0.1), True), ((0.5, 0.5), False), ((0.5, 0.9), True), ((0.9, 0.1), True), ((1.1, 0.5), False)],
)
def test_a_hollow_is_outside(point: Point, inside: bool) -> None:  # noqa: FBT001 - the expectation
    assert contains(U_SHAPE, point) is inside


def test_feet_are_in_the_middle_below_and_never_below_the_picture() -> None:
    assert Box(0.25, 0.1, 0.75, 0.9).foot == (0.5, 0.9)
    assert Box(0.25, 0.1, 0.75, 1.3).foot == (0.5, 1.0)
