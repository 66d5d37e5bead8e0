"""A thing followed through time."""

from dataclasses import dataclass

from edge_agent.values.detection import Label
from edge_agent.values.geometry import Box
from edge_agent.values.ids import TrackId
from edge_agent.values.look import Judgement
from edge_agent.values.time import Monotonic


@dataclass(frozen=True, slots=True)
class Track:
    """One thing as the tracker knows it now.

    Attributes:
        id: never used again in this camera's run.
        label: what it is.
        score: confidence of the last detection.
        box: where it is, filtered; predicted while it is not seen.
        started: when it was first seen.
        seen: when it was last seen; older than now while it is hidden.
    """

    id: TrackId
    label: Label
    score: float
    box: Box
    started: Monotonic
    seen: Monotonic


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything a rule may look at, once for each analysed picture.

    Attributes:
        at: arrival of the picture.
        tracks: the tracks alive.
        judgements: how the mask of a tracked person was judged, where it was.
    """

    at: Monotonic
    tracks: tuple[Track, ...]
    judgements: dict[TrackId, Judgement]
