"""Where each track is and goes: constant-velocity Kalman filters for all of them at once."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Which: TypeAlias = NDArray[np.intp] | NDArray[np.bool_]

# All noise is in fractions of the thing's own width and height, so that it holds near and far, for every lens and for
# the unlike axes of a picture in fractions; a person is about half a metre wide and walks 1.4 m/s.
JITTER = np.array([0.06, 0.06, 0.12, 0.12])
"""Standard deviation of a detection: centre x and y, width and height."""

FLOOR = 0.003
"""Detections are no finer than this fraction of the picture, about one pixel of what the detector sees."""

PACE = np.array([2.5, 0.8, 0.0, 0.0])
"""Standard deviation of the speed of somebody not seen before, sizes a second; sizes themselves have no speed."""

RESTLESSNESS = np.array([1.0, 0.3, 0.0, 0.0])
"""How far a speed strays within a second: people stop and turn."""

WOBBLE = np.array([0.0, 0.0, 0.3, 0.3])
"""How far a size strays within a second, as somebody comes nearer or bends down."""


class Motion:
    """State of any number of boxes, one row each.

    The axes do not depend on each other, so that a filter is three numbers of covariance an axis instead of a matrix,
    and one step for all tracks is a dozen operations on arrays without an inversion.

    Attributes:
        place: float64 (n, 4), centre x, centre y, width, height.
    """

    def __init__(self) -> None:
        self.place = np.empty((0, 4))
        self._speed = np.empty((0, 4))
        self._cov = np.empty((3, 0, 4))  # of place, of place with speed, of speed

    @property
    def spread(self) -> Floats:
        """Standard deviation of each centre, float64 (n, 2)."""
        return np.sqrt(self._cov[0, :, :2])

    def advance(self, seconds: float) -> None:
        """Moves everything on by a time step of any length."""
        scale = _scale(self.place)
        stray, wobble = (RESTLESSNESS * scale) ** 2, (WOBBLE * scale) ** 2
        self.place = self.place + self._speed * seconds
        place, joint, speed = self._cov
        self._cov = np.stack(
            [
                place + seconds * (2 * joint + seconds * speed + seconds**2 / 3 * stray + wobble),
                joint + seconds * (speed + seconds / 2 * stray),
                speed + seconds * stray,
            ]
        )

    def correct(self, rows: Which, seen: Floats) -> None:
        """Takes in what was seen of some rows.

        Args:
            rows: which.
            seen: float64 (rows, 4), as ``place``.
        """
        place, joint, speed = self._cov[:, rows]
        total = place + _doubt(seen)
        wrong = seen - self.place[rows]
        self.place[rows] += place / total * wrong
        self._speed[rows] += joint / total * wrong
        rest = 1 - place / total
        self._cov[:, rows] = np.stack([place * rest, joint * rest, speed - joint**2 / total])

    def add(self, seen: Floats) -> None:
        """Adds rows for what was seen for the first time, float64 (new, 4)."""
        scale = _scale(seen)
        new = np.stack([_doubt(seen), np.zeros_like(seen), (PACE * scale) ** 2])
        self.place = np.concatenate([self.place, seen])
        self._speed = np.concatenate([self._speed, np.zeros_like(seen)])
        self._cov = np.concatenate([self._cov, new], axis=1)

    def keep(self, rows: Which) -> None:
        """Forgets all other rows."""
        self.place, self._speed, self._cov = self.place[rows], self._speed[rows], self._cov[:, rows]


def _scale(place: Floats) -> Floats:
    """Width and height twice, never nothing."""
    size = np.maximum(place[:, 2:], FLOOR)
    return np.concatenate([size, size], axis=1)


def _doubt(seen: Floats) -> Floats:
    """Variance of what was seen."""
    return (JITTER * _scale(seen)) ** 2 + FLOOR**2
