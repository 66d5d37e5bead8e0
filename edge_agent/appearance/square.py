"""Squares cut out of a frame in full resolution and scaled, for networks that want them small."""

from dataclasses import dataclass

import numpy as np

from edge_agent.values.frame import Frame, Pixels
from edge_agent.values.geometry import Box


@dataclass(frozen=True, slots=True)
class Square:
    """A square of a picture, in even pixels, as chroma has them; may reach outside.

    Attributes:
        left: of its left edge.
        top: of its top edge.
        side: its length.
    """

    left: int
    top: int
    side: int

    @classmethod
    def around(cls, x: float, y: float, side: float) -> "Square":
        """Returns the nearest square to a middle and a side in pixels."""
        even = max(2, round(side / 2) * 2)
        return cls(round((x - even / 2) / 2) * 2, round((y - even / 2) / 2) * 2, even)

    def cut(self, frame: Frame, size: int) -> Pixels:
        """Returns what is in it, scaled, as uint8 RGB (size, size, 3); black where it reaches outside.

        Args:
            frame: the picture.
            size: pixels wanted, even.
        """
        left, top = max(0, self.left), max(0, self.top)
        right, bottom = min(frame.width, self.left + self.side), min(frame.height, self.top + self.side)
        if right <= left or bottom <= top:
            return np.zeros((size, size, 3), np.uint8)
        # Half a pixel inwards: the crop widens to whole even pixels, and rounding of fractions cannot add two more.
        part = Box(
            (left + 0.5) / frame.width,
            (top + 0.5) / frame.height,
            (right - 0.5) / frame.width,
            (bottom - 0.5) / frame.height,
        )
        scale = size / self.side
        width, height = (max(2, round(length * scale / 2) * 2) for length in (right - left, bottom - top))
        x = min(round((left - self.left) * scale), size - width)
        y = min(round((top - self.top) * scale), size - height)
        cut = np.zeros((size, size, 3), np.uint8)
        cut[y : y + height, x : x + width] = frame.crop(part, width, height)
        return cut
