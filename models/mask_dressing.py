"""Puts masks on bare faces: well, under the nose, or under the chin, which real photos show far too rarely.

A mask is a patch of 64 x 64 pixels, drawn or taken off a real masked face, and is laid over a region that is measured
in the face's own terms: *across* is 0 on the nose's line and 1 at an ear, *down* is 0 between the eyes and 1 at the
mouth (the chin is near 1.6).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter

PATCH = 64
EYES, EARS = (0, 1), (4, 5)
Way = Literal["well", "nose out", "chin"]


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a face's own axes lie in its picture, in pixels."""

    origin: np.ndarray
    across: np.ndarray
    down: np.ndarray

    def place(self, across: float, down: float) -> tuple[int, int]:
        """Returns the pixel of a point in the face's terms."""
        x, y = self.origin + across * self.across + down * self.down
        return round(float(x)), round(float(y))

    def measure(self, side: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns *across* and *down* of every pixel of a square picture."""
        grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1) - self.origin
        axes = np.linalg.inv(np.stack([self.across, self.down], axis=1))
        inside = grid @ axes.T
        return inside[..., 0].astype(np.float32), inside[..., 1].astype(np.float32)


@dataclass(frozen=True, slots=True)
class Region:
    """What a worn mask covers: its upper and lower edge on the nose's line and at the sides, and its half width."""

    top: float
    top_side: float
    bottom: float
    bottom_side: float
    width: float


TAKEN = Region(top=0.42, top_side=0.5, bottom=1.5, bottom_side=1.15, width=0.8)


class Landmarks:
    """Finds frontal faces' axes with BlazeFace."""

    def __init__(self, model: Path) -> None:
        """Loads ``model``, the short-range or the back one: their grids have as many cells."""
        self._interpreter = Interpreter(model_path=str(model), num_threads=1)
        self._interpreter.allocate_tensors()
        self._input, shape = (self._interpreter.get_input_details()[0][key] for key in ("index", "shape"))
        self._side = int(shape[1])
        self._outputs = [output["index"] for output in self._interpreter.get_output_details()]
        grids = [np.stack(np.meshgrid(np.arange(n), np.arange(n)), axis=-1).reshape(-1, 2) for n in (16, 8)]
        self._anchors = np.concatenate(
            [np.repeat((grid + 0.5) / n, times, axis=0) for grid, n, times in zip(grids, (16, 8), (2, 6), strict=True)]
        )

    def find(self, pixels: np.ndarray) -> Frame | None:
        """Returns the axes of the face in a square picture, or None where there is none or it looks aside."""
        rows, scores = self._run(pixels)
        best = int(scores.argmax())
        if scores[best] < 0:
            return None
        points = (rows[best].reshape(8, 2)[2:] / self._side + self._anchors[best]) * len(pixels)
        if np.abs(points[2] / len(pixels) - 0.5).max() > 0.13:  # a neighbour's nose
            return None
        eyes, nose, mouth = points[list(EYES)].mean(axis=0), points[2], points[3]
        across = (points[EARS[1]] - points[EARS[0]]) / 2
        ears = points[list(EARS)].mean(axis=0)
        length = np.linalg.norm(across)
        aside = abs(np.dot(nose - ears, across)) / length**2
        if aside > 0.4 or length < np.linalg.norm(points[EYES[1]] - points[EYES[0]]) * 0.7:
            return None
        middle = eyes + 0.6 * np.dot(nose - eyes, across) / length**2 * across
        return Frame(middle, across, mouth - eyes)

    def boxes(self, pixels: np.ndarray, least: float) -> list[tuple[float, float, float]]:
        """Returns left, top and side of what scores ``least`` (before the logistic function) in a square picture."""
        rows, scores = self._run(pixels)
        chosen = np.flatnonzero(scores[:, 0] >= least)
        chosen = chosen[np.argsort(-scores[chosen, 0])]
        middles = (rows[chosen, :2] / self._side + self._anchors[chosen]) * len(pixels)
        sides = rows[chosen, 2] / self._side * len(pixels)
        return [(x - side / 2, y - side / 2, side) for (x, y), side in zip(middles, sides, strict=True)]

    def _run(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        resized = cv2.resize(pixels, (self._side, self._side)).astype(np.float32) / 127.5 - 1
        self._interpreter.set_tensor(self._input, resized[None])
        self._interpreter.invoke()
        rows, scores = (self._interpreter.get_tensor(output)[0] for output in self._outputs)
        return rows, scores


def take_off(pixels: np.ndarray, frame: Frame) -> np.ndarray:
    """Returns the patch that a well-worn mask shows in ``pixels``, float32 (64, 64, 3)."""
    across, along = np.meshgrid(np.linspace(-1, 1, PATCH), np.linspace(0, 1, PATCH))
    a = across * _width(TAKEN, along)
    b = _top(TAKEN, a) + along * (_bottom(TAKEN, a) - _top(TAKEN, a))
    spots = frame.origin + a[..., None] * frame.across + b[..., None] * frame.down
    return cv2.remap(
        pixels.astype(np.float32), spots.astype(np.float32), None, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE
    )


def draw(random: np.random.Generator) -> np.ndarray:
    """Returns a patch that was never cloth: a colour, folds, light from a side, at times a print or nothing at all."""
    colours = (
        (150, 200, 225),
        (110, 170, 210),
        (240, 240, 240),
        (35, 35, 38),
        (120, 125, 130),
        (230, 180, 190),
        (40, 60, 100),
    )
    colour = np.array(colours[random.integers(len(colours))] if random.random() < 0.8 else random.uniform(10, 250, 3))
    patch = np.ones((PATCH, PATCH, 3), np.float32) * (colour + random.normal(0, 10, 3)).astype(np.float32)
    if random.random() < 0.3:
        return np.clip(patch, 0, 255)
    along = np.linspace(0, 1, PATCH, dtype=np.float32)[:, None, None]
    across = np.linspace(-1, 1, PATCH, dtype=np.float32)[None, :, None]
    patch *= 1 - random.uniform(0, 0.35) * (across - random.uniform(-0.4, 0.4)) ** 2
    patch *= 1 - random.uniform(0, 0.3) * along
    if random.random() < 0.6:
        folds = random.uniform(2, 5)
        patch *= 1 + random.uniform(0.02, 0.12) * np.sin(2 * np.pi * folds * (along + 0.08 * across**2))
    if random.random() < 0.15:
        print_size = int(random.integers(4, 16))
        spots = random.normal(0, 45, (print_size, print_size, 3)).astype(np.float32)
        patch += cv2.resize(spots, (PATCH, PATCH), interpolation=cv2.INTER_CUBIC)
    return np.clip(patch + random.normal(0, 3, patch.shape), 0, 255).astype(np.float32)


def region(way: Way, random: np.random.Generator) -> Region:
    """Returns where a mask sits that is worn in this ``way``, somewhat different each time."""
    match way:
        case "well":
            top, side, bottom = random.uniform(0.2, 0.42), random.uniform(0.05, 0.25), random.uniform(1.5, 1.8)
        case "nose out":
            top, side, bottom = random.uniform(0.64, 0.98), random.uniform(-0.2, 0.12), random.uniform(1.55, 1.9)
        case "chin":
            top, side, bottom = random.uniform(1.15, 1.45), random.uniform(-0.4, -0.05), random.uniform(1.75, 2.1)
    return Region(top, top + side, bottom, bottom - random.uniform(0.25, 0.5), random.uniform(0.8, 1.0))


def wear(pixels: np.ndarray, frame: Frame, patch: np.ndarray, where: Region, random: np.random.Generator) -> np.ndarray:
    """Returns ``pixels`` with ``patch`` laid over ``where``, straps included, uint8."""
    across, down = frame.measure(len(pixels))
    top, bottom = _top(where, across), _bottom(where, across)
    along = (down - top) / np.maximum(bottom - top, 0.1)
    width = _width(where, np.clip(along, 0, 1))
    steps = np.linalg.norm(frame.across), np.linalg.norm(frame.down)
    alpha = np.clip((width - np.abs(across)) * steps[0] + 0.5, 0, 1)
    alpha = alpha * np.clip((down - top) * steps[1] + 0.5, 0, 1) * np.clip((bottom - down) * steps[1] + 0.5, 0, 1)
    columns = (np.clip(across / width, -1, 1) + 1) / 2 * (PATCH - 1)
    rows = np.clip(along, 0, 1) * (PATCH - 1)
    cloth = cv2.remap(patch, columns.astype(np.float32), rows.astype(np.float32), cv2.INTER_LINEAR)
    light = pixels[alpha > 0.5].mean() / 140 if (alpha > 0.5).any() else 1
    cloth = np.clip(cloth * light ** random.uniform(0, 0.8), 0, 255)
    dressed = (pixels * (1 - alpha[..., None]) + cloth * alpha[..., None]).astype(np.uint8)
    if random.random() < 0.8:
        strap = tuple(int(value) for value in np.clip(patch.mean(axis=(0, 1)) + random.uniform(-60, 60), 0, 255))
        thickness = max(1, round(steps[0] * random.uniform(0.02, 0.06)))
        for side in (-1, 1):
            for at, ear in ((where.top_side, random.uniform(0.0, 0.35)), (where.bottom_side, random.uniform(0.4, 0.8))):
                ends = frame.place(side * where.width * 0.9, at), frame.place(side * 1.05, ear)
                dressed = cv2.line(dressed, *ends, strap, thickness, cv2.LINE_AA)
    return dressed


def _top(where: Region, across: np.ndarray) -> np.ndarray:
    return where.top + (where.top_side - where.top) * np.minimum(across**2, 1.2)


def _bottom(where: Region, across: np.ndarray) -> np.ndarray:
    return where.bottom + (where.bottom_side - where.bottom) * np.minimum(np.abs(across) ** 2.5, 1.2)


def _width(where: Region, along: np.ndarray) -> np.ndarray:
    return where.width * (1 - 0.35 * along**2)
