"""Stage 4, frame to detections. A kind of detector is one file here."""

from collections.abc import Sequence
from typing import Annotated, Protocol

from pydantic import Field

from edge_agent.inference.models import Models
from edge_agent.kinds import KindSettings
from edge_agent.values.detection import Detection, Label
from edge_agent.values.frame import Frame

CPU = "cpu"
"""The accelerator that everything can compute on."""

Score = Annotated[float, Field(ge=0.05, le=1)]

Tiles = Annotated[int, Field(ge=1, le=8)]


class Detector(Protocol):
    """Finds things in a picture; shared by all cameras, called by the inference worker's thread."""

    def detect(self, frame: Frame) -> Sequence[Detection]:
        """Returns what is in the picture, best first; blocks while it computes."""
        ...


class DetectorSettings(KindSettings):
    """Base of a detector's settings."""

    scores: dict[Label, Score] = Field(
        default={
            # On a labelled street: at 0.25 people become one another while they pass, at 0.4 more of them are lost.
            Label.PERSON: 0.3,
            **dict.fromkeys((Label.BICYCLE, Label.MOTORCYCLE, Label.CAR, Label.BUS, Label.TRUCK), 0.45),
        },
        min_length=1,
        description="what to find, and the score that each needs; a lower one finds more, also what is not there",
    )
    tiles: tuple[Tiles, Tiles] = Field(
        default=(1, 1),
        description="columns and rows that a wide scene is looked at in, beside the whole; each costs a look more",
    )

    @property
    def accelerator(self) -> str:
        """What computes: whoever computes elsewhere than on the processor has a worker of its own."""
        return CPU

    def build(self, models: Models) -> Detector:
        """Loads the model and returns the detector; blocks.

        Raises:
            PermanentError: a model file is missing or not the one in the manifest, or its runtime is not installed.
        """
        raise NotImplementedError
