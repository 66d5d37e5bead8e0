import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge_agent.appearance.faces import Face, Faces, anchors
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


def test_a_mirrored_face_is_the_same_seen_in_a_mirror() -> None:
    face = open_faces("short-128").find(framed(portrait()), Square.around(96, 71, 190))[0]
    twice = face.mirrored(96).mirrored(96)
    np.testing.assert_allclose(twice.points, face.points)
    assert face.agreement(twice) == pytest.approx(1)
    assert face.mirrored(96).points[0][0] < face.mirrored(96).points[1][0]


@pytest.mark.parametrize("picture", [portrait(), masked()])
def test_a_face_is_steady_and_what_is_none_is_not(picture: NDArray[np.uint8]) -> None:
    subject = open_faces("short-128")
    face = subject.find(framed(picture), Square.around(96, 71, 190))[0]
    assert subject.steadiness(framed(picture), face) > 0.4
    moved = Face((60.0, 160.0, 110.0, 210.0), 0.9, tuple((x - 40, y + 120) for x, y in face.points))
    assert subject.steadiness(framed(picture), moved) == 0
