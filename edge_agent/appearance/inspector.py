"""One look at one tracked person: head region, face, mask."""

from collections.abc import Iterable

import cv2
import numpy as np

from edge_agent.appearance.faces import Face, Faces
from edge_agent.appearance.head import Head
from edge_agent.appearance.masks import Masks
from edge_agent.appearance.settings import AppearanceSettings
from edge_agent.appearance.survey import squares
from edge_agent.inference.models import Models
from edge_agent.values.frame import Frame, Pixels
from edge_agent.values.geometry import Box
from edge_agent.values.look import Look
from edge_agent.values.track import Track

MASK_MODEL = "mask-mobilenetv2-96"

LARGE = 48.0
"""Pixels of a face's height from which more of them tell no more."""

SHARP = 300.0
"""Variance of the Laplacian of a face as the mask network sees it, from which it counts as sharp."""


class Inspector:
    """Looks at people's faces; shared by all cameras, called by the inference worker's thread.

    Args:
        models: where the networks are.
        settings: how carefully to look.

    Raises:
        PermanentError: a model file is missing or not the one in the manifest, or its runtime is not installed.
    """

    def __init__(self, models: Models, settings: AppearanceSettings) -> None:
        self._faces = Faces(models.load(f"face-blazeface-{settings.face_model}"), settings.face_score)
        self._masks = Masks(models.load(MASK_MODEL))
        self._least = settings.min_face
        self._sure = settings.face_score

    def inspect(self, frame: Frame, track: Track) -> Look | None:
        """Returns what is seen of a person's face, or None where no face of this person is seen; blocks."""
        head = Head.of(track.box, frame)
        if not head.may_show(self._least):
            return None
        for square in head.squares():
            for face in self._faces.find(frame, [square]):
                if head.fits(face) and (look := self._look(frame, face)):
                    return look
        return None

    def survey(self, frame: Frame, people: Iterable[Box]) -> list[Look]:
        """Returns what is seen of all faces of a picture, also of people who are not known of; blocks, 50 ms and more.

        For single photos. On a camera's picture it would cost more than everything else.

        Args:
            frame: the picture.
            people: known of; their heads are looked at closely.
        """
        heads = [square for person in people for square in Head.of(person, frame).squares()]
        faces = self._faces.find(frame, [*squares(frame.width, frame.height), *heads])
        return [look for face in faces if (look := self._look(frame, face))]

    def _look(self, frame: Frame, face: Face) -> Look | None:
        if face.size < self._least:
            return None
        picture = self._masks.cut(frame, face)
        opinion = self._masks.judge(picture)
        if face.score * opinion.face < self._sure:
            return None
        return Look(
            at=frame.arrived,
            face=face.within(frame),
            pixels=face.size,
            quality=opinion.face * clarity(face, picture),
            scores=opinion.scores,
        )


def clarity(face: Face, picture: Pixels) -> float:
    """Returns how much of a face is to be seen, 0 to 1.

    Args:
        face: large and from the front is better.
        picture: the face as the mask network sees it; sharp is better.
    """
    size = min(1.0, face.size / LARGE)
    sharpness = min(1.0, float(cv2.Laplacian(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.CV_32F).var()) / SHARP)
    return float(np.cbrt(size * sharpness * max(0.1, face.frontality)))
