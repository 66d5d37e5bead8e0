"""A clip in which nobody is there, and then somebody without a mask: drawn as the demo draws its entrance."""

import cv2
import numpy as np

from edge_agent.demo import clips
from tests.peers.clips import CACHE, Clip

EMPTY = 4.0
STANDS = 8.0
RATE = 15


def visitor(suffix: str = ".h264") -> Clip:
    """Returns nobody for ``EMPTY`` seconds, then a face without a mask for ``STANDS``; 1280x720.

    Args:
        suffix: ``.mp4`` where the file itself must know its pace.
    """
    film = CACHE / "visitor.mp4"
    if not film.exists():
        wall, person = clips._wall(), cv2.imread(str(clips.PORTRAIT), cv2.IMREAD_UNCHANGED)
        assert person is not None
        shown = (clips._place(wall, np.asarray(person, np.uint8), clips.APPROACH) for _ in range(round(STANDS * RATE)))
        pictures = [*(wall for _ in range(round(EMPTY * RATE))), *shown]
        clips._encode(film, iter(pictures), len(pictures), lambda _: None, rate=RATE)
    return Clip(str(film), size=clips.SIZE, fps=RATE, seconds=EMPTY + STANDS, gop=RATE, bitrate="2M", suffix=suffix)
