"""What tracking costs a picture, and how well it tells who is who on the labelled street; run: python -m bench.track.

Costs stand beside a bare matrix of overlaps of as many boxes, MOTA and IDF1 beside those of motmetrics, where it is:

    python3.11 -m venv .cache/mot && .cache/mot/bin/pip install motmetrics "numpy<2"

They are measured with each detector on the film itself, which `make demo` fetches.
"""

import json
import subprocess
import time
import timeit
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from edge_agent.detect import Detector
from edge_agent.detect.nanodet import NanodetSettings
from edge_agent.detect.tiles import detect_within, open_detector
from edge_agent.inference.models import InferenceSettings, Models
from edge_agent.motion import MotionSettings
from edge_agent.motion.focus import Focus
from edge_agent.motion.gate import Gate
from edge_agent.track.tracker import Tracker, TrackSettings
from edge_agent.values.detection import Detection, Label
from edge_agent.values.frame import Frame
from edge_agent.values.geometry import Box
from edge_agent.values.time import Monotonic
from edge_agent.values.track import Track
from tests.track.score import Pictures, read_labels, score

PICTURES = 200

ROOT = Path(__file__).parents[1]
FILM = ROOT / "media/street.avi"
LIBRARY = ROOT / ".cache/mot/bin/python"
STRETCHES = {"street": range(380, 791, 2), "street-held-out": range(0, 371, 2)}
"""Pictures of the film: those that thresholds were chosen on, and those that nobody looked at until they were."""

RATE = 10
"""Pictures that the film has a second."""


MOVING = "NanoDet 416 int8, moving"
"""As with ``motion.area = "moving"``: what moves and who is followed, larger; the whole once a second."""

DETECTORS = {
    "NanoDet 416 int8": NanodetSettings(),
    "NanoDet 416 fp16": NanodetSettings(precision="fp16"),
    "NanoDet 320 int8": NanodetSettings(size=320),
    "NanoDet 416 int8, 2x2 tiles": NanodetSettings(tiles=(2, 2)),
    MOVING: NanodetSettings(),
}


def main() -> None:
    """Prints one line for each number of objects, then one for each detector."""
    _time()
    if FILM.exists():
        _follow_street()
    else:
        print("street: skipped, there is no media/street.avi; make demo fetches it")


def _follow_street() -> None:
    models = Models(InferenceSettings(threads=1))
    for stretch, numbers in STRETCHES.items():
        truth, frames = read_labels(ROOT / f"tests/data/{stretch}.csv", 768, 576), _street(numbers)
        names = f"{'MOTA':>7}{'IDF1':>7}{'missed':>8}{'false':>7}{'switched':>10}{'ms':>8}   by motmetrics"
        print(f"\n{f'{stretch}, {sum(map(len, truth.values()))} boxes':28}{names}")
        for name, settings in DETECTORS.items():
            begun = time.process_time()
            told = _tracks(frames, open_detector(settings, models), Focus() if name == MOVING else None)
            spent = 1000 * (time.process_time() - begun) / len(frames)
            ours = score(truth, told)
            figures = f"{ours.mota:7.3f}{ours.idf1:7.3f}{ours.misses:8}{ours.false:7}{ours.switches:10}"
            print(f"{name:28}{figures}{spent:8.1f}   {_ask_library(truth, told)}", flush=True)


def _street(numbers: range) -> dict[int, Frame]:
    with av.open(FILM) as film:
        return {
            number: Frame(np.asarray(picture.to_ndarray(format="yuv420p"), np.uint8), 0, Monotonic(number / RATE))
            for number, picture in zip(range(numbers.stop), film.decode(video=0), strict=False)
            if number in numbers
        }


def _tracks(frames: Mapping[int, Frame], detector: Detector, focus: Focus | None) -> dict[int, dict[int, Box]]:
    tracker, gate, told = Tracker(TrackSettings()), Gate(MotionSettings()), {}
    tracks: Sequence[Track] = ()
    for number, frame in frames.items():
        part = None
        if focus is not None:
            gate.opens(frame)
            part = focus.part(frame.arrived, gate.moving, (track.box for track in tracks))
        tracks = tracker.update(detect_within(detector, frame, part), frame.arrived)
        seen = [track for track in tracks if track.seen == frame.arrived and track.label is Label.PERSON]
        told[number] = {int(track.id): track.box for track in seen}
    return told


def _ask_library(truth: Pictures, told: Pictures) -> str:
    """Returns MOTA and IDF1 as the library has them."""
    if not LIBRARY.exists():
        return "not installed"
    boxes = [
        [
            [(name, box.left, box.top, box.width, box.height) for name, box in pictures.get(number, {}).items()]
            for pictures in (truth, told)
        ]
        for number in truth
    ]
    script = Path(__file__).parent / "peers/tracks.py"
    answer = subprocess.run([LIBRARY, script], input=json.dumps(boxes), capture_output=True, check=True, text=True)
    return answer.stdout.strip()


def _time() -> None:
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
