"""What other sources do to a face, one thing at a time: others' boxes, little light, lost focus, few pixels."""

from collections.abc import Callable

import cv2
import mask_faces
import numpy as np

DARK, NOISE = 0.35, 4.0  # share of the light, deviation of the sensor's noise
BLUR = 2.5  # pixels of the network's picture
FEW = 28  # pixels of the network's square


def boxed(pixels: np.ndarray, scale: float = 1.0, right: float = 0.0, down: float = 0.0) -> np.ndarray:
    """Returns the network's picture where the box is ``scale`` times as large and shifted, in sides of the box."""
    middle, side = len(pixels) / 2, len(pixels) / mask_faces.CONTEXT
    face = mask_faces.cut(pixels, middle + right * side, middle + down * side, side * mask_faces.CROP * scale)
    how = cv2.INTER_AREA if len(face) > mask_faces.SIZE else cv2.INTER_LINEAR
    return cv2.resize(face, (mask_faces.SIZE, mask_faces.SIZE), interpolation=how)


def _dark(pixels: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(1).normal(0, NOISE, (mask_faces.SIZE, mask_faces.SIZE, 3))
    return np.clip(boxed(pixels) * DARK + noise, 0, 255).astype(np.uint8)


def _blurred(pixels: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(boxed(pixels), (0, 0), BLUR)


def _few(pixels: np.ndarray) -> np.ndarray:
    small = cv2.resize(boxed(pixels), (FEW, FEW), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (mask_faces.SIZE, mask_faces.SIZE))


HARDSHIPS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "as annotated": boxed,
    "box x 0.8": lambda pixels: boxed(pixels, 0.8),
    "box x 1.25": lambda pixels: boxed(pixels, 1.25),
    "box 15 % right": lambda pixels: boxed(pixels, right=0.15),
    "box 15 % up": lambda pixels: boxed(pixels, down=-0.15),
    "box 15 % down": lambda pixels: boxed(pixels, down=0.15),
    "a third of the light": _dark,
    "out of focus": _blurred,
    "28 pixels": _few,
}
