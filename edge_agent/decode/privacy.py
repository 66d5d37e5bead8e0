"""Privacy masks: parts of the picture that nobody may see, blackened before a frame exists."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator

from edge_agent.values.frame import Frame, Pixels
from edge_agent.values.geometry import Polygon

_BLACK = 16
_GREY = 128
"""Black in video range (ITU-R BT.601): luma, and the chroma of no colour."""

_MARGIN = 2
_SUBPIXELS = 4
"""Bits of a pixel's fraction that OpenCV is given."""


class PrivacySettings(BaseModel):
    """What is blackened in every picture that leaves the decoder; a camera with masks is never passed on undecoded.

    Attributes:
        masks: polygons of at least three corners ``[x, y]`` in fractions of the picture, 0 to 1, from its top left.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    masks: Annotated[tuple[Annotated[Polygon, Field(max_length=256)], ...], Field(max_length=64)] = ()

    @field_validator("masks")
    @classmethod
    def _enclose_something(cls, masks: tuple[Polygon, ...]) -> tuple[Polygon, ...]:
        for number, mask in enumerate(masks, 1):
            if len(mask) < 3:  # noqa: PLR2004 - a triangle
                raise ValueError(f"mask {number} has {len(mask)} corners: give at least three")
            for x, y in mask:
                if not (0 <= x <= 1 and 0 <= y <= 1):  # not a number fails too
                    raise ValueError(
                        f"mask {number} has a corner at ({x:g}, {y:g}): use fractions from 0 to 1, not pixels"
                    )
            if _spread(mask) < 1e-4:  # noqa: PLR2004 - thinner than a tenth of a pixel
                raise ValueError(f"mask {number} is a line and hides nothing: move a corner away from it")
        return masks


@dataclass(frozen=True, slots=True, eq=False)
class _Patch:
    """One mask in one size: where it is, in chroma samples, and which luma and chroma samples it covers there."""

    top: int
    left: int
    chroma: Pixels
    luma: Pixels
    black: Pixels
    grey: Pixels


class Masks:
    """Burns polygons into pictures of one size.

    A chroma sample is blackened with all four of its pixels as soon as the polygon touches one of them or comes within
    a pixel of it, so that a mask grows by up to three pixels and never shrinks, and no colour shines through its edge.

    Args:
        polygons: in fractions of the picture.
        width: pixels, even.
        height: pixels, even.
    """

    def __init__(self, polygons: Sequence[Polygon], width: int, height: int) -> None:
        self._patches = [_patch(polygon, width, height) for polygon in polygons]

    def burn(self, frame: Frame) -> None:
        """Blackens the masked parts of a picture that is still being made; its planes must be writable."""
        planes = frame.chroma
        for patch in self._patches:
            rows, columns = patch.chroma.shape
            top, left = patch.top, patch.left
            _cover(frame.luma[2 * top : 2 * (top + rows), 2 * left : 2 * (left + columns)], patch.luma, patch.black)
            for plane in planes:
                _cover(plane[top : top + rows, left : left + columns], patch.chroma, patch.grey)


def _patch(polygon: Polygon, width: int, height: int) -> _Patch:
    # A margin, so that a line along the picture's very edge is drawn and not cut off before it grows.
    whole = np.zeros((height + 2 * _MARGIN, width + 2 * _MARGIN), np.uint8)
    # OpenCV's coordinates name the middle of a pixel, fractions its top left corner.
    corners = np.array(polygon) * (width, height) + (_MARGIN - 0.5)
    cv2.fillPoly(whole, [np.rint(corners * (1 << _SUBPIXELS)).astype(np.int32)], (255,), shift=_SUBPIXELS)
    # Rounding is off by less than a pixel: one more on every side holds whatever the polygon touches.
    grown = cv2.dilate(whole, np.ones((3, 3), np.uint8))
    blocks = grown[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN].reshape(height // 2, 2, width // 2, 2).max(axis=(1, 3))
    rows, columns = np.flatnonzero(blocks.any(axis=1)), np.flatnonzero(blocks.any(axis=0))
    chroma = np.ascontiguousarray(blocks[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    luma = chroma.repeat(2, axis=0).repeat(2, axis=1)
    return _Patch(int(rows[0]), int(columns[0]), chroma, luma, np.full_like(luma, _BLACK), np.full_like(chroma, _GREY))


def _cover(part: Pixels, mask: Pixels, colour: Pixels) -> None:
    """Copies a colour into a part of a plane where the mask is set; without the interpreter's lock."""
    cv2.copyTo(colour, mask, part)


def _spread(polygon: Polygon) -> float:
    """Returns how far a polygon's corners are from one line: the shorter side of the leanest box around them."""
    (_, size, _) = cv2.minAreaRect(np.array(polygon, np.float32))
    return min(size) if all(map(math.isfinite, size)) else 0.0
