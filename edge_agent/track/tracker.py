"""Detections to tracks, in the manner of ByteTrack: weak detections continue a track, only strong ones begin one.

Zhang et al., ByteTrack: Multi-Object Tracking by Associating Every Detection Box, ECCV 2022.

The tracker is our own because of what the libraries bring along (their metadata, 2026-11): supervision needs
SciPy, matplotlib and twenty packages more, norfair and motpy SciPy and filterpy, norfair also a numpy below 2, boxmot
PyTorch. lapx would solve the assignment and has wheels for every board, but forty lines of numpy do it in a fraction of
a millisecond. And pictures come 1 to 25 a second here and not evenly, while ByteTrack counts frames.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat

from edge_agent.track.assignment import Floats, Rows, assign
from edge_agent.track.motion import Motion
from edge_agent.values.detection import Detection, Label
from edge_agent.values.geometry import Box
from edge_agent.values.ids import TrackId
from edge_agent.values.time import Monotonic
from edge_agent.values.track import Track

LIKE = 0.2
"""Likeness (overlap of boxes widened by what the filter does not know) that a pair must exceed."""

ALIKE = 0.4
"""The same for weak detections, which are often only half a person or none."""

SAME = 0.8
"""Overlap from which two detections of a family are one thing, such as a van that is found as a car and as a truck."""

DOUBT = 0.5
"""Seconds that a track not confirmed yet may go unseen; a second picture without it ends it where they come slower."""

FAITH = 5.0
"""Seconds that weak detections alone keep a track alive; what has no more is a sign or a post that took over whoever
walked past it, and would be followed for good."""

BLIND = 10.0
"""Seconds without a picture after which whoever stands in the same place may be somebody else."""

REACH = 2.0
"""Widths or heights that a search is widened by at most; beyond that, anybody would be found."""

TINY = 1e-12
"""An area that no box has; two boxes without any share nothing, instead of dividing by nothing."""

FAMILY = {
    Label.PERSON: 0,
    Label.BICYCLE: 1,
    Label.MOTORCYCLE: 1,
    Label.CAR: 2,
    Label.BUS: 2,
    Label.TRUCK: 2,
    Label.CAT: 3,
    Label.DOG: 3,
    Label.BACKPACK: 4,
    Label.HANDBAG: 4,
    Label.SUITCASE: 4,
}
"""A detector wavers within a family; across families two things in one place are two, such as rider and bicycle."""


class TrackSettings(BaseModel):
    """How tracks are kept.

    Attributes:
        strong: score from which a detection begins a track; below it detectors also see traffic cones and bushes, which
            cost a fifth of all accuracy on a labelled street at 0.45.
        weak: score from which a detection continues one; half-hidden people score this low.
        sure: score from which one detection is enough, instead of two.
        keep: seconds that somebody may be hidden and still be the same; people pass behind a van in two.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    strong: float = Field(0.55, ge=0, le=1)
    weak: float = Field(0.2, ge=0, le=1)
    sure: float = Field(0.8, ge=0, le=1)
    keep: NonNegativeFloat = 2.0


@dataclass(slots=True)
class _Life:
    """What is known of a track beside its motion."""

    id: TrackId
    family: int
    started: Monotonic
    seen: Monotonic
    missed: Monotonic | None = None  # first picture since then in which it was looked for and not found
    score: float = 0.0
    doubted: float = 0.0  # seconds looked for since a strong detection
    confirmed: bool = False
    votes: dict[Label, float] = field(default_factory=dict)

    def meet(self, detection: Detection, at: Monotonic) -> None:
        self.seen, self.missed, self.score = at, None, detection.score
        self.votes[detection.label] = self.votes.get(detection.label, 0.0) + detection.score

    @property
    def label(self) -> Label:
        return max(self.votes, key=lambda label: self.votes[label])


