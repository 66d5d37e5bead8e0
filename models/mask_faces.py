"""Faces out of the photos of the mask data set, and which of them show the same scene."""

import json
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

HERE = Path(__file__).parent
REVIEWED, SHOOTS = HERE / "mask_reviewed.toml", HERE / "mask_scenes.toml"
LABELS = ("mask", "no_mask", "incorrect")
CROP = 1.4  # side of the network's square over the longer side of the face's box; the runtime does the same
SIZE = 96
CONTEXT = 2.4  # the same ratio for what is kept of the photo, so that there is room to shift and turn
LARGEST = 208  # pixels kept of a context's side
ALIKE = 0.92  # correlation of two faces' thumbnails from which they are one face, in one photo printed twice


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One annotated face: ``pixels`` is uint8 RGB, square, ``CONTEXT`` times as wide as its box in the middle."""

    pixels: np.ndarray
    label: int
    learned: int | None
    """What training takes it for, None if it is left out; see mask_reviewed.toml."""
    side: float
    """Longer side of the annotated box in the photo's own pixels."""
    high: float
    """Its height."""
    photo: str


def read(data: Path, split: str) -> Iterator[Face]:
    """Yields every face of ``split`` (``train`` or ``val``) in the order of its annotations."""
    listing = json.loads((data / f"{split}.json").read_text())
    files = {image["id"]: image["file_name"] for image in listing["images"]}
    labels = {category["id"]: LABELS.index(category["name"]) for category in listing["categories"]}
    reviewed = {
        (face["photo"], *face["box"]): LABELS.index(face["is"]) if "is" in face else None
        for face in tomllib.loads(REVIEWED.read_text())["faces"]
        if split == "train"
    }
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
        label = labels[annotation["category_id"]]
        learned = reviewed.get((files[shown], left, top, width, height), label)
        yield Face(pixels, label, learned, side, height, files[shown])


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


def scenes(faces: Sequence[Face]) -> np.ndarray:
    """Returns a number for each face, the same for faces of one photo and of photos that show one face twice.

    The collection holds crops and re-prints of the same pictures, and dozens of portraits of the same sitters; whoever
    judges on one and trains on the other flatters himself.
    """
    photos = {name: number for number, name in enumerate(dict.fromkeys(face.photo for face in faces))}
    of = np.array([photos[face.photo] for face in faces])
    large = np.flatnonzero([face.side >= 14 for face in faces])
    looks = np.stack([_thumbnail(faces[place].pixels) for place in large])
    group = np.arange(len(photos))
    first, second = np.nonzero(np.triu(looks @ looks.T > ALIKE, 1))
    for one, other in zip(of[large[first]], of[large[second]], strict=True):
        group[group == group[other]] = group[one]
    for shoot in tomllib.loads(SHOOTS.read_text())["groups"]:
        first, *others = (photos[name] for name in shoot if name in photos)
        group[np.isin(group, group[others])] = group[first]
    return group[of]


def _thumbnail(pixels: np.ndarray) -> np.ndarray:
    small = cv2.resize(plain(pixels), (16, 16), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
    small -= small.mean()
    return small / max(1e-6, float(np.linalg.norm(small)))
