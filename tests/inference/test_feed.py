import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.inference.feed import Feed
from edge_agent.inference.manifest import InputSpec

SPEC = InputSpec((1, 40, 64, 3), "BGR", (103.53, 116.28, 123.675), (57.375, 57.12, 58.395))


@given(width=st.integers(2, 4000), height=st.integers(2, 4000))
def test_a_picture_fits_and_keeps_its_shape(width: int, height: int) -> None:
    fitted = Feed(SPEC).fit(width, height)
    assert fitted[0] <= 64
    assert fitted[1] <= 40
    assert fitted[0] % 2 == fitted[1] % 2 == 0
    scale = min(64 / width, 40 / height)
    assert abs(fitted[0] - width * scale) <= 2
    assert abs(fitted[1] - height * scale) <= 2


@given(sizes=st.lists(st.tuples(st.integers(1, 40), st.integers(1, 64)), min_size=1, max_size=3))
def test_what_is_written_is_the_scaled_picture_on_black(sizes: list[tuple[int, int]]) -> None:
    feed = Feed(SPEC)
    for height, width in sizes:
        picture = np.random.default_rng(height * width).integers(0, 256, (height, width, 3), np.uint8)
        whole = np.zeros((40, 64, 3))
        whole[:height, :width] = picture
        expected = (whole - SPEC.mean) / SPEC.std
        np.testing.assert_allclose(feed.write(picture)[0], expected, atol=1e-5)
