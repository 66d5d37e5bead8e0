"""The manifest beside the model files: what each one is, where it came from, how it is fed."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from edge_agent.errors import PermanentError

REMEDY = "install edge-agent again, or point inference.directory at the folder that holds manifest.toml"


@dataclass(frozen=True, slots=True)
class InputSpec:
    """How a model is fed: float32 ``(pixel - mean) / std`` for each channel.

    Attributes:
        shape: of the tensor, (1, height, width, channels).
        colour: order of the channels, ``BGR`` or ``RGB``.
        mean: taken from each channel, in pixel values of 0 to 255.
        std: what the difference is divided by.
    """

    shape: tuple[int, int, int, int]
    colour: str
    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Anchors:
    """Grids of places that a network's rows belong to, one grid after the other, each row by row.

    Attributes:
        strides: pixels of the input from one place to the next, for each grid.
        repeats: how many rows belong to each place, for each grid.
    """

    strides: tuple[int, ...]
    repeats: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Crop:
    """The square around a box that a network sees.

    Attributes:
        side: its side, in longer sides of the box.
        down: how much lower than the box's its middle is, in the same.
    """

    side: float
    down: float


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One ``[[model]]`` table of the manifest; keys that only people read stay there.

    Attributes:
        name: how the agent asks for it.
        file: its file beside the manifest.
        sha256: of the file, in hexadecimal.
        task: what it is for.
        licence: under which it may be used.
        source: package and version that it was made from.
        input: how it is fed.
        labels: what it tells apart, in the order of its scores.
        anchors: what its rows belong to, where that does not follow from its design.
        crop: what it sees of a face, where it is shown one.
    """

    name: str
    file: str
    sha256: str
    task: str
    licence: str
    source: str
    input: InputSpec
    labels: tuple[str, ...]
    anchors: Anchors | None = None
    crop: Crop | None = None


@dataclass(frozen=True, slots=True)
class _Manifest:
    model: tuple[ModelSpec, ...]


def read_manifest(directory: Path) -> dict[str, ModelSpec]:
    """Returns the models described in ``manifest.toml`` of a folder, by name; blocks.

    Raises:
        PermanentError: the manifest is missing or does not follow the form.
    """
    path = directory / "manifest.toml"
    try:
        manifest = TypeAdapter(_Manifest).validate_python({"model": read_tables(path)})
    except OSError as exc:
        raise PermanentError(f"the model manifest {path} cannot be read ({exc.strerror})", REMEDY) from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ValidationError) as exc:
        raise PermanentError(f"the model manifest {path} is damaged ({exc})", REMEDY) from exc
    return {spec.name: spec for spec in manifest.model}


def read_tables(path: Path) -> list[Any]:
    """Returns the ``[[model]]`` tables of a manifest; one that is ``like`` an earlier one has its keys too."""
    content = tomllib.loads(path.read_text("utf-8"))
    known: dict[object, dict[str, Any]] = {}
    for table in content.get("model", ()):
        known[table.get("name")] = {**known.get(table.get("like"), {}), **table}
    return list(known.values())
