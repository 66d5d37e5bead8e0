import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.appearance.faces import MOST, Face, Faces, anchors, blend
from edge_agent.appearance.square import Square
from edge_agent.errors import PermanentError
from edge_agent.inference.manifest import InputSpec, ModelSpec
from edge_agent.inference.models import InferenceSettings, Models
from edge_agent.values.geometry import Box
from tests.appearance.portrait import FACE, SIZE, framed, masked, portrait

RANGES = ["short-128", "back-256"]


def open_faces(reach: str, least: float = 0.5) -> Faces:
    return Faces(Models(InferenceSettings(threads=1)).load(f"face-blazeface-{reach}"), least)


@pytest.mark.parametrize(("reach", "grids"), [("short-128", ((16, 2), (8, 6))), ("back-256", ((16, 2), (8, 6)))])
def test_anchors_are_where_the_network_was_trained_to_have_them(reach: str, grids: tuple[tuple[int, int], ...]) -> None:
    spec = Models(InferenceSettings(threads=1)).load(f"face-blazeface-{reach}").spec
    expected = [
        ((x + 0.5) / cells, (y + 0.5) / cells)
        for cells, repeats in grids
        for y in range(cells)
        for x in range(cells)
        for _ in range(repeats)
    ]
    np.testing.assert_allclose(anchors(spec) / spec.input.shape[1], expected, atol=1e-6)


def test_a_manifest_without_anchors_is_named() -> None:
    spec = ModelSpec("f", "f", "", "", "", "", InputSpec((1, 8, 8, 3), "RGB", (0.0,) * 3, (1.0,) * 3), ("face",))
    with pytest.raises(PermanentError, match="no anchors for f"):
        anchors(spec)


def test_an_answer_is_placed_where_the_square_was_cut_out() -> None:
    subject = open_faces("short-128")
    rows, logits = np.zeros((896, 16), np.float32), np.full(896, -9, np.float32)
    rows[40] = [2, -3, 30, 40, *range(12)]
    logits[[40, 41]] = 3, -0.1
    x, y = anchors(subject._model.spec)[40]
    (row,), (score,) = subject.read(rows, logits, Square(100, -20, 256))
    box, points = row[:4], row[4:].reshape(6, 2)
    np.testing.assert_allclose(
        box, [100 + 2 * (x + 2 - 15), 2 * (y - 3 - 20) - 20, 100 + 2 * (x + 17), 2 * (y + 17) - 20]
    )
    np.testing.assert_allclose(points[2], [100 + 2 * (x + 4), 2 * (y + 5) - 20])
    assert score == pytest.approx(1 / (1 + math.exp(-3)))


@given(
    st.lists(
        st.tuples(st.integers(0, 20), st.integers(0, 20), st.integers(1, 10), st.integers(1, 9)),
        min_size=1,
        max_size=12,
    )
)
def test_the_naive_way_blends_the_same(drawn: list[tuple[int, int, int, int]]) -> None:
    left = sorted(
        ((np.array([x, y, x + side, y + side, 7 * x], np.float32), score / 10) for x, y, side, score in drawn),
        key=lambda each: -each[1],
    )
    found = blend(np.stack([row for row, _ in left]), np.array([score for _, score in left], np.float32))
    for row, score in found:
        best, sure = left[0]
        same = [each for each in left if Box(*each[0][:4]).overlap(Box(*best[:4])) > 0.3]
        weights = [weight for _, weight in same]
        np.testing.assert_allclose(row, np.average([row for row, _ in same], axis=0, weights=weights), rtol=1e-4)
        assert score == pytest.approx(sure)
        left = [each for each in left if not any(each is one for one in same)]
    assert not left


def test_a_picture_full_of_answers_is_read_in_bounded_time() -> None:
    places = np.arange(4 * MOST, dtype=np.float32)[:, None] * 3
    assert len(list(blend(places + np.array([0, 0, 1, 1], np.float32), np.ones(len(places), np.float32)))) == MOST


@pytest.mark.parametrize("reach", RANGES)
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_face_is_found_where_it_is_with_or_without_a_mask(reach: str, mirrored: bool) -> None:  # noqa: FBT001
    for picture in (portrait(), masked()):
        seen = picture[:, ::-1] if mirrored else picture
        face = open_faces(reach).find(framed(seen), [Square.around(160 if mirrored else 96, 71, 190)])[0]
        left, top, right, bottom = FACE
        expected = Box(SIZE - right, top, SIZE - left, bottom) if mirrored else Box(*FACE)
        assert Box(*face.box).overlap(expected) > 0.6
        right_eye, left_eye, nose, mouth = face.points[:4]
        assert right_eye[0] < nose[0] < left_eye[0]
        assert right_eye[1] < nose[1] < mouth[1]
        assert face.frontality > 0.6


def test_no_face_is_found_where_none_is() -> None:
    assert open_faces("short-128").find(framed(portrait()), [Square.around(60, 190, 100)]) == []


def test_a_face_from_the_side_is_less_frontal() -> None:
    def face(nose: float) -> Face:
        return Face((0, 0, 10, 10), 1, ((3, 3), (7, 3), (nose, 5), (5, 8), (0, 4), (10, 4)))

    assert face(5).frontality == 1
    assert face(5).frontality > face(3).frontality > face(1).frontality > face(-1).frontality == 0
    assert face(11).frontality == 0


def test_a_face_found_in_several_squares_is_one_in_their_middle() -> None:
    subject, frame = open_faces("short-128"), framed(portrait())
    squares = [Square.around(x, 71, 190) for x in (86, 96, 106)]
    lefts = [subject.find(frame, [square])[0].box[0] for square in squares]
    (face,) = subject.find(frame, squares)
    assert min(lefts) < face.box[0] < max(lefts)
    assert subject.find(frame, []) == []
