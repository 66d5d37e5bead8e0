"""What a face detector takes for faces and is none: napes, hands, letters, bags; and plain pieces of the street."""

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import mask_dressing
import mask_faces
import numpy as np

NOTHING = 3  # its label
LEAST = -0.6  # the detector's score before the logistic function from which a place counts: 0.35 after it
SMALLEST = 12  # pixels of a place's side
WINDOWS = (100, 180, 320)  # pixels of the squares that the detector looks into, and the whole photo
APART = 0.02  # overlap with an annotated face from which a place may be one
PLAIN = 2  # places a photo, where nothing looks like a face
BEHIND = 67.0  # seconds of the clip in which nobody turns round; the three people after it are left to judge by
WORTH = 3  # times that each place of the clip is shown for one of the photos


def read(data: Path, split: str, detector: mask_dressing.Landmarks) -> Iterator[mask_faces.Face]:
    """Yields places of ``split`` (``train`` or ``val``) where nobody annotated a face."""
    listing = json.loads((data / f"{split}.json").read_text())
    random = np.random.default_rng(len(listing["images"]))
    known: dict[int, list[list[float]]] = {image["id"]: [] for image in listing["images"]}
    for annotation in listing["annotations"]:
        known[annotation["image_id"]].append(annotation["bbox"])
    for image in listing["images"]:
        photo = cv2.cvtColor(cv2.imread(str(data / split / image["file_name"])), cv2.COLOR_BGR2RGB)
        height, width = photo.shape[:2]
        faces = np.array(known[image["id"]], np.float64).reshape(-1, 4)
        sides = np.exp(random.uniform(np.log(16), np.log(min(height, width) / 2), PLAIN))
        plain = [(random.uniform(0, width - side), random.uniform(0, height - side), side, side) for side in sides]
        for left, top, side, _ in _distinct([*_seen(photo, detector), *plain]):
            if side >= SMALLEST and _overlaps(np.array([left, top, side, side]), faces).max(initial=0) < APART:
                x, y = left + side / 2, top + side / 2
                pixels = mask_faces.cut(photo, x, y, side * mask_faces.CONTEXT)
                if len(pixels) > mask_faces.LARGEST:
                    pixels = cv2.resize(pixels, (mask_faces.LARGEST,) * 2, interpolation=cv2.INTER_AREA)
                yield mask_faces.Face(pixels, NOTHING, NOTHING, side, side, image["file_name"])


def read_clip(clip: Path, detector: mask_dressing.Landmarks) -> Iterator[mask_faces.Face]:
    """Yields places of a clip of people from behind, a picture a second: napes, hair, a table's foot."""
    film = cv2.VideoCapture(str(clip))
    rate = round(film.get(cv2.CAP_PROP_FPS))
    for number in range(round(BEHIND * rate)):
        taken, picture = film.read()
        if taken and number % rate == rate - 1:
            photo = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
            for left, top, side, _ in _distinct(list(_seen(photo, detector))):
                if side >= SMALLEST:
                    pixels = mask_faces.cut(photo, left + side / 2, top + side / 2, side * mask_faces.CONTEXT)
                    yield from WORTH * [mask_faces.Face(pixels, NOTHING, NOTHING, side, side, clip.name)]


def _seen(photo: np.ndarray, detector: mask_dressing.Landmarks) -> Iterator[tuple[float, float, float, float]]:
    height, width = photo.shape[:2]
    for window in (*(window for window in WINDOWS if window < max(height, width)), max(height, width)):
        for y in _starts(height, window):
            for x in _starts(width, window):
                square = mask_faces.cut(photo, x + window / 2, y + window / 2, window)
                for left, top, side in detector.boxes(square, LEAST):
                    yield x + left, y + top, side, side


def _starts(length: int, window: int) -> np.ndarray:
    """Returns where squares begin that cover a length, each a third over the last; one in the middle if it is short."""
    if length <= window:
        return np.array([(length - window) / 2])
    return np.linspace(0, length - window, int(np.ceil((length - window) / (window * 0.67))) + 1)


def _distinct(places: list[tuple[float, float, float, float]]) -> Iterator[tuple[float, float, float, float]]:
    taken = np.zeros((0, 4))
    for place in places:
        if _overlaps(np.array(place), taken).max(initial=0) < 0.3:
            taken = np.vstack([taken, place])
            yield place


def _overlaps(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Returns intersection over union of a box (left, top, width, height) with others."""
    low = np.maximum(box[:2], others[:, :2])
    high = np.minimum(box[:2] + box[2:], others[:, :2] + others[:, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=1)
    return shared / (box[2:].prod() + others[:, 2:].prod(axis=1) - shared)
