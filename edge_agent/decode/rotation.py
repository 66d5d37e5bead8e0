"""Cameras that hang on their side or upside down: every picture is turned before anything else looks at it."""

import cv2
import numpy as np

from edge_agent.values.frame import Frame

_TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


def turn(frame: Frame, degrees: int) -> Frame:
    """Returns a picture turned clockwise; itself for 0. Takes 2 ms for 1080p, without the interpreter's lock.

    Args:
        frame: any picture.
        degrees: 0, 90, 180 or 270.
    """
    if not degrees:
        return frame
    width, height = (frame.width, frame.height) if degrees == 180 else (frame.height, frame.width)  # noqa: PLR2004
    planes = np.empty((height * 3 // 2, width), np.uint8)
    turned = Frame(planes, frame.pts, frame.arrived)
    for source, target in zip((frame.luma, *frame.chroma), (turned.luma, *turned.chroma), strict=True):
        cv2.rotate(source, _TURNS[degrees], dst=target)
    return turned
