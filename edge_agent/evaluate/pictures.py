"""Photos from files, of whatever kind, as frames."""

from pathlib import Path

import cv2
import numpy as np

from edge_agent.errors import PermanentError
from edge_agent.values.frame import Frame
from edge_agent.values.time import Monotonic

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})

TAIL = 4096
"""Bytes at a JPEG's end in which its end marker is looked for: cameras write their own data behind it."""


def read_picture(path: Path) -> Frame:
    """Returns a photo as a frame, grey and CMYK ones in RGB, turned upright as its camera says; blocks.

    Raises:
        PermanentError: it is missing, broken, or too large to be decoded.
    """
    try:
        content = path.read_bytes()
    except OSError as exc:
        raise PermanentError(f"{path} cannot be read ({exc.strerror})", "correct its name, or leave it out") from exc
    if not content:
        raise PermanentError(f"{path} is empty", "copy it again, or leave it out")
    if content.startswith(b"\xff\xd8") and b"\xff\xd9" not in content[-TAIL:]:
        raise PermanentError(f"{path} is a JPEG that breaks off", "copy it again, or leave it out")
    try:
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as exc:
        raise PermanentError(f"{path} is too large", "scale it down to less than a gigapixel") from exc
    if picture is None:
        raise PermanentError(f"{path} is no picture, or a broken one", "copy it again, or save it as JPEG or PNG")
    height, width = picture.shape[:2]
    even = cv2.copyMakeBorder(picture, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    planes = np.asarray(cv2.cvtColor(even, cv2.COLOR_BGR2YUV_I420), np.uint8)
    planes.flags.writeable = False
    return Frame(planes, 0, Monotonic(0.0))
