from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edge_agent.errors import PermanentError
from edge_agent.kinds import kinds
from edge_agent.policy import Policy, Profile, policy_for
from edge_agent.rules import Rule, RuleSettings
from edge_agent.rules.mask import FEW, MaskRuleSettings, Mode
from edge_agent.values.detection import Label
from edge_agent.values.event import MaskStatistics, MaskVerdict
from edge_agent.values.geometry import Box
from edge_agent.values.ids import TrackId
from edge_agent.values.look import Judgement, Verdict
from edge_agent.values.time import Monotonic
from edge_agent.values.track import Scene, Track

STREET = policy_for(Profile.FR_PUBLIC_SPACE)
SITE = policy_for(Profile.SITE)
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HERE = Box(0.4, 0.2, 0.5, 0.8)
FACE = Box(0.43, 0.22, 0.47, 0.3)


class HandClock:
    """A clock that goes when it is told to."""

    def __init__(self, wall: datetime = NOON) -> None:
        self._wall = wall
        self._monotonic = 5000.0

    def monotonic(self) -> Monotonic:
        return Monotonic(self._monotonic)

    def wall(self) -> datetime:
        return self._wall

    def go(self, seconds: float) -> None:
        self._monotonic += seconds
        self._wall += timedelta(seconds=seconds)

    def set_wall(self, by: timedelta) -> None:
        self._wall += by


def scene(clock: HandClock, verdicts: dict[int, Verdict | None], box: Box = HERE, label: Label = Label.PERSON) -> Scene:
    now = clock.monotonic()
    return Scene(
        now,
        tuple(Track(TrackId(number), label, 0.9, box, now, now) for number in verdicts),
        {TrackId(number): Judgement(verdict, 0.8, 4, FACE) for number, verdict in verdicts.items() if verdict},
    )


def run(
    rule: Rule, clock: HandClock, seconds: float, verdicts: dict[int, Verdict | None] | None = None
) -> list[MaskStatistics]:
    """Lets a scene last, with a tick a second."""
    told: list[MaskStatistics] = []
    for _ in range(round(seconds)):
        assert not rule.step(scene(clock, verdicts or {}))
        clock.go(1)
        told += tick(rule)
    return told


def tick(rule: Rule) -> list[MaskStatistics]:
    return [data for data in rule.tick() if isinstance(data, MaskStatistics)]


def statistics(clock: HandClock, policy: Policy = SITE, minutes: int | None = 20) -> Rule:
    return MaskRuleSettings(window=minutes).build(policy, clock)


def total(told: Sequence[MaskStatistics]) -> int:
    return sum(each.mask + each.no_mask + each.incorrect + each.unsure for each in told)


def alerts(**settings: object) -> tuple[Rule, HandClock]:
    clock = HandClock()
    return MaskRuleSettings.model_validate({"mode": "alert", **settings}).build(SITE, clock), clock


def test_it_is_a_kind_of_rule() -> None:
    assert kinds("edge_agent.rules", RuleSettings)["mask"] is MaskRuleSettings


def test_the_street_refuses_alerts_and_says_what_to_do() -> None:
    settings = MaskRuleSettings(mode=Mode.ALERT)
    assert "fr-public-space" in settings.refusal(STREET)
    assert "set mode to 'statistics'" in settings.refusal(STREET)
    assert settings.refusal(SITE) == ""
    with pytest.raises(PermanentError, match="statistics"):
        settings.build(STREET, HandClock())


@pytest.mark.parametrize(("minutes", "refused"), [(None, False), (19, True), (20, False), (60, False)])
def test_the_street_refuses_short_windows(minutes: int | None, refused: bool) -> None:  # noqa: FBT001 - the expectation
    assert bool(MaskRuleSettings(window=minutes).refusal(STREET)) is refused