class Tracker:
    """Follows what one camera sees; fed by one coroutine.

    Args:
        settings: how tracks are kept.
    """

    def __init__(self, settings: TrackSettings) -> None:
        self._settings = settings
        self._at = Monotonic(0.0)
        self._count = 0
        self._lives: list[_Life] = []
        self._motion = Motion()

    def update(self, detections: Sequence[Detection], at: Monotonic) -> tuple[Track, ...]:
        """Takes what was found in one picture and returns the confirmed tracks, hidden ones included, oldest first.

        Args:
            detections: in any order, perhaps none.
            at: arrival of the picture, not before the last one; the step may be of any length.
        """
        self._advance(at)
        strong, weak = self._sort(detections)
        strong = self._meet(strong, range(len(self._lives)), LIKE)
        unseen = [row for row, life in enumerate(self._lives) if life.confirmed and life.seen != at]
        self._meet(weak, unseen, ALIKE)
        self._end()
        self._begin(strong)
        return tuple(self._tracks())

    def _advance(self, at: Monotonic) -> None:
        seconds = max(at - self._at, 0.0)
        self._at = at
        if seconds > BLIND:
            self._keep([])
        # Whoever was not looked for is not lost: somebody who stands still outlasts a stalled stream.
        looked = min(seconds, self._settings.keep)
        self._motion.advance(looked)
        for life in self._lives:
            life.doubted += looked

    def _sort(self, detections: Sequence[Detection]) -> tuple[list[Detection], list[Detection]]:
        """Returns strong and weak detections, without those that repeat a better one."""
        found = sorted((each for each in detections if each.score >= self._settings.weak), key=lambda each: -each.score)
        place, family = _places(found), _families(each.label for each in found)
        twice = (family[:, None] == family) & (_likeness(place, place, np.zeros((len(found), 2))) > SAME)
        repeated = np.triu(twice, 1).any(0)
        kept = [each for each, known in zip(found, repeated, strict=True) if not known]
        strong = sum(each.score >= self._settings.strong for each in kept)
        return kept[:strong], kept[strong:]

    def _meet(self, detections: list[Detection], rows: Sequence[int], least: float) -> list[Detection]:
        """Continues tracks by detections and returns the detections left over."""
        if not detections or not rows:
            return detections
        which = np.asarray(rows)
        seen, expected = _places(detections), self._motion.place[which]
        margin = np.minimum(self._motion.spread[which], REACH * expected[:, 2:])
        ours = np.array([self._lives[row].family for row in rows])
        likeness = _likeness(expected, seen, margin) * (ours[:, None] == _families(each.label for each in detections))
        met, by = assign(likeness, least)
        self._motion.correct(which[met], seen[by])
        left = dict(enumerate(detections))
        for row, index in zip(which[met].tolist(), by.tolist(), strict=True):
            life, detection = self._lives[row], left.pop(index)
            life.meet(detection, self._at)
            life.confirmed = True
            if detection.score >= self._settings.strong:
                life.doubted = 0.0
        return list(left.values())

    def _end(self) -> None:
        """Forgets whoever was looked for and not found, or hardly, for too long."""
        for life in self._lives:
            if life.seen != self._at and life.missed is None:
                life.missed = self._at
        self._keep([row for row, life in enumerate(self._lives) if not self._is_over(life)])

    def _is_over(self, life: _Life) -> bool:
        patience = self._settings.keep if life.confirmed else DOUBT
        return life.doubted > FAITH or (life.missed is not None and self._at - life.missed > patience)

    def _begin(self, detections: list[Detection]) -> None:
        for detection in detections:
            self._count += 1
            life = _Life(TrackId(self._count), FAMILY[detection.label], started=self._at, seen=self._at)
            life.meet(detection, self._at)
            life.confirmed = detection.score >= self._settings.sure
            self._lives.append(life)
        if detections:
            self._motion.add(_places(detections))

    def _keep(self, rows: list[int]) -> None:
        if len(rows) < len(self._lives):
            self._lives = [self._lives[row] for row in rows]
            self._motion.keep(np.array(rows, np.intp))

    def _tracks(self) -> Iterator[Track]:
        half = self._motion.place[:, 2:] / 2
        centre = self._motion.place[:, :2]
        boxes = np.concatenate([centre - half, centre + half], axis=1).tolist()
        for life, box in zip(self._lives, boxes, strict=True):
            if life.confirmed:
                yield Track(life.id, life.label, life.score, Box(*box), life.started, life.seen)


def _places(detections: Sequence[Detection]) -> Floats:
    """Returns centre x, centre y, width and height, float64 (n, 4)."""
    boxes = [(each.box.left, each.box.top, each.box.right, each.box.bottom) for each in detections]
    corners = np.array(boxes, np.float64).reshape(-1, 4)
    low, high = corners[:, :2], np.maximum(corners[:, :2], corners[:, 2:])
    return np.concatenate([(low + high) / 2, high - low], axis=1)


def _families(labels: Iterable[Label]) -> Rows:
    return np.array([FAMILY[label] for label in labels], np.intp)


def _likeness(expected: Floats, seen: Floats, margin: Floats) -> Floats:
    """Returns intersection over union of every two boxes, both widened to each side, float64 (expected, seen).

    Args:
        expected: float64 (n, 4), centre x, centre y, width, height.
        seen: float64 (m, 4), as ``expected``.
        margin: float64 (n, 2), how much wider the boxes are taken for each expected one.
    """
    # Axes first: numpy is slow along a last axis of two.
    apart = np.abs(expected[:, None, :2] - seen[:, :2]).transpose(2, 0, 1)
    ours = (expected[:, 2:] + 2 * margin).T[:, :, None]
    theirs = (seen[:, 2:] + 2 * margin[:, None]).transpose(2, 0, 1)
    # Along each axis two intervals share at most the shorter one, and less by as much as their centres are apart.
    across, down = np.maximum(np.minimum((ours + theirs) / 2 - apart, np.minimum(ours, theirs)), 0.0)
    shared = across * down
    likeness: Floats = shared / np.maximum(ours[0] * ours[1] + theirs[0] * theirs[1] - shared, TINY)
    return likeness
