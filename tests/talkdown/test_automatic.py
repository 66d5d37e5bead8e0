import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from edge_agent.aio.background import background
from edge_agent.errors import TransientError
from edge_agent.policy import Policy, Profile, policy_for
from edge_agent.talkdown.automatic import CASES, AutomaticTalkdown, refusal
from edge_agent.talkdown.messages import MessageSettings
from edge_agent.talkdown.request import Request
from edge_agent.talkdown.settings import TalkdownSettings
from edge_agent.values.detection import Label
from edge_agent.values.event import (
    Effect,
    EventData,
    MaskVerdict,
    Outcome,
    TalkdownEffect,
    TalkdownReceipt,
    TalkdownUnheeded,
)
from edge_agent.values.geometry import Box
from edge_agent.values.ids import TrackId
from edge_agent.values.look import Judgement, Verdict
from edge_agent.values.time import Monotonic
from edge_agent.values.track import Scene, Track

SITE = policy_for(Profile.SITE)
STREET = policy_for(Profile.FR_PUBLIC_SPACE)
ON = TalkdownSettings(automatic=True)
AGAIN = TalkdownSettings(
    automatic=True, messages={"again": MessageSettings(texts={"en": "Your mask, please."})}, escalation=("again",)
)
BOX = Box(0.1, 0.1, 0.2, 0.4)
AT = datetime(2026, 1, 1, tzinfo=UTC)

pytestmark = pytest.mark.looptime


class LoopClock:
    """The fake time of the loop."""

    def monotonic(self) -> Monotonic:
        return Monotonic(asyncio.get_running_loop().time())

    def wall(self) -> datetime:
        return AT


class Place:
    """A camera before which people stand, whose loudspeaker says everything within three seconds."""

    def __init__(self, settings: TalkdownSettings, policy: Policy = SITE) -> None:
        self.people: dict[int, Verdict] = {}
        self.said: list[tuple[float, str]] = []
        self.told: list[EventData] = []
        self.outcome = Outcome.PLAYED
        self.refusal: TransientError | None = None
        self.automatic = AutomaticTalkdown(settings, policy, LoopClock(), utter=self.utter, tell=self.tell)

    async def utter(self, request: Request) -> TalkdownReceipt:
        assert request.actor == "rule:mask"
        if self.refusal is not None:
            raise self.refusal
        self.said.append((asyncio.get_running_loop().time(), request.message))
        await asyncio.sleep(3)
        return TalkdownReceipt(UUID(int=1), self.outcome, request.actor, request.message, "en", "", AT, 3.0)

    async def tell(self, data: EventData) -> None:
        self.told.append(data)

    def judged(self, track: int, kind: Verdict = Verdict.NO_MASK) -> bool:
        """Somebody's mask is judged, as the rule tells it."""
        self.people[track] = kind
        return self.automatic.consider(MaskVerdict(TrackId(track), kind, 0.9, 5, BOX, BOX))

    async def watch(self) -> None:
        while True:
            now = Monotonic(asyncio.get_running_loop().time())
            tracks = [Track(TrackId(track), Label.PERSON, 0.9, BOX, now, now) for track in self.people]
            judged = {TrackId(track): Judgement(kind, 0.9, 5, BOX) for track, kind in self.people.items()}
            self.automatic.see(Scene(now, tuple(tracks), judged))
            await asyncio.sleep(0.2)


@asynccontextmanager
async def running(settings: TalkdownSettings = ON) -> AsyncIterator[Place]:
    place = Place(settings)
    async with background(watch=place.watch(), run=place.automatic.run()):
        yield place


async def test_whoever_puts_the_mask_on_meanwhile_hears_nothing() -> None:
    async with running() as place:
        place.judged(1)
        await asyncio.sleep(1)
        place.people[1] = Verdict.MASK
        await asyncio.sleep(30)
        assert place.said == []
        place.judged(2)
        del place.people[2]
        await asyncio.sleep(30)
        assert place.said == []
        assert place.told == []


