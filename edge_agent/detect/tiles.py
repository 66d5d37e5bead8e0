"""A detector that looks at parts of a picture: at one, or at overlapping tiles beside the whole."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from edge_agent.detect import Detector, DetectorSettings
from edge_agent.inference.models import Models
from edge_agent.inference.suppression import overlaps, suppress
from edge_agent.values.detection import Detection, Label
from edge_agent.values.frame import Frame
from edge_agent.values.geometry import Box

OVERLAP = 0.2
"""Share of a tile that the next one shows too: whoever fits into that is whole in one of them."""

TWICE = 0.5
"""Overlap from which what two looks found is one thing."""

SURER = 0.15
"""By how much a score must exceed the one that is asked for, or else two looks must agree: a tile shows cones and posts
larger too, and of a hundred things in doubt that tiles alone saw on a labelled street five were people."""

CUT = 0.02
"""Share of a tile by which a box stays clear of an edge that goes through the scene; nearer, it is half a person, who
is whole in the next tile, or in the whole picture where even the overlap is too small."""

LABELS = tuple(Label)

MOST = 200
"""Things at most, as in one look at a crowd, twice."""


def open_detector(settings: DetectorSettings, models: Models) -> Detector:
    """Returns the detector that is set, looking at tiles where that is set; blocks.

    Raises:
        PermanentError: see ``DetectorSettings.build``.
    """
    detector = settings.build(models)
    return Tiled(detector, settings.scores, *settings.tiles) if settings.tiles != (1, 1) else detector


def detect_within(detector: Detector, frame: Frame, part: Box | None) -> Sequence[Detection]:
    """Returns what a detector finds in a part of a picture, or in all of it; blocks.

    Args:
        detector: looks at the part alone, so that it sees it larger.
        frame: the whole picture.
        part: which part; boxes are still told in fractions of the whole.
    """
    if part is None:
        return detector.detect(frame)
    cut, box = frame.part(part)
    return [replace(found, box=found.box.out_of(box)) for found in detector.detect(cut)]


class Tiled:
    """See ``Detector``; looks at the whole picture and at overlapping tiles, and merges what it found.

    Args:
        detector: looks at each.
        scores: what each label needs to be found by ``detector``.
        columns: of tiles.
        rows: of tiles.
    """

    def __init__(self, detector: Detector, scores: Mapping[Label, float], columns: int, rows: int) -> None:
        self._detector = detector
        self._sure = {label: score + SURER for label, score in scores.items()}
        self._tiles = tiles(columns, rows)

    def detect(self, frame: Frame) -> Sequence[Detection]:
        """See ``Detector``."""
        far = self._detector.detect(frame)
        near = [
            found
            for tile in self._tiles
            for found in detect_within(self._detector, frame, tile)
            if is_whole(found.box, tile)
        ]
        agreed = np.flatnonzero(_same(far, near).any(axis=1)).tolist()
        believed = [
            found
            for place, found in enumerate(far)
            if place in agreed or self._is_sure(found) or not any(_shows(tile, found.box) for tile in self._tiles)
        ]
        return merge([*believed, *filter(self._is_sure, near)])

    def _is_sure(self, found: Detection) -> bool:
        return found.score >= self._sure[found.label]


def tiles(columns: int, rows: int) -> list[Box]:
    """Returns tiles that cover the picture, neighbours overlapping by ``OVERLAP`` of a tile."""
    return [Box(left, top, right, bottom) for (top, bottom), (left, right) in product(_cuts(rows), _cuts(columns))]


def _cuts(count: int) -> list[tuple[float, float]]:
    length = 1 / (count - (count - 1) * OVERLAP)
    starts = [place * length * (1 - OVERLAP) for place in range(count)]
    return [(start, min(1.0, start + length)) for start in starts]


def is_whole(box: Box, tile: Box) -> bool:
    """Returns whether a box that was found in a tile is not cut off by an edge that goes through the scene."""
    across, down = CUT * tile.width, CUT * tile.height
    return (
        (tile.left <= 0 or box.left > tile.left + across)
        and (tile.top <= 0 or box.top > tile.top + down)
        and (tile.right >= 1 or box.right < tile.right - across)
        and (tile.bottom >= 1 or box.bottom < tile.bottom - down)
    )


def _shows(tile: Box, box: Box) -> bool:
    """Returns whether a tile shows all of a box."""
    inside = tile.left <= box.left and tile.top <= box.top and box.right <= tile.right and box.bottom <= tile.bottom
    return inside and is_whole(box, tile)


def merge(found: Sequence[Detection]) -> list[Detection]:
    """Returns each thing once, best first."""
    boxes, classes = _columns(found)
    scores = np.array([each.score for each in found], np.float32)
    keep = suppress(boxes, scores, classes, overlap=TWICE, most=MOST)
    return [found[index] for index in keep.tolist()]


def _same(some: Sequence[Detection], others: Sequence[Detection]) -> NDArray[np.bool_]:
    """Returns which are one thing, bool (some, others)."""
    (ours, our_classes), (theirs, their_classes) = _columns(some), _columns(others)
    same: NDArray[np.bool_] = (overlaps(ours, theirs) > TWICE) & (our_classes[:, None] == their_classes)
    return same


def _columns(found: Sequence[Detection]) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Returns boxes, float32 (n, 4), and a number for each label, (n,)."""
    boxes = np.array([(each.box.left, each.box.top, each.box.right, each.box.bottom) for each in found], np.float32)
    return boxes.reshape(-1, 4), np.array([LABELS.index(each.label) for each in found], np.intp)