@pytest.mark.parametrize(
    "wrong",
    [
        {"mode": "all"},
        {"verdicts": ["mask"]},
        {"verdicts": ["unsure"]},
        {"verdicts": []},
        {"window": 0},
        {"zones": [[[0, 0], [1, 1]]]},
        {"zones": [[[0, 0], [640, 0], [0, 360]]]},
        {"zone": []},
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        MaskRuleSettings.model_validate(wrong)


def test_a_person_is_told_of_once_per_verdict() -> None:
    rule, clock = alerts()
    verdicts = [Verdict.UNSURE, Verdict.NO_MASK, Verdict.NO_MASK, Verdict.MASK, Verdict.INCORRECT, Verdict.NO_MASK]
    told = [data for verdict in verdicts for data in rule.step(scene(clock, {7: verdict}))]
    assert told == [
        MaskVerdict(TrackId(7), verdict, 0.8, 4, HERE, FACE) for verdict in (Verdict.NO_MASK, Verdict.INCORRECT)
    ]
    assert not rule.tick()


def test_each_person_is_told_of() -> None:
    rule, clock = alerts()
    assert len(rule.step(scene(clock, {1: Verdict.NO_MASK, 2: Verdict.INCORRECT, 3: Verdict.MASK, 4: None}))) == 2
    assert len(rule.step(scene(clock, {2: Verdict.INCORRECT, 5: Verdict.NO_MASK}))) == 1


def test_only_chosen_verdicts_are_told() -> None:
    rule, clock = alerts(verdicts=["no_mask"])
    assert len(rule.step(scene(clock, {1: Verdict.NO_MASK, 2: Verdict.INCORRECT}))) == 1


def test_the_rule_holds_where_the_feet_are_in_a_zone() -> None:
    rule, clock = alerts(zones=[[[0, 0.7], [1, 0.7], [1, 1], [0, 1]]])
    assert not rule.step(scene(clock, {1: Verdict.NO_MASK}, Box(0.4, 0.2, 0.5, 0.6)))
    assert rule.step(scene(clock, {1: Verdict.NO_MASK}, HERE))
    assert rule.step(scene(clock, {2: Verdict.NO_MASK}, Box(0.4, 0.2, 0.5, 1.1)))


def test_only_people_count() -> None:
    rule, clock = alerts()
    assert not rule.step(scene(clock, {1: Verdict.NO_MASK}, label=Label.DOG))


def test_windows_end_on_the_wall_clock_and_none_is_shorter() -> None:
    clock = HandClock(NOON + timedelta(minutes=3, seconds=17.4))
    told = run(statistics(clock), clock, 80 * 60)
    ends = [NOON + timedelta(minutes=minutes) for minutes in (40, 60, 80)]
    assert [each.until for each in told] == ends
    assert [each.since for each in told] == [NOON + timedelta(minutes=3, seconds=17), *ends[:-1]]


def test_everybody_counts_once_under_the_last_verdict() -> None:
    clock = HandClock()
    rule = statistics(clock)
    run(rule, clock, 60, {1: None, 2: Verdict.NO_MASK, 3: Verdict.INCORRECT, 4: Verdict.UNSURE, 5: Verdict.NO_MASK})
    run(rule, clock, 60, {1: None, 2: Verdict.MASK})
    (told,) = run(rule, clock, 20 * 60 - 120)
    assert (told.mask, told.no_mask, told.incorrect, told.unsure) == (1, 1, 1, 2)


def test_who_stays_over_a_window_counts_where_the_stay_ends() -> None:
    clock = HandClock()
    rule = statistics(clock)
    told = run(rule, clock, 50 * 60, {1: Verdict.MASK}) + run(rule, clock, 30 * 60)
    assert [each.mask for each in told] == [0, 0, 1, 0]


def test_who_is_there_when_the_picture_stays_away_is_counted() -> None:
    clock = HandClock()
    rule = statistics(clock)
    run(rule, clock, 60, {1: Verdict.MASK})
    told: list[MaskStatistics] = []
    for _ in range(19 * 60):
        clock.go(1)
        told += tick(rule)
    assert [each.mask for each in told] == [1]


def test_who_leaves_the_zone_and_returns_counts_once() -> None:
    clock = HandClock()
    rule = MaskRuleSettings(window=20, zones=(((0, 0.7), (1, 0.7), (1, 1), (0, 1)),)).build(SITE, clock)
    for box in (HERE, Box(0.4, 0.1, 0.5, 0.5), HERE):
        rule.step(scene(clock, {1: Verdict.MASK}, box))
    assert total(run(rule, clock, 20 * 60)) == 1


def test_the_street_continues_a_window_with_few_people() -> None:
    clock = HandClock()
    rule = statistics(clock, STREET)
    run(rule, clock, 60, {1: Verdict.NO_MASK})
    assert not run(rule, clock, 39 * 60)
    (told,) = run(rule, clock, 60, dict.fromkeys(range(2, 2 + FEW), Verdict.MASK)) + run(rule, clock, 19 * 60)
    assert (told.since, told.until) == (NOON, NOON + timedelta(minutes=60))
    assert (told.mask, told.no_mask) == (FEW, 1)


def test_an_empty_window_is_told_so_that_silence_means_failure() -> None:
    clock = HandClock()
    (told,) = run(statistics(clock, STREET), clock, 20 * 60)
    assert total([told]) == 0


@pytest.mark.parametrize("jump", [timedelta(days=20), timedelta(minutes=-90), timedelta(seconds=7)])
def test_setting_the_wall_clock_neither_shortens_a_window_nor_loses_anybody(jump: timedelta) -> None:
    clock = HandClock()
    rule = statistics(clock)
    run(rule, clock, 600, {1: Verdict.MASK})
    clock.set_wall(jump)
    told = run(rule, clock, 4 * 20 * 60)
    assert told[0].until == NOON + timedelta(minutes=20) + jump
    assert all(each.until - each.since >= timedelta(minutes=20) for each in told)
    assert told[1].since == told[0].until
    assert told[1].until.timestamp() % 1200 == 0
    assert total(told) == 1


@given(
    st.lists(
        st.tuples(
            st.integers(0, 900),
            st.integers(-4000, 4000),
            st.dictionaries(st.integers(1, 9), st.sampled_from([*Verdict, None]), max_size=5),
        ),
        max_size=30,
    )
)
def test_whatever_happens_nobody_counts_twice(happenings: list[tuple[int, int, dict[int, Verdict | None]]]) -> None:
    """Tracks' ids are made unique as a tracker's are: a number that comes back is somebody else."""
    clock = HandClock()
    rule = statistics(clock)
    told: list[MaskStatistics] = []
    alive: dict[int, int] = {}
    count = 0
    for seconds, jump, verdicts in happenings:
        clock.set_wall(timedelta(seconds=jump))
        clock.go(seconds)
        told += tick(rule)
        gone = seconds > 10
        new = [number for number in verdicts if gone or number not in alive]
        alive = {number: count + new.index(number) + 1 if number in new else alive[number] for number in verdicts}
        count += len(new)
        rule.step(scene(clock, {alive[number]: verdict for number, verdict in verdicts.items()}))
    for _ in range(3 * 20):
        clock.go(60)
        told += tick(rule)
    assert total(told) == count
    assert all(each.until - each.since >= timedelta(minutes=20) for each in told)
