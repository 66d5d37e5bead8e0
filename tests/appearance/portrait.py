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


def masked(colour: tuple[int, int, int] = (214, 190, 150), *, down: float = 0.0) -> NDArray[np.uint8]:
    """Returns the portrait with a surgical mask drawn on it: folds, a hem and ear loops, from the nose to the chin.

    Args:
        colour: of the cloth, BGR.
        down: how far it has slipped, in pixels of the portrait: 12 bares the nose, 24 the mouth too.
    """
    scale, dark, bright = 4, tuple(int(0.87 * part) for part in colour), tuple(min(255, part + 25) for part in colour)
    picture = cv2.resize(portrait(), None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    corners = np.array([(93, 60), (111, 56), (130, 62), (131, 78), (122, 90), (109, 94), (97, 88), (92, 76)], float)
    # What slips keeps its lower edge at the chin for a while, then hangs below it.
    corners[:, 1] += np.where(corners[:, 1] < 70, down, down * 0.4)
    outline = np.rint(corners * scale).astype(np.int32)
    cv2.fillPoly(picture, [outline], colour, cv2.LINE_AA)
    for place in (66, 72, 78, 84):
        if place < 66 + down:
            continue
        narrower = max(0, place - 74) // 2
        fold = np.array([(93 + narrower, place), (111, place + 3), (130 - narrower, place + 1)]) * scale
        cv2.polylines(picture, [fold], isClosed=False, color=dark, thickness=3, lineType=cv2.LINE_AA)
    cv2.polylines(picture, [outline], isClosed=True, color=bright, thickness=4, lineType=cv2.LINE_AA)
    for ear, edge in (((86, 56), (93, 60 + down)), ((136, 58), (130, 62 + down))):
        start, end = (tuple(round(scale * part) for part in point) for point in (ear, edge))
        cv2.line(picture, start, end, (240, 240, 240), 5, cv2.LINE_AA)
    return np.asarray(cv2.resize(picture, (SIZE, SIZE), interpolation=cv2.INTER_AREA), np.uint8)


def framed(picture: NDArray[np.uint8], at: float = 0.0) -> Frame:
    """Returns a BGR picture of even size as a frame."""
    return Frame(np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420), np.uint8), 0, Monotonic(at))
