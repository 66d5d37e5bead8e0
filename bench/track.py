"""What tracking costs a picture, beside a bare matrix of overlaps of as many boxes; run: python -m bench.track."""

import time
import timeit
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from edge_agent.track.tracker import Tracker, TrackSettings
from edge_agent.values.detection import Detection, Label
from edge_agent.values.geometry import Box
from edge_agent.values.time import Monotonic

PICTURES = 200


def main() -> None:
    """Prints one line for each number of objects."""
    print("objects  overlaps ms  tracker ms  ratio")
    for objects in (1, 5, 20, 50, 100):
        pictures = _pictures(objects)
        corners = np.array([(each.box.left, each.box.top, each.box.right, each.box.bottom) for each in pictures[0]])
        bare = _fastest(partial(_compare, corners))
        full = _fastest(partial(_track, pictures))
        print(f"{objects:7d}  {bare:11.3f}  {full:10.3f}  {full / bare:5.1f}")


def _pictures(objects: int) -> list[list[Detection]]:
    """People at random places of a crowded picture, walking in all directions, detected with jitter."""
    rng = np.random.default_rng(objects)
    place, speed = rng.random((objects, 2)), rng.normal(0, 0.02, (objects, 2))
    pictures = []
    for index in range(PICTURES):
        x, y = ((place + index / 5 * speed) % 1 + rng.normal(0, 0.002, (objects, 2))).T.tolist()
        people = [Box(a, b, a + 0.06, b + 0.25) for a, b in zip(x, y, strict=True)]
        pictures.append([Detection(Label.PERSON, float(rng.uniform(0.3, 0.9)), box) for box in people])
    return pictures


def _track(pictures: list[list[Detection]]) -> None:
    tracker = Tracker(TrackSettings())
    for index, found in enumerate(pictures):
        tracker.update(found, Monotonic(index / 5))


def _compare(corners: NDArray[np.float64]) -> None:
    for _ in range(PICTURES):
        low = np.maximum(corners[:, None, :2], corners[:, :2])
        high = np.minimum(corners[:, None, 2:], corners[:, 2:])
        shared = np.maximum(high - low, 0).prod(2)
        areas = (corners[:, 2:] - corners[:, :2]).prod(1)
        _ = shared / (areas[:, None] + areas - shared)


def _fastest(work: Callable[[], object]) -> float:
    """Milliseconds of processor time a picture, in the best of five rounds."""
    return min(timeit.repeat(work, timer=time.process_time, number=1, repeat=5)) / PICTURES * 1000


if __name__ == "__main__":
    main()
