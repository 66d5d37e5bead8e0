import asyncio
from pathlib import Path

import pytest

from edge_agent.errors import AgentError, PermanentError, TransientError
from edge_agent.talkdown.request import Request
from edge_agent.talkdown.settings import TalkdownSettings
from edge_agent.values.event import Outcome
from tests.talkdown.stage import Site, started


async def test_played_with_a_receipt_that_says_everything(site: Site) -> None:
    said = await site.say()
    await site.until_sounding(said)
    site.speaker.finish.release()
    (receipt,) = await site.until_told(1)
    assert (receipt.utterance, receipt.outcome, receipt.actor, receipt.message) == (said, Outcome.PLAYED, "anna", "m")
    assert (receipt.language, receipt.text, receipt.reason) == ("fr", "", "")
    assert receipt.seconds == pytest.approx(1.4, abs=0.01)
    assert [change and change.utterance for change in site.changes] == [said, None]


async def test_equals_wait_for_their_turn_and_the_urgent_goes_first(site: Site) -> None:
    first = await site.say()
    await site.until_sounding(first)
    second, third = await site.say(10), await site.say(40)
    for _ in range(3):
        site.speaker.finish.release()
    await site.until_told(3)
    assert [receipt.utterance for receipt in site.receipts] == [first, third, second]
    assert site.speaker.most == 1


async def test_the_more_urgent_interrupts(site: Site) -> None:
    low = await site.say(10)
    await site.until_sounding(low)
    high = await site.say(90)
    await site.until_sounding(high)
    site.speaker.finish.release()
    stopped, played = await site.until_told(2)
    assert (stopped.utterance, stopped.outcome) == (low, Outcome.STOPPED)
    assert "more urgent" in stopped.reason
    assert 0 <= stopped.seconds < 1.4
    assert (played.utterance, played.outcome) == (high, Outcome.PLAYED)


async def test_a_hundred_requests_at_once_are_bounded_and_all_accounted_for(site: Site) -> None:
    sounding = await site.say()
    await site.until_sounding(sounding)
    answers = await asyncio.gather(*(site.say() for _ in range(100)), return_exceptions=True)
    refusals = [answer for answer in answers if isinstance(answer, TransientError)]
    assert [refusal.code for refusal in refusals] == ["busy"] * 98
    for _ in range(3):
        site.speaker.finish.release()
    await site.until_told(101)
    assert list(site.outcomes().values()).count(Outcome.PLAYED) == 3


async def test_in_a_full_queue_the_urgent_displaces_the_least(site: Site) -> None:
    sounding = await site.say(50)
    await site.until_sounding(sounding)
    old, young, urgent = await site.say(10), await site.say(10), await site.say(20)
    assert site.outcomes() == {young: Outcome.REFUSED}
    for _ in range(3):
        site.speaker.finish.release()
    await site.until_told(4)
    assert [receipt.utterance for receipt in site.receipts[1:]] == [sounding, urgent, old]


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (Request("anna", message="nope"), "message_unknown"),
        (Request("anna", text="x" * 10_000), "text_too_long"),
        (Request("anna", text=" "), "text_empty"),
    ],
)
async def test_a_refusal_is_raised_and_told(site: Site, request_: Request, code: str) -> None:
    with pytest.raises(PermanentError) as error:
        await site.announcer.say(request_)
    (receipt,) = site.receipts
    assert (error.value.code, receipt.outcome, receipt.reason) == (code, Outcome.REFUSED, error.value.reason)
    assert len(receipt.text) <= 500


@pytest.mark.parametrize("error", [TransientError("drops", "wait"), PermanentError("no loudspeaker", "buy one")])
async def test_a_failure_is_told_and_the_next_one_is_played(site: Site, error: AgentError) -> None:
    site.speaker.error = error
    await site.say()
    (receipt,) = await site.until_told(1)
    assert (receipt.outcome, receipt.reason, receipt.remedy) == (Outcome.FAILED, error.reason, error.remedy)
    assert receipt.seconds == 0
    assert site.changes == []
    site.speaker.error = None
    site.speaker.finish.release()
    await site.say()
    assert (await site.until_told(2))[1].outcome is Outcome.PLAYED


async def test_a_recording_that_is_gone_fails_with_its_name(site: Site) -> None:
    await site.say(message="lost")
    (receipt,) = await site.until_told(1)
    assert receipt.outcome is Outcome.FAILED
    assert "lost.wav" in receipt.reason


async def test_hush_silences_everything_and_the_next_one_is_played(site: Site) -> None:
    sounding = await site.say()
    await site.until_sounding(sounding)
    waiting = await site.say()
    site.announcer.hush("berta")
    await site.until_told(2)
    assert site.outcomes() == {sounding: Outcome.STOPPED, waiting: Outcome.STOPPED}
    assert {receipt.reason for receipt in site.receipts} == {"stopped by berta"}
    site.announcer.hush("berta")
    site.speaker.finish.release()
    await site.say()
    assert (await site.until_told(3))[2].outcome is Outcome.PLAYED


async def test_leaving_tells_what_was_not_said(settings: TalkdownSettings, tmp_path: Path) -> None:
    async with started(settings, tmp_path) as site:
        sounding = await site.say()
        await site.until_sounding(sounding)
        waiting = await site.say()
    assert site.outcomes() == {sounding: Outcome.STOPPED, waiting: Outcome.STOPPED}
    assert site.speaker.playing == 0
    assert site.changes[-1] is None


async def test_whoever_waits_gets_the_receipt_whatever_becomes_of_it(site: Site) -> None:
    site.speaker.error = TransientError("drops", "wait")
    assert (await site.announcer.utter(Request("rule:mask", message="m"))).outcome is Outcome.FAILED
    site.speaker.error = None
    site.speaker.finish.release()
    assert (await site.announcer.utter(Request("rule:mask", message="m"))).outcome is Outcome.PLAYED
    waiting = [asyncio.create_task(site.announcer.utter(Request("rule:mask", message="m"))) for _ in range(2)]
    await site.until_sounding(await site.say(90))
    site.announcer.hush("berta")
    assert {(await task).outcome for task in waiting} == {Outcome.STOPPED}
    with pytest.raises(PermanentError, match="no message"):
        await site.announcer.utter(Request("rule:mask", message="nope"))
