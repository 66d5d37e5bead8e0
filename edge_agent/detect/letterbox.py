"""A whole picture, undistorted, in the top left corner of a network's input."""

import numpy as np
from numpy.typing import NDArray

from edge_agent.inference.manifest import InputSpec
from edge_agent.values.frame import Frame


class Letterbox:
    """Holds a network's input and writes one picture after the other into it; the rest stays black.

    Args:
        spec: how the network is fed; BGR.
    """

    def __init__(self, spec: InputSpec) -> None:
        _, self._height, self._width, _ = spec.shape
        self._input = np.empty(spec.shape, np.float32)
        # Whole rows at a time: numpy needs eight times as long for a last axis of three colours.
        self._gain = np.tile(1 / np.asarray(spec.std, np.float32), self._width)
        self._black = np.tile(np.asarray(spec.mean, np.float32) / np.asarray(spec.std, np.float32), self._width)
        self._size = (0, 0)

    def fit(self, width: int, height: int) -> tuple[int, int]:
        """Returns the (width, height) that a picture of this size gets in the input: even, its shape kept."""
        scale = min(self._width / width, self._height / height)
        return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)

    def fill(self, frame: Frame) -> tuple[NDArray[np.float32], tuple[int, int]]:
        """Returns the input, float32 and good until the next call, and the (width, height) of the picture in it."""
        width, height = size = self.fit(frame.width, frame.height)
        rows = self._input[0].reshape(self._height, -1)
        if size != self._size:
            rows[:] = -self._black
            self._size = size
        picture = rows[:height, : 3 * width]
        np.multiply(frame.bgr(width, height).reshape(height, -1), self._gain[: 3 * width], out=picture)
        picture -= self._black[: 3 * width]
        return self._input, size
