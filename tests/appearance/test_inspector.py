from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.appearance.inspector import Inspector
from edge_agent.appearance.settings import AppearanceSettings
from edge_agent.errors import PermanentError
from edge_agent.inference.models import InferenceSettings, Models
from edge_agent.values.detection import Label
from edge_agent.values.geometry import Box
from edge_agent.values.ids import TrackId
from edge_agent.values.look import Verdict
from edge_agent.values.time import Monotonic
from edge_agent.values.track import Track
from tests.appearance.portrait import FACE, PERSON, framed, masked, portrait


@pytest.fixture(scope="module")
def inspector() -> Inspector:
    return Inspector(Models(InferenceSettings(threads=1)), AppearanceSettings())


def tracked(box: Box) -> Track:
    return Track(TrackId(1), Label.PERSON, 0.9, box, Monotonic(0.0), Monotonic(0.0))


def scene(picture: NDArray[np.uint8], size: int) -> tuple[NDArray[np.uint8], tuple[float, float, float, float]]:
    """Returns a street of 1280x720 with the person in it at a size, and her place in pixels of the portrait's scale."""
    street = np.full((720, 1280, 3), 110, np.uint8)
    small = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA if size < 256 else cv2.INTER_LINEAR)
    street[100 : 100 + size, 500 : 500 + size] = small
    return street, (500.0, 100.0, size / 256, size / 256)


def placed(box: tuple[float, float, float, float], place: tuple[float, float, float, float]) -> Box:
    x, y, scale, _ = place
    left, top, right, bottom = (scale * edge for edge in box)
    return Box((x + left) / 1280, (y + top) / 720, (x + right) / 1280, (y + bottom) / 720)


@pytest.mark.parametrize("size", [180, 256, 600])
@pytest.mark.parametrize(("picture", "expected"), [(portrait(), Verdict.NO_MASK), (masked(), Verdict.MASK)])
def test_a_face_is_found_on_its_person_and_judged(
    inspector: Inspector, picture: NDArray[np.uint8], expected: Verdict, size: int
) -> None:
    street, place = scene(picture, size)
    look = inspector.inspect(framed(street, at=7.0), tracked(placed(PERSON, place)))
    assert look is not None
    assert look.face.overlap(placed(FACE, place)) > 0.6
    assert look.pixels == pytest.approx(size / 256 * 52, rel=0.15)
    assert look.at == 7.0
    assert 0 < look.quality <= 1
    assert sum(look.scores) == pytest.approx(1, abs=0.01)
    assert look.scores[[Verdict.MASK, Verdict.NO_MASK].index(expected)] > 0.7


def test_a_portrait_that_fills_the_picture_is_judged(inspector: Inspector) -> None:
    picture = cv2.resize(portrait(), (720, 720), interpolation=cv2.INTER_CUBIC)
    look = inspector.inspect(framed(np.asarray(picture, np.uint8)), tracked(Box(0.03, 0.02, 0.71, 0.99)))
    assert look is not None
    assert look.scores[1] > 0.7


def test_a_larger_and_sharper_face_counts_more(inspector: Inspector) -> None:
    looks = []
    for size, blur in ((120, 0.1), (256, 2.5), (256, 0.1)):
        street, place = scene(np.asarray(cv2.GaussianBlur(portrait(), (0, 0), blur), np.uint8), size)
        looks.append(inspector.inspect(framed(street), tracked(placed(PERSON, place))))
    small, blurred, good = (look.quality if look else 0.0 for look in looks)
    assert small < good
    assert blurred < good


def test_no_face_is_no_look(inspector: Inspector) -> None:
    street, place = scene(portrait(), 256)
    tiny = Box(0.1, 0.1, 0.11, 0.15)
    empty = Box(0.1, 0.2, 0.3, 0.9)
    beside = placed((180, 0, 350, 250), place)
    assert [inspector.inspect(framed(street), tracked(box)) for box in (tiny, empty, beside)] == [None] * 3


def test_a_face_below_the_least_size_is_no_look() -> None:
    inspector = Inspector(Models(InferenceSettings(threads=1)), AppearanceSettings(min_face=60))
    street, place = scene(portrait(), 256)
    assert inspector.inspect(framed(street), tracked(placed(PERSON, place))) is None


def test_without_models_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(PermanentError):
        Inspector(Models(InferenceSettings(directory=tmp_path)), AppearanceSettings())
