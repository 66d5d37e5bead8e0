"""What is seen of a person's face, once and over time."""

from dataclasses import dataclass
from enum import StrEnum

from edge_agent.values.geometry import Box
from edge_agent.values.time import Monotonic


class Verdict(StrEnum):
    """How a mask is worn; ``UNSURE`` is an answer too, and stays silent."""

    MASK = "mask"
    NO_MASK = "no_mask"
    INCORRECT = "incorrect"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Look:
    """One look at one face.

    Attributes:
        at: arrival of the picture.
        face: where the face is in the whole picture.
        pixels: the face's height in pixels of the full-resolution picture.
        quality: how much this look counts in a vote, 0 to 1 (size, sharpness, frontality).
        scores: probabilities of mask, no mask and incorrect; they add up to 1.
    """

    at: Monotonic
    face: Box
    pixels: float
    quality: float
    scores: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Judgement:
    """A vote over the looks at one track.

    Attributes:
        verdict: what the vote says.
        confidence: weight of the winning class, 0 to 1.
        looks: how many looks voted.
        face: where the face was last seen.
    """

    verdict: Verdict
    confidence: float
    looks: int
    face: Box
