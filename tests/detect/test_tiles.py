from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge_agent.detect.nanodet import NanodetSettings
from edge_agent.detect.tiles import CUT, OVERLAP, Tiled, detect_within, is_whole, merge, open_detector, tiles
from edge_agent.inference.models import InferenceSettings, Models
from edge_agent.values.detection import Detection, Label
from edge_agent.values.frame import Frame
from edge_agent.values.geometry import Box
from edge_agent.values.time import Monotonic
from tests.detect.pictures import PORTRAIT
from tests.detect.pictures import frame as as_frame

counts = st.integers(1, 8)
# Sixty-fourths, so that nothing is so thin that its area rounds to nothing.
places = st.integers(0, 64).map(lambda number: number / 64)
sides = st.tuples(places, places).filter(lambda both: both[0] != both[1]).map(sorted)
boxes = st.tuples(sides, sides).map(lambda both: Box(both[0][0], both[1][0], both[0][1], both[1][1]))
hundredths = st.integers(5, 100).map(lambda number: number / 100)
detections = st.lists(st.builds(Detection, st.sampled_from([Label.PERSON, Label.CAR]), hundredths, boxes), max_size=12)


@settings(deadline=None)
@given(counts, counts, st.floats(0, 1), st.floats(0, 1))
def test_tiles_cover_the_picture_and_nothing_else(columns: int, rows: int, x: float, y: float) -> None:
    cut = tiles(columns, rows)
    assert len(cut) == columns * rows
    assert any(tile.left <= x <= tile.right and tile.top <= y <= tile.bottom for tile in cut)
    assert all(0 <= tile.left < tile.right <= 1 and 0 <= tile.top < tile.bottom <= 1 for tile in cut)
    assert cut[-1].right == pytest.approx(1)
    assert cut[-1].bottom == pytest.approx(1)


@settings(deadline=None)
@given(counts, counts, boxes)
def test_whoever_fits_into_the_overlap_is_whole_in_some_tile(columns: int, rows: int, box: Box) -> None:
    cut = tiles(columns, rows)
    small = 0.9 * (OVERLAP - 2 * CUT)
    width, height = min(box.width, small * cut[0].width), min(box.height, small * cut[0].height)
    person = Box(box.left, box.top, box.left + width, box.top + height)
    inside = [
        tile
        for tile in cut
        if tile.left <= person.left and person.right <= tile.right
        if tile.top <= person.top and person.bottom <= tile.bottom
    ]
    assert any(is_whole(person, tile) for tile in inside)


@settings(deadline=None)
@given(detections)
def test_of_what_overlaps_the_best_is_left_and_nothing_is_invented(found: Sequence[Detection]) -> None:
    left = merge(found)
    assert all(each in found for each in left)
    assert [each.score for each in left] == sorted((each.score for each in left), reverse=True)
    for place, one in enumerate(left):
        assert all(one.label is not other.label or one.box.overlap(other.box) <= 0.51 for other in left[:place])
    for lost in found:
        assert any(one.label is lost.label and one.score >= lost.score * 0.999 for one in left)


class Scripted:
    """A detector that finds one list in its first look, at the whole picture, and another in its second, at a tile."""

    def __init__(self, *looks: Sequence[Detection]) -> None:
        self._looks = iter(looks)

    def detect(self, _: Frame) -> Sequence[Detection]:
        return next(self._looks, ())


SCORES = {Label.PERSON: 0.3}
FULL = Frame(np.zeros((600, 400), np.uint8), 0, Monotonic(0.0))


@pytest.mark.parametrize(
    ("whole", "quarter", "believed"),
    [
        ([0.35], [], []),
        ([], [0.35], []),
        ([0.35], [0.4], [0.35]),
        ([0.5], [], [0.5]),
        ([], [0.5], [0.5]),
        ([0.35], [0.5], [0.5]),
    ],
)
def test_what_is_in_doubt_is_believed_where_two_looks_agree(
    whole: list[float], quarter: list[float], believed: list[float]
) -> None:
    box = Box(0.1, 0.1, 0.15, 0.2)
    _, shown = FULL.part(tiles(2, 2)[0])
    near = Box(*(side / shown.right for side in (0.1, 0.1, 0.15, 0.2)))
    detector = Scripted(
        [Detection(Label.PERSON, score, box) for score in whole],
        [Detection(Label.PERSON, score, near) for score in quarter],
    )
    found = Tiled(detector, SCORES, 2, 2).detect(FULL)
    assert [each.score for each in found] == believed


def test_who_is_too_large_for_a_tile_is_the_wholes_to_judge() -> None:
    large = Detection(Label.PERSON, 0.35, Box(0.2, 0.1, 0.8, 0.9))
    assert list(Tiled(Scripted([large], []), SCORES, 2, 2).detect(FULL)) == [large]


def far_away(width: int, height: int, tall: int, places: Sequence[tuple[int, int]]) -> Frame:
    """A wide square with small people in it."""
    rng = np.random.default_rng(1)
    ground = rng.integers(90, 160, (height, width, 3)).astype(np.uint8)
    picture: NDArray[np.uint8] = np.asarray(cv2.GaussianBlur(ground, (0, 0), 3), np.uint8)
    person: NDArray[np.uint8] = np.asarray(cv2.resize(PORTRAIT, (tall, tall), interpolation=cv2.INTER_AREA), np.uint8)
    for x, y in places:
        picture[y : y + tall, x : x + tall] = person
    return as_frame(picture)


PLACES = [(150, 100), (900, 420), (1700, 60), (1760, 900), (60, 940), (1010, 800)]


def test_tiles_find_people_who_are_too_small_in_the_whole_picture() -> None:
    models = Models(InferenceSettings())
    frame = far_away(1920, 1080, 64, PLACES)
    scores = {Label.PERSON: 0.25}  # half a portrait, so far away, is a person to nobody who looks closely
    whole = open_detector(NanodetSettings(scores=scores), models).detect(frame)
    tiled = open_detector(NanodetSettings(scores=scores, tiles=(3, 2)), models).detect(frame)
    assert (_hits(whole), _hits(tiled)) == (0, len(PLACES))
    assert len(tiled) <= len(PLACES) + 2


def test_a_part_is_seen_larger_and_told_in_the_whole_pictures_measure() -> None:
    detector = open_detector(NanodetSettings(), Models(InferenceSettings()))
    frame = far_away(1920, 1080, 64, PLACES[:1])
    found, *_ = detect_within(detector, frame, Box(0.0, 0.0, 0.25, 0.25))
    assert found.box.overlap(_truth(PLACES[0])) > 0.6
    assert list(detector.detect(frame)) == detect_within(detector, frame, None)


def _truth(place: tuple[int, int]) -> Box:
    x, y = place
    return Box(x / 1920, y / 1080, (x + 64) / 1920, (y + 64) / 1080)


def _hits(found: Sequence[Detection]) -> int:
    return sum(any(_truth(place).overlap(each.box) > 0.5 for each in found) for place in PLACES)
