"""Films of a public-domain portrait, encoded with the library that the agent brings along."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from tests.appearance.portrait import masked, portrait

RATE = 5
Picture = NDArray[np.uint8]


def write_film(path: Path, pictures: Sequence[Picture], codec: str = "libx264") -> Path:
    """Writes five pictures a second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, RATE)
        assert isinstance(stream, VideoStream)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for index, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts, frame.time_base = index, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def visit(*, worn: bool, seconds: float) -> list[Picture]:
    """Returns the portrait in a grey hall, swaying a little: 640x360."""
    person = cv2.resize(masked() if worn else portrait(), (300, 300), interpolation=cv2.INTER_CUBIC)
    pictures = []
    for index in range(round(seconds * RATE)):
        hall = np.full((360, 640, 3), 120, np.uint8)
        left = 170 + 4 * (index % 3)
        hall[60:360, left : left + 300] = person
        pictures.append(hall)
    return pictures


def empty(seconds: float, size: tuple[int, int] = (640, 360)) -> Sequence[Picture]:
    """Returns the hall with nobody in it."""
    return [np.full((size[1], size[0], 3), 120, np.uint8)] * round(seconds * RATE)
