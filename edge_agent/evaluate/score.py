"""How often verdicts are right: confusion, recall and precision, calibration; by class and by size of face."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_agent.appearance.masks import ORDER
from edge_agent.values.look import Verdict

Counts = NDArray[np.intp]

EDGES = (20.0, 40.0, 80.0)
BINS = ("<20", "20-40", "40-80", ">80")
"""Pixels of a face's height."""

STEPS = 10
"""Bins of confidence that the calibration error is taken over, equally wide."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One annotated face and what was said of it.

    Attributes:
        worn: the truth.
        size: pixels of its annotated height.
        scores: probabilities of mask, no mask and incorrect; None where the face was not found.
    """

    worn: Verdict
    size: float
    scores: tuple[float, float, float] | None


@dataclass(frozen=True, slots=True)
class Table:
    """What was said of faces.

    Attributes:
        answers: what could be said, the columns.
        counts: rows are the truth in the order of ``ORDER``.
    """

    answers: tuple[Verdict, ...]
    counts: Counts

    @property
    def faces(self) -> int:
        """How many were judged."""
        return int(self.counts.sum())

    @property
    def recall(self) -> dict[Verdict, float | None]:
        """Share of the faces of each class that were said to be of it; an unsure answer is none. None without faces."""
        return {worn: _share(self._right(row), self.counts[row].sum()) for row, worn in enumerate(ORDER)}

    @property
    def precision(self) -> dict[Verdict, float | None]:
        """Share of the faces said to be of each class that are of it; None where it was never said."""
        return {worn: _share(self._right(row), self.counts[:, row].sum()) for row, worn in enumerate(ORDER)}

    @property
    def unsure(self) -> float | None:
        """Share of the faces that nothing was said of."""
        return _share(int(self.counts[:, len(ORDER) :].sum()), self.faces)

    def _right(self, row: int) -> int:
        return int(self.counts[row, row])


def tabulate(judged: Sequence[Judged], needed: Mapping[Verdict, float] | None = None) -> Table:
    """Returns what was said of the faces that were found.

    Args:
        judged: the faces.
        needed: score of each verdict below which the answer is ``unsure``; None forces a choice.
    """
    answers = (*ORDER, Verdict.UNSURE) if needed else ORDER
    counts = np.zeros((len(ORDER), len(answers)), np.intp)
    for face in judged:
        if face.scores is not None:
            best = max(face.scores)
            said = face.scores.index(best)
            if needed and best < needed[ORDER[said]]:
                said = len(ORDER)
            counts[ORDER.index(face.worn), said] += 1
    return Table(answers, counts)


def calibration_error(judged: Sequence[Judged]) -> float | None:
    """Returns how far confidence is from being right on average, 0 to 1 (Guo et al., 2017); None without faces."""
    found = [
        (max(face.scores), ORDER[face.scores.index(max(face.scores))] is face.worn) for face in judged if face.scores
    ]
    if not found:
        return None
    confidence, right = np.array(found, np.float64).T
    place = np.minimum((confidence * STEPS).astype(int), STEPS - 1)
    gaps = np.bincount(place, weights=confidence - right, minlength=STEPS)
    return float(np.abs(gaps).sum() / len(found))


def by_size(judged: Sequence[Judged]) -> dict[str, list[Judged]]:
    """Returns the faces by the size that they have in the photo; none of the four is left out."""
    bins: dict[str, list[Judged]] = {name: [] for name in BINS}
    for face in judged:
        bins[BINS[int(np.searchsorted(EDGES, face.size, side="right"))]].append(face)
    return bins


def found_share(judged: Sequence[Judged]) -> float | None:
    """Returns the share of the faces that were found at all; None without faces."""
    return _share(sum(face.scores is not None for face in judged), len(judged))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
