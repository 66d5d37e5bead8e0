"""Pictures with people in them."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.values.frame import Frame
from edge_agent.values.time import Monotonic

PORTRAIT: NDArray[np.uint8] = np.asarray(
    cv2.imread(str(Path(__file__).parents[1] / "data" / "astronaut.jpg")), np.uint8
)
"""An astronaut, uint8 BGR (256, 256, 3)."""


def frame(pixels: NDArray[np.uint8]) -> Frame:
    """Returns a picture, uint8 BGR with even sides, as the decoder would give it."""
    return Frame(np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2YUV_I420), np.uint8), 0, Monotonic(0.0))
