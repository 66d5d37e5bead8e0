"""A small data set: a public-domain portrait, bare and with a drawn mask, in several sizes."""

import json
from pathlib import Path

import cv2
from cv2.typing import MatLike

from tests.appearance.portrait import FACE, masked, portrait

SIZES = (256, 512)
CATEGORIES = [{"id": 0, "name": "incorrect"}, {"id": 1, "name": "mask"}, {"id": 2, "name": "no_mask"}]


def write_album(folder: Path) -> Path:
    """Writes four photos and their listing, and returns the listing."""
    images: list[dict[str, object]] = []
    annotations: list[dict[str, object]] = []
    for name, category, picture in (("masked", 1, masked()), ("bare", 2, portrait())):
        for size in SIZES:
            write_jpeg(folder / f"{name}-{size}.jpg", cv2.resize(picture, (size, size), interpolation=cv2.INTER_CUBIC))
            left, top, right, bottom = (side * size / 256 for side in FACE)
            box = [left, top, right - left, bottom - top]
            annotations.append({"image_id": len(images), "category_id": category, "bbox": box})
            images.append({"id": len(images), "file_name": f"{name}-{size}.jpg"})
    return write_listing(folder / "album.json", images, annotations)


def write_listing(path: Path, images: list[dict[str, object]], annotations: list[dict[str, object]]) -> Path:
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": CATEGORIES}))
    return path


def write_jpeg(path: Path, picture: MatLike) -> Path:
    path.write_bytes(cv2.imencode(".jpg", picture)[1].tobytes())
    return path
