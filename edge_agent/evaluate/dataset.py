"""Photos with annotated faces, in COCO's form (cocodataset.org, data format, object detection)."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import AfterValidator, TypeAdapter, ValidationError

from edge_agent.appearance.masks import ORDER
from edge_agent.errors import PermanentError
from edge_agent.values.look import Verdict

Told = Callable[[str], None]
"""Takes a sentence about one item that is left out."""

T = TypeVar("T")

WRONG = {"dataclass_type": "must be an object", "missing": "is missing"}
"""pydantic's words for these are a programmer's."""

REMEDY = (
    "give a COCO-style JSON file: an object with the lists images (id, file_name), annotations (image_id, bbox,"
    " category_id) and categories (id, name)"
)


def _is_a_box(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    if not all(map(isfinite, box)) or box[2] <= 0 or box[3] <= 0:
        raise ValueError("must be left, top, width and height, the latter two above 0")
    return box


@dataclass(frozen=True, slots=True)
class Image:
    """One photo's entry; COCO's other keys are ignored."""

    id: int | str
    file_name: str


@dataclass(frozen=True, slots=True)
class Annotation:
    """One face's entry; COCO's other keys are ignored."""

    image_id: int | str
    bbox: Annotated[tuple[float, float, float, float], AfterValidator(_is_a_box)]
    category_id: int | str


@dataclass(frozen=True, slots=True)
class Category:
    """One class's entry; COCO's other keys are ignored."""

    id: int | str
    name: str


@dataclass(frozen=True, slots=True)
class Truth:
    """One annotated face.

    Attributes:
        box: left, top, right, bottom in pixels.
        worn: how its mask is worn.
    """

    box: tuple[float, float, float, float]
    worn: Verdict

    @property
    def size(self) -> float:
        """Its height in pixels."""
        return self.box[3] - self.box[1]

    def shows(self, width: int, height: int) -> bool:
        """Tells whether any of it is inside a photo of this size in pixels."""
        left, top, right, bottom = self.box
        return left < width and top < height and right > 0 and bottom > 0


@dataclass(frozen=True, slots=True)
class Photo:
    """One photo and the faces in it, perhaps none."""

    path: Path
    faces: tuple[Truth, ...]


def read_dataset(path: Path, told: Told) -> list[Photo]:
    """Returns the photos of a data set; blocks. An entry that cannot be used is left out and told of.

    Raises:
        PermanentError: the file is missing, garbled, or holds nothing that can be used.
    """
    document = _read(path)
    worn = _categories(document, told)
    images = _images(document, told)
    faces: dict[int | str, list[Truth]] = {name: [] for name in images}
    astray: Counter[str] = Counter()
    for annotation in _entries(document, "annotations", Annotation, told):
        if annotation.image_id not in images:
            astray[f"image {annotation.image_id}"] += 1
        elif annotation.category_id not in worn:
            astray[f"category {annotation.category_id}"] += 1
        elif verdict := worn[annotation.category_id]:
            left, top, width, height = annotation.bbox
            faces[annotation.image_id].append(Truth((left, top, left + width, top + height), verdict))
    for what, count in astray.items():
        told(f"{what} is not listed: its annotations, {count} in all, are left out")
    if not any(faces.values()):
        raise PermanentError(f"{path} has no annotated face of {', '.join(ORDER)}", REMEDY)
    return [Photo(_place(path, image.file_name), tuple(faces[name])) for name, image in images.items()]


def _images(document: dict[str, object], told: Told) -> dict[int | str, Image]:
    images: dict[int | str, Image] = {}
    for image in _entries(document, "images", Image, told):
        if images.setdefault(image.id, image) is not image:
            told(f"image {image.id} is listed twice: {image.file_name} is left out, its annotations may be another's")
    return images


def _read(path: Path) -> dict[str, object]:
    try:
        document = json.loads(path.read_text("utf-8"))
    except OSError as exc:
        raise PermanentError(f"the data set {path} cannot be read ({exc.strerror})", "correct its name") from exc
    except (ValueError, RecursionError) as exc:  # also what is no UTF-8
        raise PermanentError(f"the data set {path} is no JSON", REMEDY) from exc
    if not isinstance(document, dict):
        raise PermanentError(f"the data set {path} is no COCO-style file", REMEDY)
    return document


def _entries(document: dict[str, object], key: str, form: type[T], told: Told) -> Iterator[T]:
    entries = document.get(key)
    if not isinstance(entries, list):
        raise PermanentError(f"the data set has no list {key}", REMEDY)
    adapter = TypeAdapter(form)
    for number, entry in enumerate(entries):
        try:
            yield adapter.validate_python(entry)
        except ValidationError as exc:
            first = exc.errors(include_url=False)[0]
            where = ".".join(map(str, (key, number, *first["loc"])))
            wrong = WRONG.get(first["type"]) or first["msg"].removeprefix("Value error, ")
            told(f"{where}: {wrong}; left out")


def _categories(document: dict[str, object], told: Told) -> dict[int | str, Verdict | None]:
    """Returns what each category means, None where it is none of ours."""
    known = {verdict.value: verdict for verdict in ORDER}
    found = list(_entries(document, "categories", Category, told))
    for category in found:
        if category.name not in known:
            told(f"the category {category.name!r} is none of {', '.join(known)}: its faces are left out")
    return {category.id: known.get(category.name) for category in found}


def _place(listing: Path, name: str) -> Path:
    """Returns where a photo is: beside its listing, or in the folder that is named as the listing is."""
    beside, below = listing.parent / name, listing.with_suffix("") / name
    return below if below.exists() and not beside.exists() else beside
