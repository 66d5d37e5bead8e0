"""How well tracks tell who is who: CLEAR MOT (Bernardin and Stiefelhagen, 2008) and IDF1 (Ristani et al., 2016).

The usual library, motmetrics, needs pandas and SciPy; ``bench/track.py`` holds these figures against it.
"""

import csv
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge_agent.track.assignment import assign
from edge_agent.values.geometry import Box

OVERLAP = 0.5
"""Intersection over union from which a track is on a person."""

Pictures = Mapping[int, Mapping[int, Box]]
"""Boxes by identity, for each picture's number."""


@dataclass(frozen=True)
class Score:
    """Counts over all labelled pictures, and what follows from them.

    Attributes:
        truths: boxes that people drew.
        misses: of those, without a track on them.
        false: boxes of tracks on nobody.
        switches: how often a person's track became another one.
        same: boxes of tracks that stand for the same person throughout, in the best pairing of tracks and people.
        told: boxes of tracks.
    """

    truths: int
    misses: int
    false: int
    switches: int
    same: int
    told: int

    @property
    def mota(self) -> float:
        """1 is perfect."""
        return 1 - (self.misses + self.false + self.switches) / self.truths

    @property
    def idf1(self) -> float:
        """1 is perfect."""
        return 2 * self.same / (self.truths + self.told)


def score(truth: Pictures, told: Pictures) -> Score:
    """Returns how well tracks follow people, over the pictures of ``truth``."""
    misses = false = switches = 0
    last: dict[int, int] = {}
    together: Counter[tuple[int, int]] = Counter()
    for number in sorted(truth):
        people, tracks = truth[number], told.get(number, {})
        on = {(p, t): people[p].overlap(tracks[t]) for p in people for t in tracks}
        together.update(pair for pair, overlap in on.items() if overlap >= OVERLAP)
        # Whoever was paired stays paired while that holds; only the rest is paired anew.
        pairs = {p: t for p, t in last.items() if on.get((p, t), 0.0) >= OVERLAP}
        rest = [p for p in people if p not in pairs]
        free = [t for t in tracks if t not in pairs.values()]
        likeness = np.array([[on[p, t] for t in free] for p in rest]).reshape(len(rest), len(free))
        rows, columns = assign(np.where(likeness >= OVERLAP, likeness + 1, 0.0), 0.0)
        for p, t in ((rest[row], free[column]) for row, column in zip(rows.tolist(), columns.tolist(), strict=True)):
            switches += last.get(p, t) != t
            pairs[p] = t
        last |= pairs
        misses += len(people) - len(pairs)
        false += len(tracks) - len(pairs)
    truths = sum(map(len, truth.values()))
    return Score(truths, misses, false, switches, _same(together), sum(len(told.get(number, {})) for number in truth))


def _same(together: Mapping[tuple[int, int], int]) -> int:
    people, tracks = sorted({p for p, _ in together}), sorted({t for _, t in together})
    counts = np.array([[together.get((p, t), 0) for t in tracks] for p in people], np.float64)
    rows, columns = assign(counts.reshape(len(people), len(tracks)), 0.0)
    return int(counts[rows, columns].sum()) if people else 0


def read_labels(path: Path, width: int, height: int) -> dict[int, dict[int, Box]]:
    """Reads a file in the form of the MOT challenge: picture, identity, left, top, width, height in pixels."""
    pictures: dict[int, dict[int, Box]] = {}
    with path.open() as lines:
        for row in csv.reader(lines):
            picture, identity, left, top, wide, high = (int(value) for value in row[:6])
            box = Box(left / width, top / height, (left + wide) / width, (top + high) / height)
            pictures.setdefault(picture, {})[identity] = box
    return pictures
