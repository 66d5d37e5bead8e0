from datetime import UTC, datetime, time

import pytest

from edge_agent.errors import TransientError
from edge_agent.talkdown.hours import Hours, VolumeHours
from edge_agent.talkdown.manners import Manners
from edge_agent.talkdown.settings import TalkdownSettings
from edge_agent.values.time import Monotonic

NIGHT = Hours(begin=time(22), end=time(7))


class Clock:
    def __init__(self) -> None:
        self.now = 0.0
        self.at = datetime(2026, 7, 1, 12, tzinfo=UTC)

    def monotonic(self) -> Monotonic:
        return Monotonic(self.now)

    def wall(self) -> datetime:
        return self.at


@pytest.mark.parametrize(
    ("hours", "held"),
    [
        (NIGHT, {22, 23, *range(7)}),
        (Hours(begin=time(6), end=time(8)), {6, 7}),
        (Hours(begin=time(0), end=time(23)), set(range(23))),
    ],
)
def test_hours_may_last_over_midnight(hours: Hours, held: set[int]) -> None:
    assert {hour for hour in range(24) if hours.hold(time(hour))} == held


@pytest.mark.parametrize(
    ("at", "quiet"),
    [
        (datetime(2026, 7, 1, 19, 59, tzinfo=UTC), False),
        (datetime(2026, 7, 1, 20, 0, tzinfo=UTC), True),  # 22:00 in Paris, summer
        (datetime(2026, 12, 1, 20, 59, tzinfo=UTC), False),
        (datetime(2026, 12, 1, 21, 0, tzinfo=UTC), True),  # 22:00 in Paris, winter
        (datetime(2026, 12, 1, 6, 0, tzinfo=UTC), False),
    ],
)
def test_quiet_hours_follow_the_towns_clock(at: datetime, quiet: bool) -> None:  # noqa: FBT001 - a table
    clock = Clock()
    clock.at = at
    manners = Manners(TalkdownSettings(quiet=(NIGHT,), time_zone="Europe/Paris"), clock)
    manners.check(60, waiting=0)
    if quiet:
        with pytest.raises(TransientError, match=r"quiet hours until 07:00: wait until then; .*own words") as error:
            manners.check(59, waiting=0)
        assert error.value.code == "quiet_hours"
    else:
        manners.check(59, waiting=0)


def test_so_often_within_an_hour_and_no_more() -> None:
    clock = Clock()
    manners = Manners(TalkdownSettings(per_hour=2), clock)
    manners.check(50, waiting=1)
    manners.count()
    clock.now = 1000.0
    with pytest.raises(TransientError, match="spoke 1 times within the hour") as error:
        manners.check(50, waiting=1)
    assert error.value.code == "too_often"
    manners.count()
    with pytest.raises(TransientError):
        manners.check(50, waiting=0)
    manners.check(60, waiting=9)
    clock.now = 3600.0
    manners.check(50, waiting=0)


def test_the_softest_hours_hold() -> None:
    clock = Clock()
    soft = [VolumeHours(begin=time(20), end=time(6), volume=-10), VolumeHours(begin=time(22), end=time(6), volume=-20)]
    manners = Manners(TalkdownSettings(volumes=tuple(soft), time_zone="Europe/Paris"), clock, volume=-3)
    assert manners.volume() == -3
    clock.at = datetime(2026, 7, 1, 19, tzinfo=UTC)
    assert manners.volume() == -13
    clock.at = datetime(2026, 7, 1, 21, tzinfo=UTC)
    assert manners.volume() == -23
