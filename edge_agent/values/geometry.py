"""Boxes and polygons in fractions of the picture, so that they hold for every stream and size of one camera."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-parallel box, (0, 0) the picture's top left corner and (1, 1) its bottom right one; may reach outside."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Width in fractions of the picture's width, never negative."""
        return max(0.0, self.right - self.left)

    @property
    def height(self) -> float:
        """Height in fractions of the picture's height, never negative."""
        return max(0.0, self.bottom - self.top)

    @property
    def area(self) -> float:
        """Area in fractions of the picture's."""
        return self.width * self.height

    @property
    def centre(self) -> tuple[float, float]:
        """The middle, (x, y)."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    @property
    def foot(self) -> tuple[float, float]:
        """Where it stands, (x, y): the middle of its lower edge, at the picture's edge where it is cut off there."""
        return (self.left + self.right) / 2, min(self.bottom, 1.0)

    def clipped(self) -> Self:
        """Returns the part inside the picture; of no area where there is none."""
        left, top = min(max(self.left, 0.0), 1.0), min(max(self.top, 0.0), 1.0)
        return type(self)(left, top, max(left, min(self.right, 1.0)), max(top, min(self.bottom, 1.0)))

    def grown(self, horizontally: float, vertically: float) -> Self:
        """Returns the box with each side moved outwards by a fraction of its own width or height."""
        dx, dy = self.width * horizontally, self.height * vertically
        return type(self)(self.left - dx, self.top - dy, self.right + dx, self.bottom + dy)

    def out_of(self, part: "Box") -> Self:
        """Returns the box, which is told in fractions of a part, in fractions of the picture that the part is of."""
        return type(self)(
            part.left + self.left * part.width,
            part.top + self.top * part.height,
            part.left + self.right * part.width,
            part.top + self.bottom * part.height,
        )

    def joined(self, other: "Box") -> Self:
        """Returns the smallest box that holds both."""
        return type(self)(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def holds(self, place: tuple[float, float]) -> bool:
        """Tells whether a place (x, y) is in it."""
        return self.left <= place[0] <= self.right and self.top <= place[1] <= self.bottom

    def overlap(self, other: "Box") -> float:
        """Returns intersection over union, 0 to 1."""
        width = max(0.0, min(self.right, other.right) - max(self.left, other.left))
        height = max(0.0, min(self.bottom, other.bottom) - max(self.top, other.top))
        shared = width * height
        if not shared:  # also where two tiny lengths multiply to nothing
            return 0.0
        return shared / (self.area + other.area - shared)

    def pixels(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Returns (left, top, right, bottom) in whole pixels of a picture, clipped, right and bottom exclusive."""
        inside = self.clipped()
        return (
            int(inside.left * width),
            int(inside.top * height),
            min(width, -int(-inside.right * width // 1)),
            min(height, -int(-inside.bottom * height // 1)),
        )


Point = tuple[float, float]
"""(x, y) in fractions of the picture."""

Polygon = tuple[Point, ...]
"""At least three corners, the last one joined to the first."""


def contains(polygon: Polygon, point: Point) -> bool:
    """Returns whether a point lies inside a polygon or on its edge.

    Counts the edges that a ray to the right crosses (even-odd rule, so a polygon may cross itself). The edge belongs
    to the inside, because somebody cut off by the picture's border stands exactly on the border of a zone there.
    """
    x, y = point
    inside = False
    for (ax, ay), (bx, by) in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
        turn = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
        if turn == 0 and min(ax, bx) <= x <= max(ax, bx) and min(ay, by) <= y <= max(ay, by):
            return True
        if (ay > y) != (by > y) and (turn > 0) == (by > ay):
            inside = not inside
    return inside
