"""What a detector found in one picture."""

from dataclasses import dataclass
from enum import StrEnum

from edge_agent.values.geometry import Box


class Label(StrEnum):
    """Kinds of things that a scene rule may ask for; named as in COCO."""

    PERSON = "person"
    BICYCLE = "bicycle"
    CAR = "car"
    MOTORCYCLE = "motorcycle"
    BUS = "bus"
    TRUCK = "truck"
    CAT = "cat"
    DOG = "dog"
    BACKPACK = "backpack"
    HANDBAG = "handbag"
    SUITCASE = "suitcase"


@dataclass(frozen=True, slots=True)
class Detection:
    """One thing in one picture.

    Attributes:
        label: what it is.
        score: the detector's confidence, 0 to 1.
        box: where it is.
    """

    label: Label
    score: float
    box: Box
