"""How one camera's pictures are understood: detected, followed, looked at closely, put to the rules."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import Protocol, TypeVar

from edge_agent.appearance.appearances import Appearances
from edge_agent.appearance.inspector import Inspector
from edge_agent.appearance.settings import AppearanceSettings
from edge_agent.motion.focus import Focus
from edge_agent.rules import Rule
from edge_agent.track.tracker import Tracker, TrackSettings
from edge_agent.values.detection import Detection
from edge_agent.values.event import EventData
from edge_agent.values.frame import Frame
from edge_agent.values.geometry import Box
from edge_agent.values.look import Look
from edge_agent.values.track import Scene, Track

T = TypeVar("T")


class Compute(Protocol):
    """Has blocking work done elsewhere, such as by an accelerator's worker."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]:
        """Returns what ``work`` returns, or raises what it raises."""
        ...


class Detect(Protocol):
    """Has a detector look, see ``detect_within``."""

    def __call__(self, frame: Frame, part: Box | None, /) -> Awaitable[Sequence[Detection]]:
        """Returns what is in a part of a picture, or in all of it, best first."""
        ...


class Sight:
    """What one camera sees; for one coroutine. It outlives interruptions: no track's id is used twice.

    Args:
        detect: finds people and vehicles in a part of a picture, or in all of it.
        inspector: looks at a tracked person's face.
        compute: runs the inspector.
        tracking: how tracks are kept.
        appearance: how looks become a verdict.
        rules: what is worth telling.
        focus: chooses the part to look at; without it all of the picture is.
    """

    def __init__(
        self,
        detect: Detect,
        inspector: Inspector,
        compute: Compute,
        *,
        tracking: TrackSettings,
        appearance: AppearanceSettings,
        rules: Sequence[Rule],
        focus: Focus | None = None,
    ) -> None:
        self._detect = detect
        self._inspector = inspector
        self._compute = compute
        self._tracker = Tracker(tracking)
        self._appearances = Appearances(appearance)
        self._rules = rules
        self._focus = focus
        self._followed: tuple[Track, ...] = ()

    async def understand(self, frame: Frame, moving: Box | None = None) -> Scene:
        """Returns who is in a picture, which comes after those before.

        Args:
            frame: the picture.
            moving: what moves in it, None where nothing does or nobody knows.

        Raises:
            TransientError: it could not be computed now; the next picture may be.
        """
        part = self._focus.part(frame.arrived, moving, (track.box for track in self._followed)) if self._focus else None
        detections = await self._detect(frame, part)
        self._followed = tracks = self._tracker.update(detections, frame.arrived)
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
