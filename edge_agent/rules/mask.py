"""The mask rule: alerts about single people where the policy allows them, anonymous counts elsewhere."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import override

from edge_agent.aio.clock import Clock
from edge_agent.errors import PermanentError
from edge_agent.policy import Policy
from edge_agent.rules import Rule, RuleSettings
from edge_agent.values.detection import Label
from edge_agent.values.event import EventData, MaskStatistics, MaskVerdict
from edge_agent.values.geometry import Polygon, contains
from edge_agent.values.ids import TrackId
from edge_agent.values.look import Judgement, Verdict
from edge_agent.values.time import Monotonic
from edge_agent.values.track import Scene, Track

FEW = 5
"""People below which a count is not told where the policy protects single people: somebody who knows who was there
would learn how each one wore the mask. Five is a usual threshold of statistical offices."""

GONE = 15.0
"""Seconds without any picture after which nobody is there any more; longer than the tracker remembers anybody."""

Fraction = Annotated[float, Field(ge=0, le=1)]

Zone = Annotated[tuple[tuple[Fraction, Fraction], ...], Field(min_length=3)]
"""Corners (x, y) in fractions of the picture."""

Alarming = Literal[Verdict.NO_MASK, Verdict.INCORRECT]
"""What may be alerted to; ``unsure`` stays silent."""


class Mode(StrEnum):
    """What is told."""

    ALERT = "alert"
    STATISTICS = "statistics"


class MaskRuleSettings(RuleSettings):
    """Whether people wear a mask.

    Attributes:
        mode: ``alert`` tells of each person, ``statistics`` only counts; counting is allowed everywhere.
        zones: areas of the ground where the rule holds, by where a person's feet are; none for everywhere.
        window: minutes that are counted together, a day at most; the policy's minimum if left out.
        verdicts: what is alerted to.
    """

    kind: Literal["mask"] = "mask"
    mode: Mode = Mode.STATISTICS
    zones: tuple[Zone, ...] = ()
    window: Annotated[int, Field(gt=0, le=1440)] | None = None
    verdicts: Annotated[tuple[Alarming, ...], Field(min_length=1)] = (Verdict.NO_MASK, Verdict.INCORRECT)

    @override
    def refusal(self, policy: Policy) -> str:
        """See ``RuleSettings``."""
        least = _minutes(policy)
        if self.mode is Mode.ALERT and not policy.individual_events:
            return (
                f"mode 'alert' tells of single people, which the profile {policy.profile} forbids; set mode to"
                " 'statistics', or choose another profile if this place has a legal ground of its own"
            )
        if self.window is not None and self.window < least:
            return (
                f"a window of {self.window} minutes is shorter than the profile {policy.profile} allows; set window to"
                f" {least} or more, or leave it out"
            )
        return ""

    @override
    def build(self, policy: Policy, clock: Clock) -> Rule:
        """See ``RuleSettings``.

        Raises:
            PermanentError: the policy forbids these settings.
        """
        if refusal := self.refusal(policy):
            raise PermanentError(refusal)
        if self.mode is Mode.ALERT:
            return Alerts(self.zones, self.verdicts)
        return Statistics(
            self.zones,
            window=60 * (self.window or _minutes(policy)),
            few=0 if policy.individual_events else FEW,
            clock=clock,
        )


class Alerts:
    """Tells of a person at most once per verdict.

    Args:
        zones: where the rule holds, none for everywhere.
        verdicts: what is told.
    """

    def __init__(self, zones: Sequence[Polygon], verdicts: Sequence[Verdict]) -> None:
        self._zones = zones
        self._verdicts = verdicts
        self._told: set[tuple[TrackId, Verdict]] = set()

    def step(self, scene: Scene) -> Sequence[EventData]:
        """See ``Rule``."""
        alive = {track.id for track in scene.tracks}
        self._told = {told for told in self._told if told[0] in alive}
        return [
            MaskVerdict(track.id, judgement.verdict, judgement.confidence, judgement.looks, track.box, judgement.face)
            for track, judgement in _people(scene, self._zones)
            if judgement is not None and judgement.verdict in self._verdicts and self._is_news(track, judgement)
        ]

    def tick(self) -> Sequence[EventData]:
        """See ``Rule``."""
        return ()

    def _is_news(self, track: Track, judgement: Judgement) -> bool:
        news = (track.id, judgement.verdict) not in self._told
        self._told.add((track.id, judgement.verdict))
        return news


class Statistics:
    """Counts each person once, under the last verdict, in the window in which the person goes.

    Who is still there when a window ends counts in a later one, so nobody counts twice. Windows end on multiples of
    their length on the UTC wall clock but are measured by the monotonic one: after somebody set the wall clock, one
    window is longer until it ends on a multiple again, and none is ever shorter. A window with somebody but fewer than
    ``few`` people is continued instead of told. A window that the agent's end cuts short is never told.

    Args:
        zones: where the rule holds, none for everywhere.
        window: seconds.
        few: people that a count needs to be told.
        clock: tells both times.
    """

    def __init__(self, zones: Sequence[Polygon], *, window: int, few: int, clock: Clock) -> None:
        self._zones = zones
        self._window = window
        self._few = few
        self._clock = clock
        self._present: dict[TrackId, Verdict] = {}
        self._counts: Counter[Verdict] = Counter()
        self._seen = clock.monotonic()
        self._since = clock.monotonic()
        self._until = self._end_after(self._since)

    def step(self, scene: Scene) -> Sequence[EventData]:
        """See ``Rule``."""
        self._seen = self._clock.monotonic()
        self._count_gone({track.id for track in scene.tracks})
        for track, judgement in _people(scene, self._zones):
            verdict = judgement.verdict if judgement else Verdict.UNSURE
            self._present[track.id] = verdict
        return ()

    def tick(self) -> Sequence[EventData]:
        """See ``Rule``."""
        now = self._clock.monotonic()
        if now - self._seen > GONE:
            self._count_gone(set())
        if now < self._until:
            return ()
        if 0 < self._counts.total() < self._few:
            self._until = Monotonic(self._until + self._window)
            return ()
        return (self._finish(),)

    def _count_gone(self, alive: set[TrackId]) -> None:
        for track in self._present.keys() - alive:
            self._counts[self._present.pop(track)] += 1

    def _finish(self) -> MaskStatistics:
        """Returns the counts of the window that is over, and begins the next where it ended."""
        until = self._wall(self._until)
        counts, self._counts = self._counts, Counter()
        told = MaskStatistics(
            since=until - timedelta(seconds=round(self._until - self._since)),
            until=until,
            mask=counts[Verdict.MASK],
            no_mask=counts[Verdict.NO_MASK],
            incorrect=counts[Verdict.INCORRECT],
            unsure=counts[Verdict.UNSURE],
        )
        self._since = self._until
        self._until = self._end_after(self._since)
        return told

    def _end_after(self, since: Monotonic) -> Monotonic:
        """Returns the first multiple of the window on the wall clock that is at least one window later."""
        return Monotonic(since + self._window + -round(self._wall(since).timestamp()) % self._window)

    def _wall(self, at: Monotonic) -> datetime:
        """Returns what the wall clock as it goes now says of a moment, to the second."""
        seconds = self._clock.wall().timestamp() - (self._clock.monotonic() - at)
        return datetime.fromtimestamp(round(seconds), UTC)


def _people(scene: Scene, zones: Sequence[Polygon]) -> Iterator[tuple[Track, Judgement | None]]:
    """Yields the people where the rule holds, each with the verdict on the mask so far."""
    for track in scene.tracks:
        foot = track.box.foot
        if track.label is Label.PERSON and (not zones or any(contains(zone, foot) for zone in zones)):
            yield track, scene.judgements.get(track.id)


def _minutes(policy: Policy) -> int:
    """The policy's shortest window in whole minutes."""
    return -(-policy.statistics_window // 60)
