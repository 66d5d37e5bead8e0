"""A public-domain portrait as frames, and a mask to draw on it."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.values.frame import Frame
from edge_agent.values.time import Monotonic

SIZE = 256
FACE = (86.0, 36.0, 138.0, 88.0)
"""Left, top, right, bottom of the face, from the brow to below the mouth."""

PERSON = (9.0, 7.0, 182.0, 254.0)
"""Left, top, right, bottom of the person."""


def portrait() -> NDArray[np.uint8]:
    """Returns uint8 BGR (256, 256, 3)."""
    return np.asarray(cv2.imread(str(Path(__file__).parents[1] / "data" / "astronaut.jpg")), np.uint8)


def masked() -> NDArray[np.uint8]:
    """Returns the portrait with a surgical mask drawn on it: folds, a hem and ear loops, from the nose to the chin."""
    scale = 4
    picture = cv2.resize(portrait(), None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    outline = np.array([(93, 60), (111, 56), (130, 62), (131, 78), (122, 90), (109, 94), (97, 88), (92, 76)]) * scale
    cv2.fillPoly(picture, [outline], (214, 190, 150), cv2.LINE_AA)
    for down in (66, 72, 78, 84):
        narrower = max(0, down - 74) // 2
        fold = np.array([(93 + narrower, down), (111, down + 3), (130 - narrower, down + 1)]) * scale
        cv2.polylines(picture, [fold], isClosed=False, color=(190, 165, 128), thickness=3, lineType=cv2.LINE_AA)
    cv2.polylines(picture, [outline], isClosed=True, color=(235, 220, 200), thickness=4, lineType=cv2.LINE_AA)
    for ear, edge in (((86, 56), (93, 60)), ((136, 58), (130, 62))):
        start, end = (tuple(scale * part for part in point) for point in (ear, edge))
        cv2.line(picture, start, end, (240, 240, 240), 5, cv2.LINE_AA)
    return np.asarray(cv2.resize(picture, (SIZE, SIZE), interpolation=cv2.INTER_AREA), np.uint8)


def framed(picture: NDArray[np.uint8], at: float = 0.0) -> Frame:
    """Returns a BGR picture of even size as a frame."""
    return Frame(np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420), np.uint8), 0, Monotonic(at))
