"""The motion gate: brightness against a learned background, for a fraction of a millisecond a picture."""

import math
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.motion import MotionSettings
from edge_agent.values.frame import Frame, Pixels
from edge_agent.values.geometry import Box
from edge_agent.values.time import Monotonic

Cells: TypeAlias = NDArray[np.float32]

COLUMNS = 160
"""Cells across: somebody 2 % of the picture's height still fills one, and averaging takes the sensor's noise away."""

ROWS_READ = 2
"""Rows of pixels read for each row of cells; reading all of a 1080p picture costs six times as much."""

MEMORY = 10.0
"""Seconds in which background and noise forget."""

FAINT = 8.0
"""Grey levels that never count as movement: an encoder's key frame alone changes a still picture by half as much."""

NOISES = 5.0
"""How many times its usual deviation a cell must change, on top of that; leaves in the wind raise their own bar."""

MOST_FLICKER = 12.0
"""Grey levels from one picture to the next that count as noise at most. Noise is what changes all the time, as leaves
do; somebody who comes, stays and goes changes a cell twice, and must not blind the gate where people pass all day."""

MOST_DEVIATION = 5.0
"""Grey levels away from the background that count as noise at most, however long they last."""

STANDS = 1.5
"""Seconds in which the background takes in what is different but does not change any more: a parked car, a lamp, the
ghost of somebody who left. Whoever stands still is not lost by it, since a track keeps the camera awake."""

USUAL = 1800.0
"""Seconds in which the memory of the usual scene forgets. Whoever stood for a minute is in the background and leaves a
ghost there; where that uncovers what is usual, nothing moves. In two minutes a room's memory learned its people."""

UNKNOWN_NOISE = 3.0
"""Grey levels of deviation taken for usual at first: what a cheap camera shows at night."""

GLANCE = 1.5
"""Seconds that a look lasts when nothing moves: a tracker believes in nobody it saw once, and pictures may come as
slowly as one a second."""

EVERYWHERE = 0.4
"""Share of what is watched above which it was the light or the exposure that changed: look once and learn anew."""


class Gate:
    """Decides for one camera whether a picture is worth looking at; used by one thread.

    Args:
        settings: when it is.

    Attributes:
        moving: the area around everything that moved in the last picture, or None.
    """

    def __init__(self, settings: MotionSettings) -> None:
        self.moving: Box | None = None
        self._settings = settings
        self._background: Cells = np.empty((0, 0), np.float32)
        self._usual: Cells = np.empty((0, 0), np.float32)
        self._last: Cells = np.empty((0, 0), np.float32)
        self._noise: Cells = np.empty((0, 0), np.float32)
        self._watched: Pixels = np.empty((0, 0), np.uint8)
        self._at = Monotonic(-math.inf)
        self._moved = Monotonic(-math.inf)
        self._glanced = Monotonic(-math.inf)
        self._looked = Monotonic(-math.inf)

    def opens(self, frame: Frame) -> bool:
        """Returns whether to look: something moves or has just moved, or it is time to look anyway.

        Pictures may come at any rate and with gaps of any length.
        """
        cells = _shrink(frame.luma)
        if cells.shape == self._background.shape:
            self._compare(cells, frame.arrived)
        else:
            self._start(cells)
        self._at = at = frame.arrived
        if self.moving:
            self._moved = at
        if at - self._looked >= self._settings.heartbeat:
            self._glanced = at
        if at - self._moved > self._settings.stay_awake and at - self._glanced > GLANCE:
            return False
        self._looked = at
        return True

    def _start(self, cells: Cells) -> None:
        """Begins with a picture of a size not seen before."""
        rows, columns = cells.shape
        self._background, self._usual, self._last = cells.copy(), cells.copy(), cells
        self._noise = np.full_like(cells, UNKNOWN_NOISE)
        self._watched = np.ones(cells.shape, np.uint8)
        for area in self._settings.ignore:
            corners = np.array(area) * (columns, rows)
            cv2.fillPoly(self._watched, [corners.round().astype(np.int32)], (0,))
        self.moving = None

    def _compare(self, cells: Cells, at: Monotonic) -> None:
        change = _change(cells, self._background)
        differs = change > FAINT + NOISES * self._noise
        if differs.any():
            uncovered = differs & (_change(cells, self._usual) <= FAINT)
            np.copyto(self._background, cells, where=uncovered)
            differs &= ~uncovered
        moves = differs * self._watched
        count = cv2.countNonZero(moves)
        self.moving = _surround(moves) if count >= max(1.0, self._settings.smallest * moves.size) else None
        if count > EVERYWHERE * cv2.countNonZero(self._watched):
            self._background, self._last = cells.copy(), cells
            return
        flicker = np.minimum(cv2.absdiff(cells, self._last), MOST_FLICKER)
        deviation = np.maximum(flicker, np.minimum(change, MOST_DEVIATION))
        self._last = cells
        since = self._at - at
        stands = moves & (flicker <= FAINT)
        cv2.accumulateWeighted(cells, self._background, 1 - math.exp(since / MEMORY), mask=1 - stands)
        cv2.accumulateWeighted(cells, self._background, 1 - math.exp(since / STANDS), mask=stands)
        cv2.accumulateWeighted(cells, self._usual, 1 - math.exp(since / USUAL), mask=1 - moves)
        cv2.accumulateWeighted(deviation, self._noise, 1 - math.exp(since / MEMORY))


def _change(cells: Cells, known: Cells) -> Cells:
    """Returns by how many grey levels cells differ from what is known of them, in the light of now.

    A cloud or the camera's exposure scales the whole picture; what most of it does is not movement.
    """
    light = np.median(cells[::4, ::4] / known[::4, ::4])
    return np.asarray(cv2.absdiff(cells, known * light), np.float32)


def _shrink(luma: Pixels) -> Cells:
    """Returns the brightness of cells, float32 (rows, ``COLUMNS``), at least 1 so that it can divide."""
    height, width = luma.shape
    rows = max(1, round(height * COLUMNS / width))
    some = luma[:: max(1, height // (rows * ROWS_READ))]
    cells = cv2.resize(some, (COLUMNS, rows), interpolation=cv2.INTER_AREA)
    return np.maximum(cells, 1, dtype=np.float32)


def _surround(moves: Pixels) -> Box:
    rows, columns = moves.shape
    left, top, width, height = cv2.boundingRect(moves)
    return Box(left / columns, top / rows, (left + width) / columns, (top + height) / rows)
