import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.appearance.faces import Face, Faces, anchors, distinct
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


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), faces=st.integers(0, 6))
def test_the_naive_way_reads_the_same(seed: int, faces: int) -> None:
    random = np.random.default_rng(seed)
    rows = random.normal(0, 20, (896, 16)).astype(np.float32)
    logits = random.uniform(-9, -1, 896).astype(np.float32)
    places = random.choice(896, faces, replace=False)
    logits[places] = random.uniform(0.1, 5, faces)
    rows[places, 2:4] = random.uniform(5, 60, (faces, 2))
    subject = open_faces("short-128")
    square = Square(100, -20, 256)
    centres = anchors(subject._model.spec)
    kept: list[Face] = []
    for place in sorted(places.tolist(), key=lambda place: -logits[place]):
        points = [
            (float(100 + 2 * (rows[place, 2 * p] + x)), float(-20 + 2 * (rows[place, 2 * p + 1] + y)))
            for p, (x, y) in enumerate([centres[place]] * 8)
        ]
        (x, y), width, height = points[0], 2 * rows[place, 2], 2 * rows[place, 3]
        face = Face(
            (x - width / 2, y - height / 2, x + width / 2, y + height / 2),
            1 / (1 + math.exp(-logits[place])),
            tuple(points[2:]),
        )
        if all(Box(*face.box).overlap(Box(*other.box)) <= 0.3 for other in kept):
            kept.append(face)
    found = subject.decode(rows, logits, square)
    assert len(found) == len(kept)
    for one, other in zip(found, kept, strict=True):
        assert one.score == pytest.approx(other.score, rel=1e-4)
        np.testing.assert_allclose(one.box, other.box, rtol=1e-4, atol=1e-2)
        np.testing.assert_allclose(one.points, other.points, rtol=1e-4, atol=1e-2)


@pytest.mark.parametrize("reach", RANGES)
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_face_is_found_where_it_is_with_or_without_a_mask(reach: str, mirrored: bool) -> None:  # noqa: FBT001
    for picture in (portrait(), masked()):
        seen = picture[:, ::-1] if mirrored else picture
        face = open_faces(reach).find(framed(seen), Square.around(160 if mirrored else 96, 71, 190))[0]
        left, top, right, bottom = FACE
        expected = Box(SIZE - right, top, SIZE - left, bottom) if mirrored else Box(*FACE)
        assert Box(*face.box).overlap(expected) > 0.6
        right_eye, left_eye, nose, mouth = face.points[:4]
        assert right_eye[0] < nose[0] < left_eye[0]
        assert right_eye[1] < nose[1] < mouth[1]
        assert face.frontality > 0.6


def test_no_face_is_found_where_none_is() -> None:
    assert open_faces("short-128").find(framed(portrait()), Square.around(60, 190, 100)) == []


def test_a_face_from_the_side_is_less_frontal() -> None:
    def face(nose: float) -> Face:
        return Face((0, 0, 10, 10), 1, ((3, 3), (7, 3), (nose, 5), (5, 8), (0, 4), (10, 4)))

    assert face(5).frontality == 1
    assert face(5).frontality > face(3).frontality > face(1).frontality > face(-1).frontality == 0
    assert face(11).frontality == 0


def test_a_face_found_in_two_squares_is_one() -> None:
    subject, frame = open_faces("short-128"), framed(portrait())
    seen = [face for x in (86, 96, 106) for face in subject.find(frame, Square.around(x, 71, 190))]
    assert len(seen) == 3
    assert distinct(seen) == [max(seen, key=lambda face: face.score)]
    assert distinct([]) == []
