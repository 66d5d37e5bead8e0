"""A detector that looks at parts of a picture: at one, or at overlapping tiles beside the whole."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from edge_agent.detect import Detector, DetectorSettings
from edge_agent.inference.models import Models
from edge_agent.inference.suppression import suppress
from edge_agent.values.detection import Detection
from edge_agent.values.frame import Frame
from edge_agent.values.geometry import Box

OVERLAP = 0.2
"""Share of a tile that the next one shows too: whoever fits into that is whole in one of them."""

TWICE = 0.5
"""Overlap from which what two tiles found is one thing."""

CUT = 0.02
"""Share of a tile by which a box stays clear of an edge that goes through the scene; nearer, it is half a person, who
is whole in the next tile, or in the whole picture where even the overlap is too small."""

MOST = 200
"""Things at most, as in one look at a crowd, twice."""


def open_detector(settings: DetectorSettings, models: Models) -> Detector:
    """Returns the detector that is set, looking at tiles where that is set; blocks.

    Raises:
        PermanentError: see ``DetectorSettings.build``.
    """
    detector = settings.build(models)
    return Tiled(detector, *settings.tiles) if settings.tiles != (1, 1) else detector


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
        columns: of tiles.
        rows: of tiles.
    """

    def __init__(self, detector: Detector, columns: int, rows: int) -> None:
        self._detector = detector
        self._tiles = tiles(columns, rows)

    def detect(self, frame: Frame) -> Sequence[Detection]:
        """See ``Detector``."""
        found = [*self._detector.detect(frame)]
        for tile in self._tiles:
            found += [each for each in detect_within(self._detector, frame, tile) if is_whole(each.box, tile)]
        return merge(found)


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


def merge(found: Sequence[Detection]) -> list[Detection]:
    """Returns each thing once, best first."""
    boxes = np.array([(each.box.left, each.box.top, each.box.right, each.box.bottom) for each in found], np.float32)
    scores = np.array([each.score for each in found], np.float32)
    _, classes = np.unique([each.label for each in found], return_inverse=True)
    keep = suppress(boxes.reshape(-1, 4), scores, classes.astype(np.intp), overlap=TWICE, most=MOST)
    return [found[index] for index in keep.tolist()]
