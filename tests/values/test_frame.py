"""Pictures as planes: views that cost nothing, conversions that agree with one another."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.values.frame import Frame
from edge_agent.values.geometry import Box
from edge_agent.values.time import Monotonic

SIZE = st.integers(1, 40).map(lambda half: 2 * half)


def frame_of(width: int, height: int, seed: int = 0) -> Frame:
    """Returns noise as a decoder would give it."""
    planes = np.random.default_rng(seed).integers(16, 236, (height * 3 // 2, width), np.uint8)
    planes.flags.writeable = False
    return Frame(planes, 0, Monotonic(0.0))


def smooth(width: int, height: int) -> Frame:
    """Returns a picture whose brightness rises from left to right, without colour."""
    luma = np.tile(np.linspace(16, 235, width).astype(np.uint8), (height, 1))
    return Frame(np.concatenate([luma, np.full((height // 2, width), 128, np.uint8)]), 0, Monotonic(0.0))


@given(width=SIZE, height=SIZE)
def test_planes_are_views_of_the_right_shape(width: int, height: int) -> None:
    frame = frame_of(width, height)
    u, v = frame.chroma
    assert (frame.width, frame.height) == (width, height)
    assert frame.luma.shape == (height, width)
    assert u.shape == v.shape == (height // 2, width // 2)
    assert all(np.shares_memory(part, frame.planes) for part in (frame.luma, u, v))
    assert np.array_equal(np.concatenate([part.ravel() for part in (frame.luma, u, v)]), frame.planes.ravel())


def test_colours() -> None:
    blue = cv2.cvtColor(np.full((8, 8, 3), (255, 0, 0), np.uint8), cv2.COLOR_BGR2YUV_I420)
    frame = Frame(np.asarray(blue, np.uint8), 0, Monotonic(0.0))
    assert np.abs(frame.bgr().astype(int) - (255, 0, 0)).max() < 8
    assert np.abs(frame.crop(Box(0, 0, 1, 1)).astype(int) - (0, 0, 255)).max() < 8


@given(width=SIZE, height=SIZE, corners=st.tuples(*[st.floats(-0.5, 1.5)] * 4))
def test_a_crop_is_the_same_part_of_the_whole_widened_to_even_pixels(
    width: int, height: int, corners: tuple[float, float, float, float]
) -> None:
    frame = frame_of(width, height)
    x, y = sorted(corners[:2]), sorted(corners[2:])
    box = Box(x[0], y[0], x[1], y[1])
    left, top, right, bottom = box.pixels(width, height)
    part = frame.crop(box)
    if right <= left or bottom <= top:
        assert part.size == 0
        return
    left, top, right, bottom = left // 2 * 2, top // 2 * 2, (right + 1) // 2 * 2, (bottom + 1) // 2 * 2
    assert np.array_equal(part, frame.bgr()[top:bottom, left:right, ::-1])


@given(width=SIZE, height=SIZE, corners=st.tuples(*[st.floats(0, 1)] * 4))
def test_a_part_is_a_picture_of_its_own_that_tells_what_it_shows(
    width: int, height: int, corners: tuple[float, float, float, float]
) -> None:
    frame = frame_of(width, height)
    x, y = sorted(corners[:2]), sorted(corners[2:])
    left, top = min(x[0], 1 - 1 / width), min(y[0], 1 - 1 / height)
    box = Box(left, top, max(x[1], left + 1 / width), max(y[1], top + 1 / height))
    part, shown = frame.part(box)
    inside = box.clipped()
    assert shown.left <= inside.left + 1e-9
    assert shown.bottom >= inside.bottom - 1e-9
    assert (part.pts, part.arrived) == (frame.pts, frame.arrived)
    assert (part.width, part.height) == (round(shown.width * width), round(shown.height * height))
    rows, columns = round(shown.top * height), round(shown.left * width)
    assert np.array_equal(part.bgr(), frame.bgr()[rows : rows + part.height, columns : columns + part.width])


@pytest.mark.parametrize("size", [(64, 36), (100, 50), (320, 180), (640, 400)])
def test_scaling_keeps_the_picture(size: tuple[int, int]) -> None:
    width, height = size
    scaled = smooth(320, 180).bgr(width, height)
    wanted = cv2.resize(smooth(320, 180).bgr(), size, interpolation=cv2.INTER_AREA)
    assert scaled.shape == (height, width, 3)
    assert np.abs(scaled.astype(int) - wanted).max() <= 6


@given(width=SIZE, height=SIZE, to_width=SIZE, to_height=SIZE)
def test_every_size_becomes_every_size(width: int, height: int, to_width: int, to_height: int) -> None:
    frame = frame_of(width, height)
    assert frame.bgr(to_width, to_height).shape == (to_height, to_width, 3)
    assert frame.crop(Box(0, 0, 1, 1), to_width, to_height).shape == (to_height, to_width, 3)
