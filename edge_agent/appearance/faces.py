"""BlazeFace: faces and where their eyes, nose, mouth and ears are (Bazarevsky et al., 2019)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge_agent.appearance.square import Square
from edge_agent.errors import PermanentError
from edge_agent.inference.feed import Feed
from edge_agent.inference.manifest import ModelSpec
from edge_agent.inference.model import Model
from edge_agent.inference.suppression import overlaps
from edge_agent.values.frame import Frame
from edge_agent.values.geometry import Box

Floats: TypeAlias = NDArray[np.float32]

OVERLAP = 0.3
"""Faces hardly overlap; the network answers many times for each."""

MOST = 500
"""Faces in one picture; bounds the time in which a picture full of them is read."""


@dataclass(frozen=True, slots=True)
class Face:
    """A face, in pixels of the full-resolution picture: from the brow to just below the mouth, nearly square.

    Attributes:
        box: left, top, right, bottom.
        score: the network's confidence, 0 to 1.
        points: (x, y) of right eye, left eye, nose tip, mouth, right ear, left ear (the person's right).
    """

    box: tuple[float, float, float, float]
    score: float
    points: tuple[tuple[float, float], ...]

    @property
    def centre(self) -> tuple[float, float]:
        """The middle, (x, y)."""
        left, top, right, bottom = self.box
        return (left + right) / 2, (top + bottom) / 2

    @property
    def size(self) -> float:
        """Its height."""
        return self.box[3] - self.box[1]

    @property
    def frontality(self) -> float:
        """How much it faces the camera, 1 from the front to 0 from the side: how even the ears are to the nose."""
        nose, right, left = (self.points[place][0] for place in (2, 4, 5))
        if not right < nose < left:
            return 0.0
        return min(nose - right, left - nose) / ((left - right) / 2)

    def within(self, frame: Frame) -> Box:
        """Returns its box in fractions of the picture."""
        left, top, right, bottom = self.box
        return Box(left / frame.width, top / frame.height, right / frame.width, bottom / frame.height).clipped()


class Faces:
    """Finds faces in squares of a picture; for the inference worker's thread.

    Args:
        model: BlazeFace, any range.
        least: score that a face needs.
    """

    def __init__(self, model: Model, least: float) -> None:
        self._model = model
        self._feed = Feed(model.spec.input)
        self._anchors = anchors(model.spec)
        # The logistic function's inverse: so it is computed only for the few that are faces.
        self._least = float(np.log(least / (1 - least)))
        self._size = model.spec.input.shape[1]

    def find(self, frame: Frame, squares: Iterable[Square]) -> list[Face]:
        """Returns the faces in all of the squares, each once, best first; blocks."""
        answers = [self.read(*self._answer(frame, square), square) for square in squares]
        if not answers:
            return []
        rows, scores = (np.concatenate(parts) for parts in zip(*answers, strict=True))
        return [
            Face((left, top, right, bottom), score, tuple(zip(points[::2], points[1::2], strict=True)))
            for (left, top, right, bottom, *points), score in blend(rows, scores)
        ]

    def read(self, rows: Floats, logits: Floats, square: Square) -> tuple[Floats, Floats]:
        """Returns what in a network's answer is a face: boxes and points, float32 (m, 16) in pixels, and scores.

        Args:
            rows: float32 (n, 16) in pixels of the input: centre and size of the box, then six points; all but the size
                from the row's anchor.
            logits: float32 (n,): face or not.
            square: where the input was cut from.
        """
        chosen = np.flatnonzero(logits > self._least)
        pairs = rows[chosen].reshape(-1, 8, 2)
        pairs[:, [0, 2, 3, 4, 5, 6, 7]] += self._anchors[chosen, None]
        half = pairs[:, 1] / 2
        pairs[:, 0], pairs[:, 1] = pairs[:, 0] - half, pairs[:, 0] + half
        corner = np.array([square.left, square.top], np.float32)
        placed = pairs * np.float32(square.side / self._size) + corner
        return placed.reshape(-1, 16), (1 / (1 + np.exp(-logits[chosen]))).astype(np.float32)

    def _answer(self, frame: Frame, square: Square) -> tuple[Floats, Floats]:
        boxes, logits = self._model.run(self._feed.write(square.cut(frame, self._size)))
        return boxes[0], logits[0, :, 0]


def blend(rows: Floats, scores: Floats) -> Iterator[tuple[list[float], float]]:
    """Yields each face once, best first: of answers that overlap the mean by score, as BlazeFace's authors do.

    The network answers many times for a face, and from every square that shows it; the mean is nearer to the face than
    the surest answer is.

    Args:
        rows: float32 (n, 4 and more): left, top, right, bottom, and whatever goes with them.
        scores: float32 (n,).

    Yields:
        A row, and the best score.
    """
    order = np.argsort(-scores, kind="stable")
    rows, scores = rows[order], scores[order]
    for _ in range(MOST):
        if not len(rows):
            return
        same = overlaps(rows[:1, :4], rows[:, :4])[0] > OVERLAP
        same[0] = True
        yield np.average(rows[same], axis=0, weights=scores[same]).tolist(), float(scores[0])
        rows, scores = rows[~same], scores[~same]


def anchors(spec: ModelSpec) -> Floats:
    """Returns the place that each row of the network's answer belongs to, float32 (n, 2), in pixels of the input.

    Raises:
        PermanentError: the manifest does not tell.
    """
    if spec.anchors is None:
        raise PermanentError(f"the manifest tells no anchors for {spec.name}", "install edge-agent again")
    _, height, width, _ = spec.input.shape
    grids: Sequence[Floats] = [
        np.repeat(
            np.stack(np.meshgrid(_middles(width, stride), _middles(height, stride)), axis=2).reshape(-1, 2),
            times,
            axis=0,
        )
        for stride, times in zip(spec.anchors.strides, spec.anchors.repeats, strict=True)
    ]
    return np.concatenate(grids)


def _middles(length: int, stride: int) -> Floats:
    return np.arange(stride / 2, length, stride, dtype=np.float32)
