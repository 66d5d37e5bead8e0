"""What the motion gate costs a picture, beside OpenCV's own background subtraction; run: python -m bench.motion."""

import time
import timeit
from collections.abc import Callable, Sequence
from functools import partial

import cv2
import numpy as np

from edge_agent.motion import MotionSettings
from edge_agent.motion.gate import COLUMNS, Gate
from edge_agent.values.frame import Frame
from edge_agent.values.time import Monotonic

PICTURES = 50


def main() -> None:
    """Prints one line for each size of picture, each on one core."""
    cv2.setNumThreads(1)
    print("    picture  subtractor ms  gate ms  ratio")
    for width, height in ((640, 360), (1280, 720), (1920, 1080), (3840, 2160)):
        frames = _frames(width, height)
        peer = _fastest(partial(_subtract, frames))
        ours = _fastest(partial(_open, frames))
        print(f"{width:6d}x{height:4d}  {peer:13.3f}  {ours:7.3f}  {ours / peer:5.2f}")


def _frames(width: int, height: int) -> list[Frame]:
    """A few noisy pictures, again and again."""
    rng = np.random.default_rng(width)
    planes = [rng.normal(120, 5, (height * 3 // 2, width)).astype(np.uint8) for _ in range(4)]
    return [Frame(planes[index % 4], 0, Monotonic(index / 5)) for index in range(PICTURES)]


def _open(frames: Sequence[Frame]) -> None:
    gate = Gate(MotionSettings())
    for frame in frames:
        gate.opens(frame)


def _subtract(frames: Sequence[Frame]) -> None:
    """Scales down all of the brightness and learns a mixture of Gaussians, the usual recipe."""
    subtractor = cv2.createBackgroundSubtractorMOG2(detectShadows=False)
    for frame in frames:
        rows = frame.height * COLUMNS // frame.width
        mask = subtractor.apply(cv2.resize(frame.luma, (COLUMNS, rows), interpolation=cv2.INTER_AREA))
        cv2.countNonZero(mask)


def _fastest(work: Callable[[], object]) -> float:
    """Milliseconds of processor time a picture, in the best of five rounds."""
    return min(timeit.repeat(work, timer=time.process_time, number=1, repeat=5)) / PICTURES * 1000


if __name__ == "__main__":
    main()
