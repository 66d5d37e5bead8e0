import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.inference.suppression import overlaps, suppress
from edge_agent.values.geometry import Box

boxes = st.tuples(st.integers(0, 20), st.integers(0, 20), st.integers(0, 10), st.integers(0, 10)).map(
    lambda box: Box(box[0], box[1], box[0] + box[2], box[1] + box[3])
)
found = st.lists(st.tuples(boxes, st.integers(0, 1000), st.integers(0, 2)), max_size=30)


def array(things: list[Box]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.array([[box.left, box.top, box.right, box.bottom] for box in things], np.float32).reshape(-1, 4)


@given(st.lists(boxes, max_size=12), st.lists(boxes, max_size=5))
def test_every_overlap_is_the_one_of_two_boxes(things: list[Box], others: list[Box]) -> None:
    result = overlaps(array(things), array(others))
    expected = [[one.overlap(other) for other in others] for one in things]
    np.testing.assert_allclose(result, np.array(expected).reshape(len(things), len(others)), atol=1e-6)


@given(found)
def test_the_naive_way_keeps_the_same(things: list[tuple[Box, int, int]]) -> None:
    kept: list[int] = []
    for place in sorted(range(len(things)), key=lambda place: -things[place][1]):
        box, _, label = things[place]
        # 11/23 is no quotient of these boxes' areas, so that float32 and float64 never disagree.
        if all(label != things[other][2] or box.overlap(things[other][0]) <= 11 / 23 for other in kept):
            kept.append(place)
    result = suppress(
        array([box for box, _, _ in things]),
        np.array([score for _, score, _ in things], np.float32),
        np.array([label for _, _, label in things], np.intp),
        overlap=11 / 23,
        most=100,
    )
    assert result.tolist() == kept


def test_no_more_than_the_best_are_kept() -> None:
    apart = array([Box(3.0 * place, 0, 3.0 * place + 1, 1) for place in range(50)])
    result = suppress(apart, np.arange(50, dtype=np.float32), np.zeros(50, np.intp), overlap=0.5, most=5)
    assert result.tolist() == [49, 48, 47, 46, 45]
