"""How one camera's pictures are understood: detected, followed, looked at closely, put to the rules."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import Protocol, TypeVar

from edge_agent.appearance.appearances import Appearances
from edge_agent.appearance.inspector import Inspector
from edge_agent.appearance.settings import AppearanceSettings
from edge_agent.detect import Detector
from edge_agent.rules import Rule
from edge_agent.track.tracker import Tracker, TrackSettings
from edge_agent.values.event import EventData
from edge_agent.values.frame import Frame
from edge_agent.values.look import Look
from edge_agent.values.track import Scene, Track

T = TypeVar("T")


class Compute(Protocol):
    """Has blocking work done elsewhere, such as by an accelerator's worker."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]:
        """Returns what ``work`` returns, or raises what it raises."""
        ...


class Sight:
    """What one camera sees; for one coroutine. It outlives interruptions: no track's id is used twice.

    Args:
        detector: finds people and vehicles.
        inspector: looks at a tracked person's face.
        compute: runs both.
        tracking: how tracks are kept.
        appearance: how looks become a verdict.
        rules: what is worth telling.
    """

    def __init__(
        self,
        detector: Detector,
        inspector: Inspector,
        compute: Compute,
        *,
        tracking: TrackSettings,
        appearance: AppearanceSettings,
        rules: Sequence[Rule],
    ) -> None:
        self._detector = detector
        self._inspector = inspector
        self._compute = compute
        self._tracker = Tracker(tracking)
        self._appearances = Appearances(appearance)
        self._rules = rules

    async def understand(self, frame: Frame) -> Scene:
        """Returns who is in a picture, which comes after those before.

        Raises:
            TransientError: it could not be computed now; the next picture may be.
        """
        detections = await self._compute(partial(self._detector.detect, frame))
        tracks = self._tracker.update(detections, frame.arrived)
        due = self._appearances.due(tracks, frame)
        if due:
            looks = await self._compute(partial(_inspect, self._inspector, frame, due))
            for track, look in zip(due, looks, strict=True):
                self._appearances.add(track.id, look)
        self._appearances.forget({track.id for track in tracks})
        return Scene(frame.arrived, tracks, self._appearances.judgements())

    def judge(self, scene: Scene) -> Iterator[EventData]:
        """Yields what the rules make of a scene."""
        for rule in self._rules:
            yield from rule.step(scene)

    def tick(self) -> Iterator[EventData]:
        """Yields what became due by time alone; called once a second."""
        for rule in self._rules:
            yield from rule.tick()


def _inspect(inspector: Inspector, frame: Frame, tracks: Sequence[Track]) -> list[Look | None]:
    return [inspector.inspect(frame, track) for track in tracks]
