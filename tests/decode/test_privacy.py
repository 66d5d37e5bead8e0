"""Masks: nothing that a polygon touches may be seen, not even its colour."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edge_agent.decode.privacy import Masks, PrivacySettings
from edge_agent.values.frame import Frame
from edge_agent.values.geometry import Point, Polygon
from edge_agent.values.time import Monotonic

FRACTION = st.floats(0, 1)
POINT = st.tuples(FRACTION, FRACTION)
SIZE = st.integers(1, 60).map(lambda half: 2 * half)


def white(width: int, height: int) -> Frame:
    """Returns a picture in which every sample differs from what a mask writes."""
    return Frame(np.full((height * 3 // 2, width), 200, np.uint8), 0, Monotonic(0))


def burnt(width: int, height: int, *polygons: Polygon) -> Frame:
    frame = white(width, height)
    Masks(polygons, width, height).burn(frame)
    return frame


def is_hidden(frame: Frame, at: Point) -> bool:
    x, y = min(int(at[0] * frame.width), frame.width - 1), min(int(at[1] * frame.height), frame.height - 1)
    u, v = frame.chroma
    return (int(frame.luma[y, x]), int(u[y // 2, x // 2]), int(v[y // 2, x // 2])) == (16, 128, 128)


@given(corners=st.tuples(POINT, POINT, POINT), weights=st.tuples(FRACTION, FRACTION, FRACTION), width=SIZE, height=SIZE)
def test_every_point_inside_is_hidden_with_its_colour(
    corners: tuple[Point, Point, Point], weights: tuple[float, float, float], width: int, height: int
) -> None:
    total = sum(weights)
    shares = [weight / total for weight in weights] if total > 0 else [1.0, 0.0, 0.0]
    inside = tuple(
        min(1.0, sum(s * corner[axis] for s, corner in zip(shares, corners, strict=True))) for axis in (0, 1)
    )
    assert is_hidden(burnt(width, height, corners), (inside[0], inside[1]))


@given(corners=st.tuples(POINT, POINT, POINT), width=SIZE, height=SIZE)
def test_colour_is_hidden_exactly_where_brightness_is(
    corners: tuple[Point, Point, Point], width: int, height: int
) -> None:
    frame = burnt(width, height, corners)
    u, v = frame.chroma
    blocks = frame.luma.reshape(height // 2, 2, width // 2, 2).transpose(0, 2, 1, 3).reshape(height // 2, width // 2, 4)
    assert np.array_equal((blocks == 16).all(axis=2), (blocks == 16).any(axis=2))
    assert np.array_equal((blocks == 16).all(axis=2), u == 128)
    assert np.array_equal(u, v)


def test_a_mask_grows_by_a_few_pixels_only() -> None:
    frame = burnt(100, 100, ((0.2, 0.2), (0.4, 0.2), (0.4, 0.4), (0.2, 0.4)))
    rows, columns = np.nonzero(frame.luma == 16)
    assert 17 <= rows.min() <= 20
    assert 39 <= rows.max() <= 42
    assert (rows.min(), rows.max()) == (columns.min(), columns.max())


def test_a_mask_over_everything_leaves_nothing() -> None:
    frame = burnt(64, 48, ((0, 0), (1, 0), (1, 1), (0, 1)))
    assert set(np.unique(frame.luma)) == {16}
    assert set(np.unique(frame.planes[48:])) == {128}


def test_several_masks_and_none() -> None:
    frame = burnt(64, 48, ((0, 0), (0.2, 0), (0, 0.2)), ((1, 1), (0.8, 1), (1, 0.8)))
    assert is_hidden(frame, (0.01, 0.01))
    assert is_hidden(frame, (0.99, 0.99))
    assert not is_hidden(frame, (0.5, 0.5))
    assert 16 not in burnt(64, 48).planes


@pytest.mark.parametrize(
    ("masks", "sentence"),
    [
        ("[[[0, 0], [1, 1]]]", "mask 1 has 2 corners"),
        ("[[[0, 0], [1, 0], [1, 1]], [[0, 0], [640, 0], [1, 1]]]", r"mask 2 has a corner at \(640, 0\): use fractions"),
        ("[[[0, 0], [1, 0], [1, -0.1]]]", "use fractions"),
        ("[[[0, 0], [1, 0], [1, NaN]]]", "use fractions"),
        ("[[[0, 0], [0.5, 0.5], [1, 1]]]", "mask 1 is a line"),
        ("[[[0.5, 0.5], [0.5, 0.5], [0.5, 0.5]]]", "mask 1 is a line"),
    ],
)
def test_masks_that_are_refused(masks: str, sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        PrivacySettings.model_validate_json(f'{{"masks": {masks}}}')


def test_masks_from_a_file() -> None:
    settings = PrivacySettings.model_validate({"masks": [[[0, 0], [0.5, 0], [0.5, 0.5]]]})
    assert settings.masks == (((0, 0), (0.5, 0), (0.5, 0.5)),)
