"""Faces out of the photos of the mask data set, and the wear and tear that a camera would add to them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

LABELS = ("mask", "no_mask", "incorrect")
CROP = 1.4  # side of the network's square over the longer side of the face's box; the runtime does the same
SIZE = 96
CONTEXT = 2.4  # the same ratio for what is kept of the photo, so that there is room to shift and turn
LARGEST = 208  # pixels kept of a context's side


@dataclass(frozen=True, slots=True)
class Face:
    """One annotated face: ``pixels`` is uint8 RGB, square, ``CONTEXT`` times as wide as its box in the middle."""

    pixels: np.ndarray
    label: int
    side: float
    """Longer side of the annotated box in the photo's own pixels."""


def read(data: Path, split: str) -> Iterator[Face]:
    """Yields every face of ``split`` (``train`` or ``val``) in the order of its annotations."""
    listing = json.loads((data / f"{split}.json").read_text())
    files = {image["id"]: image["file_name"] for image in listing["images"]}
    labels = {category["id"]: LABELS.index(category["name"]) for category in listing["categories"]}
    photo, shown = None, None
    for annotation in sorted(listing["annotations"], key=lambda annotation: annotation["image_id"]):
        if annotation["image_id"] != shown:
            shown = annotation["image_id"]
            photo = cv2.cvtColor(cv2.imread(str(data / split / files[shown])), cv2.COLOR_BGR2RGB)
        left, top, width, height = annotation["bbox"]
        side = max(width, height)
        pixels = cut(photo, left + width / 2, top + height / 2, side * CONTEXT)
        if len(pixels) > LARGEST:
            pixels = cv2.resize(pixels, (LARGEST, LARGEST), interpolation=cv2.INTER_AREA)
        yield Face(pixels, labels[annotation["category_id"]], side)


def cut(photo: np.ndarray, x: float, y: float, side: float) -> np.ndarray:
    """Cuts a square about (x, y) out of ``photo``; black where it reaches outside, as in the runtime."""
    size = max(8, round(side))
    corner = np.array([[1, 0, size / 2 - x], [0, 1, size / 2 - y]])
    return cv2.warpAffine(photo, corner, (size, size), flags=cv2.INTER_LINEAR)


def plain(pixels: np.ndarray) -> np.ndarray:
    """Returns the network's picture of a context, as the runtime would cut it from the box: uint8 RGB (96, 96, 3)."""
    middle = len(pixels) / 2
    face = cut(pixels, middle, middle, len(pixels) * CROP / CONTEXT)
    return cv2.resize(face, (SIZE, SIZE), interpolation=cv2.INTER_AREA if len(face) > SIZE else cv2.INTER_LINEAR)


def disturbed(pixels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Returns ``plain`` on a bad day: a loose box, a turned head, few pixels, blur, odd light, compression."""
    face = _moved(pixels, random)
    if random.random() < 0.5:
        face = face[:, ::-1]
    face = _lit(face.astype(np.float32), random)
    if random.random() < 0.15:
        face = _smeared(face, random)
    if random.random() < 0.45:
        side = int(np.exp(random.uniform(np.log(16), np.log(SIZE))))
        face = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
    if random.random() < 0.3:
        face = face + random.normal(0, random.uniform(2, 12), face.shape)
    face = np.ascontiguousarray(np.clip(face, 0, 255).astype(np.uint8))
    if random.random() < 0.3:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(25, 90))]
        face = cv2.imdecode(cv2.imencode(".jpg", face, quality)[1], cv2.IMREAD_COLOR)
    return cv2.resize(face, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)


def _moved(pixels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Shifts, scales and turns within what a detector's box was seen to differ from an annotator's."""
    side = len(pixels) / CONTEXT
    scale = SIZE / (side * CROP * np.exp(random.normal(0, 0.13)))
    matrix = cv2.getRotationMatrix2D((len(pixels) / 2, len(pixels) / 2), random.normal(0, 10), scale)
    shift = np.array([random.normal(0, 0.06), random.normal(-0.03, 0.07)]) * side * scale
    matrix[:, 2] += SIZE / 2 - len(pixels) / 2 - shift
    if scale < 0.8:
        pixels = cv2.GaussianBlur(pixels, (0, 0), 0.4 / scale)
    return cv2.warpAffine(pixels, matrix, (SIZE, SIZE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _lit(face: np.ndarray, random: np.random.Generator) -> np.ndarray:
    grey = face.mean(axis=2, keepdims=True)
    saturation = 0.0 if random.random() < 0.08 else random.uniform(0.5, 1.4)  # infra-red cameras have no colour
    face = grey + (face - grey) * saturation
    face = face * random.uniform(0.9, 1.1, 3)
    middle = face.mean()
    face = middle + (face - middle) * random.uniform(0.65, 1.35)
    face = 255 * (np.clip(face, 0, 255) / 255) ** np.exp(random.normal(0, 0.3))
    if random.random() < 0.25:  # one side in the shade
        slope = np.linspace(-1, 1, SIZE, dtype=np.float32) * random.uniform(-0.4, 0.4)
        face = face * (1 + (slope[:, None, None] if random.random() < 0.5 else slope[None, :, None]))
    return face


def _smeared(face: np.ndarray, random: np.random.Generator) -> np.ndarray:
    length = int(random.integers(3, 9))
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1 / length
    turn = cv2.getRotationMatrix2D((length / 2 - 0.5, length / 2 - 0.5), random.uniform(0, 180), 1)
    return cv2.filter2D(face, -1, cv2.warpAffine(kernel, turn, (length, length)))
