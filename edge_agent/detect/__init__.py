"""Stage 4, frame to detections. A kind of detector is one file here."""

from collections.abc import Sequence
from typing import Protocol

from edge_agent.inference.models import Models
from edge_agent.kinds import KindSettings
from edge_agent.values.detection import Detection
from edge_agent.values.frame import Frame


class Detector(Protocol):
    """Finds things in a picture; shared by all cameras, called by the inference worker's thread."""

    def detect(self, frame: Frame) -> Sequence[Detection]:
        """Returns what is in the picture, best first; blocks while it computes."""
        ...


class DetectorSettings(KindSettings):
    """Base of a detector's settings."""

    def build(self, models: Models) -> Detector:
        """Loads the model and returns the detector; blocks.

        Raises:
            PermanentError: a model file is missing or not the one in the manifest, or its runtime is not installed.
        """
        raise NotImplementedError
