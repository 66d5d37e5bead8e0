from datetime import UTC, datetime

import pytest

from edge_agent.policy import Profile, policy_for
from edge_agent.talkdown.automatic import AutomaticTalkdown, refusal
from edge_agent.talkdown.request import Request
from edge_agent.talkdown.settings import TalkdownSettings
from edge_agent.values.event import MaskVerdict
from edge_agent.values.geometry import Box
from edge_agent.values.ids import TrackId
from edge_agent.values.look import Verdict
from edge_agent.values.time import Monotonic

SITE = policy_for(Profile.SITE)
STREET = policy_for(Profile.FR_PUBLIC_SPACE)
ON = TalkdownSettings(automatic=True)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> Monotonic:
        return Monotonic(self.now)

    def wall(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)


def verdict(track: int, kind: Verdict = Verdict.NO_MASK) -> MaskVerdict:
    box = Box(0.1, 0.1, 0.2, 0.4)
    return MaskVerdict(TrackId(track), kind, 0.9, 5, box, box)


def test_once_for_each_person_and_not_without_a_pause() -> None:
    clock = Clock()
    automatic = AutomaticTalkdown(ON, SITE, clock)
    assert automatic.request(verdict(1)) == Request("rule:mask", message="mask")
    clock.now = 59.0
    assert automatic.request(verdict(2)) is None
    clock.now = 60.0
    assert automatic.request(verdict(1)) is None
    assert automatic.request(verdict(2)) is not None


def test_only_the_verdicts_that_were_chosen() -> None:
    automatic = AutomaticTalkdown(ON, SITE, Clock())
    assert automatic.request(verdict(1, Verdict.INCORRECT)) is None
    assert automatic.request(verdict(1)) is not None


def test_a_thousand_people_later_memory_has_not_grown() -> None:
    clock = Clock()
    automatic = AutomaticTalkdown(TalkdownSettings(automatic=True, cooldown=0), SITE, clock)
    for track in range(1500):
        assert automatic.request(verdict(track))
    assert len(automatic._spoken_to) == 1000


@pytest.mark.parametrize(("settings", "policy"), [(TalkdownSettings(), SITE), (ON, STREET)])
def test_silent_unless_switched_on_and_allowed(settings: TalkdownSettings, policy: object) -> None:
    assert AutomaticTalkdown(settings, policy, Clock()).request(verdict(1)) is None  # type: ignore[arg-type] # parametrised


def test_a_forbidden_setting_is_refused_with_the_remedy() -> None:
    assert refusal(ON, SITE) == ""
    assert refusal(TalkdownSettings(), STREET) == ""
    assert "talkdown.automatic to false" in refusal(ON, STREET)
