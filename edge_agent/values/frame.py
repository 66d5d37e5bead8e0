"""A decoded picture, privacy masks burned in, kept as the decoder gave it and converted only where looked at."""

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.values.geometry import Box
from edge_agent.values.time import Monotonic

Pixels: TypeAlias = NDArray[np.uint8]
"""uint8 (height, width, 3) or (height, width)."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture in planar YUV 4:2:0, video range (BT.601).

    Attributes:
        planes: uint8 (height * 3 / 2, width), the planes Y, U and V one after another (I420); height and width even;
            read only.
        pts: presentation time of its packet in ticks of ``CLOCK_RATE``.
        arrived: when its packet was here.
    """

    planes: Pixels
    pts: int
    arrived: Monotonic

    @property
    def width(self) -> int:
        """Pixels."""
        return int(self.planes.shape[1])

    @property
    def height(self) -> int:
        """Pixels."""
        return int(self.planes.shape[0]) * 2 // 3

    @property
    def luma(self) -> Pixels:
        """Brightness, uint8 (height, width): a view, free of cost."""
        return self.planes[: self.height]

    @property
    def chroma(self) -> tuple[Pixels, Pixels]:
        """U and V, each uint8 (height / 2, width / 2): views, free of cost."""
        half = (self.height // 2, self.width // 2)
        flat = self.planes[self.height :].reshape(2, half[0] * half[1])
        return flat[0].reshape(half), flat[1].reshape(half)

    def within(self, width: int) -> "Frame":
        """Returns the picture at most so many pixels wide, in its own shape; itself where it is not wider.

        Args:
            width: pixels, even; 0 for no bound.
        """
        if not width or self.width <= width:
            return self
        height = max(2, round(self.height * width / self.width / 2) * 2)
        return Frame(_scaled((self.luma, *self.chroma), width, height), self.pts, self.arrived)

    def bgr(self, width: int = 0, height: int = 0) -> Pixels:
        """Returns the whole picture as uint8 BGR (height, width, 3), scaled before it is converted.

        Args:
            width: pixels wanted, even; 0 for the picture's own.
            height: pixels wanted, even; 0 for the picture's own.
        """
        if not width or not height or (width, height) == (self.width, self.height):
            return _pixels(cv2.cvtColor(self.planes, cv2.COLOR_YUV2BGR_I420))
        return _pixels(cv2.cvtColor(_scaled((self.luma, *self.chroma), width, height), cv2.COLOR_YUV2BGR_I420))

    def crop(self, box: Box, width: int = 0, height: int = 0) -> Pixels:
        """Returns a part as uint8 RGB (height, width, 3), widened to even pixels, perhaps empty.

        Args:
            box: which part.
            width: pixels wanted, even; 0 for full resolution.
            height: pixels wanted, even; 0 for full resolution.
        """
        left, top, right, bottom = self._even(box)
        if right <= left or bottom <= top:
            return np.empty((0, 0, 3), np.uint8)
        planes = _scaled(self._cut(left, top, right, bottom), width or right - left, height or bottom - top)
        return _pixels(cv2.cvtColor(planes, cv2.COLOR_YUV2RGB_I420))

    def part(self, box: Box) -> tuple["Frame", Box]:
        """Returns a part as a picture of its own, a copy, and the box that it shows: widened to even pixels.

        Args:
            box: which part; at least two pixels of it are inside the picture.
        """
        left, top, right, bottom = self._even(box)
        if (right - left, bottom - top) == (self.width, self.height):
            return self, Box(0.0, 0.0, 1.0, 1.0)
        width, height = right - left, bottom - top
        planes = np.empty((height * 3 // 2, width), np.uint8)
        cut = Frame(planes, self.pts, self.arrived)
        for source, target in zip(self._cut(left, top, right, bottom), (cut.luma, *cut.chroma), strict=True):
            target[:] = source
        shown = Box(left / self.width, top / self.height, right / self.width, bottom / self.height)
        return cut, shown

    def _even(self, box: Box) -> tuple[int, int, int, int]:
        """Returns left, top, right and bottom in pixels, widened to even ones, where colours begin."""
        left, top, right, bottom = box.pixels(self.width, self.height)
        return left // 2 * 2, top // 2 * 2, (right + 1) // 2 * 2, (bottom + 1) // 2 * 2

    def _cut(self, left: int, top: int, right: int, bottom: int) -> tuple[Pixels, Pixels, Pixels]:
        """Returns the three planes of a part: views, free of cost."""
        half = slice(top // 2, bottom // 2), slice(left // 2, right // 2)
        u, v = self.chroma
        return self.luma[top:bottom, left:right], u[half], v[half]


def _scaled(parts: tuple[Pixels, Pixels, Pixels], width: int, height: int) -> Pixels:
    """Returns three planes, scaled, as one I420 picture; before conversion there is half as much to scale."""
    planes = np.empty((height * 3 // 2, width), np.uint8)
    luma, chroma = planes[:height], planes[height:].reshape(2, height // 2, width // 2)
    for source, target in zip(parts, (luma, *chroma), strict=True):
        plane = _halved(source, target.shape)
        how = cv2.INTER_AREA if plane.shape[1] > 1.5 * target.shape[1] else cv2.INTER_LINEAR
        cv2.resize(plane, (target.shape[1], target.shape[0]), dst=target, interpolation=how)
    return planes


def _halved(plane: Pixels, shape: tuple[int, ...]) -> Pixels:
    """Halves a plane while it stays larger than wanted: a twentieth of the time of one averaging step of any ratio."""
    while plane.shape[0] >= 2 * shape[0] and plane.shape[1] >= 2 * shape[1]:
        half = (plane.shape[1] // 2, plane.shape[0] // 2)
        plane = _pixels(cv2.resize(plane, half, interpolation=cv2.INTER_AREA))
    return plane


def _pixels(array: object) -> Pixels:
    """Narrows what OpenCV's stubs call any matrix to what these conversions return."""
    return np.asarray(array, np.uint8)
