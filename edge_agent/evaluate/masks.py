"""The agent's verdict on every annotated face of a data set, in boxes given or found by itself."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from edge_agent.appearance.inspector import MASK_MODEL, Inspector
from edge_agent.appearance.masks import Masks
from edge_agent.detect import Detector
from edge_agent.detect.tiles import open_detector
from edge_agent.errors import PermanentError
from edge_agent.evaluate.dataset import Photo, Told, Truth
from edge_agent.evaluate.pictures import read_picture
from edge_agent.evaluate.score import Judged
from edge_agent.inference.models import Models
from edge_agent.settings import Settings
from edge_agent.track.assignment import assign
from edge_agent.values.detection import Label
from edge_agent.values.frame import Frame
from edge_agent.values.geometry import Box
from edge_agent.values.look import Look

SAME = 0.25
"""Overlap from which a face found is the annotated one; the agent's box ends below the mouth, an annotator's at the
chin or the hair."""


class Judge(Protocol):
    """Says how masks are worn in one picture."""

    def judge(self, frame: Frame, faces: Sequence[Truth]) -> list[Judged]:
        """Returns what is said of each annotated face; blocks."""
        ...


class GivenBoxes:
    """See ``Judge``: the mask network alone, shown the annotated boxes.

    Args:
        masks: the network.
    """

    def __init__(self, masks: Masks) -> None:
        self._masks = masks

    def judge(self, frame: Frame, faces: Sequence[Truth]) -> list[Judged]:
        """See ``Judge``."""
        return [
            Judged(face.worn, face.size, self._masks.judge(self._masks.cut_annotated(frame, face.box)).scores)
            for face in faces
        ]


class DetectedBoxes:
    """See ``Judge``: people, heads, faces and masks as the agent finds them, and faces without a body; one look each.

    Args:
        detector: finds people.
        inspector: looks at them.
    """

    def __init__(self, detector: Detector, inspector: Inspector) -> None:
        self._detector = detector
        self._inspector = inspector

    def judge(self, frame: Frame, faces: Sequence[Truth]) -> list[Judged]:
        """See ``Judge``."""
        looks = self._looks(frame)
        scores: dict[int, tuple[float, float, float]] = {}
        if looks and faces:
            boxes = [_fractions(face.box, frame) for face in faces]
            likeness = np.array([[box.overlap(look.face) for look in looks] for box in boxes])
            met, by = assign(likeness, SAME)
            scores = {row: looks[column].scores for row, column in zip(met.tolist(), by.tolist(), strict=True)}
        return [Judged(face.worn, face.size, scores.get(row)) for row, face in enumerate(faces)]

    def _looks(self, frame: Frame) -> list[Look]:
        people = [found.box for found in self._detector.detect(frame) if found.label is Label.PERSON]
        return self._inspector.survey(frame, people)


def build_judge(settings: Settings, *, detected: bool) -> Judge:
    """Loads the networks and returns the judge; blocks.

    Args:
        settings: which networks.
        detected: whether the agent finds the faces by itself.

    Raises:
        PermanentError: a model file is missing or not the one in the manifest, or its runtime is not installed.
    """
    models = Models(settings.inference)
    if not detected:
        return GivenBoxes(Masks(models.load(MASK_MODEL)))
    return DetectedBoxes(open_detector(settings.detector, models), Inspector(models, settings.appearance))


@dataclass(slots=True)
class Verdicts:
    """What became of a data set.

    Attributes:
        faces: what was said of each.
        seconds: spent on judging, without reading files.
    """

    faces: list[Judged]
    seconds: float = 0.0

    def add(self, photo: Photo, judge: Judge, told: Told) -> None:
        """Has the faces of one more photo judged; blocks. A photo that cannot be read is told of and left out."""
        try:
            frame = read_picture(photo.path)
        except PermanentError as exc:
            told(str(exc))
            return
        shown = [face for face in photo.faces if face.shows(frame.width, frame.height)]
        if len(shown) < len(photo.faces):
            told(
                f"{photo.path}: {len(photo.faces) - len(shown)} annotated faces lie outside of its {frame.width} x "
                f"{frame.height} pixels and are left out"
            )
        begun = time.perf_counter()
        self.faces += judge.judge(frame, shown)
        self.seconds += time.perf_counter() - begun


def _fractions(box: tuple[float, float, float, float], frame: Frame) -> Box:
    left, top, right, bottom = box
    return Box(left / frame.width, top / frame.height, right / frame.width, bottom / frame.height)
