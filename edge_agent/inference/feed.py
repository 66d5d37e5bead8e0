"""A network's input, and pictures written into it."""

import numpy as np
from numpy.typing import NDArray

from edge_agent.inference.manifest import InputSpec
from edge_agent.values.frame import Pixels


class Feed:
    """Holds a network's input; a picture goes into its top left corner, what remains is black.

    Args:
        spec: how the network is fed.
    """

    def __init__(self, spec: InputSpec) -> None:
        _, self._height, self._width, _ = spec.shape
        self._input = np.empty(spec.shape, np.float32)
        self._filled = (0, 0)
        # Whole rows at a time: numpy takes eight times as long where the last axis is three colours.
        self._gain = np.tile(1 / np.asarray(spec.std, np.float32), self._width)
        self._black = np.tile(np.asarray(spec.mean, np.float32) / np.asarray(spec.std, np.float32), self._width)

    def fit(self, width: int, height: int) -> tuple[int, int]:
        """Returns the (width, height), even, that a picture of this size may have in the input, its shape kept."""
        scale = min(self._width / width, self._height / height)
        return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)

    def write(self, picture: Pixels) -> NDArray[np.float32]:
        """Returns the input with a picture in it, good until the next call.

        Args:
            picture: uint8 (height, width, 3) in the network's order of colours, no larger than the input.
        """
        height, width = picture.shape[:2]
        rows = self._input[0].reshape(self._height, -1)
        if (height, width) != self._filled:
            rows[:] = -self._black
            self._filled = (height, width)
        target = rows[:height, : 3 * width]
        np.multiply(picture.reshape(height, -1), self._gain[: 3 * width], out=target)
        target -= self._black[: 3 * width]
        return self._input