async def test_a_message_after_which_the_mask_is_on_worked() -> None:
    async with running() as place:
        place.judged(1)
        await asyncio.sleep(2 + 3 + 4.1)
        place.people[1] = Verdict.MASK
        await asyncio.sleep(30)
    assert place.said == [(2.0, "mask")]
    (effect,) = place.told
    assert isinstance(effect, TalkdownEffect)
    assert (effect.effect, effect.before, effect.after) == (Effect.WORN, Verdict.NO_MASK, Verdict.MASK)
    assert effect.seconds == pytest.approx(4.5, abs=0.3)


async def test_whoever_leaves_is_told_apart_from_whoever_wears_it() -> None:
    async with running(AGAIN) as place:
        place.judged(1)
        await asyncio.sleep(6)
        del place.people[1]
        await asyncio.sleep(60)
    (effect,) = place.told
    assert isinstance(effect, TalkdownEffect)
    assert (effect.effect, effect.after) == (Effect.LEFT, None)


async def test_whoever_takes_no_notice_hears_the_next_message_then_it_is_for_the_operator() -> None:
    async with running(AGAIN) as place:
        place.judged(1)
        await asyncio.sleep(60)
    assert place.said == [(2.0, "mask"), (25.0, "again")]
    assert [data.type for data in place.told] == ["talkdown.effect", "talkdown.effect", "talkdown.unheeded"]
    assert place.told[2] == TalkdownUnheeded(TrackId(1), Verdict.NO_MASK, ("mask", "again"))


async def test_a_camera_that_sees_nothing_any_more_says_nothing() -> None:
    place = Place(ON)
    async with background(run=place.automatic.run()):
        place.judged(1)
        await asyncio.sleep(30)
    assert place.said == []


async def test_once_for_each_person_and_not_without_a_pause() -> None:
    async with running() as place:
        assert place.judged(1)
        await asyncio.sleep(3)
        assert not place.judged(1)
        assert not place.judged(2)
        await asyncio.sleep(57)
        assert not place.judged(2)
        await asyncio.sleep(2)
        assert place.judged(2)
        assert not place.judged(1)
        assert place.judged(3)
        await asyncio.sleep(10)
    assert [message for _, message in place.said] == ["mask", "mask"]


async def test_what_was_not_played_has_no_effect() -> None:
    async with running(TalkdownSettings(automatic=True, cooldown=0)) as place:
        place.outcome = Outcome.FAILED
        place.judged(1)
        await asyncio.sleep(30)
        place.refusal = TransientError("quiet hours", "wait", code="quiet_hours")
        place.judged(2)
        await asyncio.sleep(30)
        assert place.told == []
        place.outcome, place.refusal = Outcome.PLAYED, None
        place.judged(3)
        await asyncio.sleep(40)
        assert len(place.told) == 2


async def test_a_crowd_is_bounded_and_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.talkdown.automatic._REMEMBERED", 50)
    async with running(TalkdownSettings(automatic=True, cooldown=0)) as place:
        assert sum(place.judged(track) for track in range(100)) == CASES
        place.people.clear()
        await asyncio.sleep(10)
        for track in range(100, 180):
            assert place.judged(track)
            place.people.clear()
            await asyncio.sleep(3)
        assert len(place.automatic._attended) == 50
        assert not place.automatic._open


async def test_only_the_verdicts_that_were_chosen() -> None:
    async with running() as place:
        assert not place.judged(1, Verdict.INCORRECT)
        assert place.judged(1)


@pytest.mark.parametrize(("settings", "policy"), [(TalkdownSettings(), SITE), (ON, STREET)])
async def test_silent_unless_switched_on_and_allowed(settings: Any, policy: Any) -> None:
    assert not Place(settings, policy).judged(1)


async def test_a_forbidden_setting_is_refused_with_the_remedy() -> None:
    assert refusal(ON, SITE) == ""
    assert refusal(TalkdownSettings(), STREET) == ""
    assert "talkdown.automatic to false" in refusal(ON, STREET)


async def test_an_escalation_that_is_no_message_is_refused() -> None:
    with pytest.raises(ValueError, match="escalation 'shout' is no message; there are: mask"):
        TalkdownSettings(escalation=("shout",))
