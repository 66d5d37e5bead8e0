"""Where the head of a person is, as a box around the person tells it."""

from dataclasses import dataclass

from edge_agent.appearance.faces import Face
from edge_agent.appearance.square import Square
from edge_agent.values.frame import Frame
from edge_agent.values.geometry import Box

DOWN = 0.37
"""A face's middle is so many box widths below the box's top, and its height as many, whether people stand, sit or fill
the picture: medians of 525 people in street photos, alike for boxes from half to five times as high as wide."""

SIDES = (1.1, 0.8, 1.5)
"""Box widths of the squares to look into; each further one finds a quarter of the faces that were missed so far."""

SMALLEST, LARGEST = 0.2, 0.75
"""Box widths of a face that can be this person's; a smaller one is mostly a nape, a larger one a whole figure."""

AWAY = 0.35
"""Box widths that a face's middle may be from where it is expected; beyond it is a neighbour's."""


@dataclass(frozen=True, slots=True)
class Head:
    """A person's head, in pixels of the full-resolution picture.

    Attributes:
        x: where its middle is expected.
        y: where its middle is expected.
        unit: width of the person's box; what everything else is measured in.
    """

    x: float
    y: float
    unit: float

    @classmethod
    def of(cls, person: Box, frame: Frame) -> "Head":
        """Returns where the head of the person in a box is expected."""
        # Somebody who lies or leans far out is wider than high; the head is not larger for it.
        unit = min(person.width * frame.width, 1.3 * person.height * frame.height)
        return cls(person.centre[0] * frame.width, person.top * frame.height + DOWN * unit, unit)

    def may_show(self, pixels: float) -> bool:
        """Tells whether a face of this height can be expected there at all."""
        return self.unit * LARGEST >= pixels

    def squares(self) -> tuple[Square, ...]:
        """Returns where to look for the face, one after the other until it is found."""
        return tuple(Square.around(self.x, self.y, side * self.unit) for side in SIDES)

    def fits(self, face: Face) -> bool:
        """Tells whether a face can be this person's."""
        x, y = face.centre
        near = max(abs(x - self.x), abs(y - self.y)) <= AWAY * self.unit
        return near and SMALLEST * self.unit <= face.size <= LARGEST * self.unit
