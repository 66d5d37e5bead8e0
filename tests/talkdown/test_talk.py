"""A person's own voice at the loudspeaker."""

import asyncio

import pytest

from edge_agent.errors import PermanentError, TransientError
from edge_agent.values.event import Outcome
from tests.talkdown.stage import FakeTalk, Site


async def test_who_talks_interrupts_a_message_and_nobody_else_is_taken_meanwhile(site: Site) -> None:
    message = await site.say(100)
    await site.until_sounding(message)
    talk = asyncio.create_task(site.announcer.talk("anna", FakeTalk()))
    (stopped,) = await site.until_told(1)
    assert (stopped.utterance, stopped.outcome) == (message, Outcome.STOPPED)
    await site.until(lambda: bool(site.changes[-1] and site.changes[-1].live))
    playing = site.changes[-1]
    assert playing is not None
    assert (playing.actor, playing.text, playing.message) == ("anna", "", "")
    with pytest.raises(TransientError, match="anna is talking here") as error:
        await site.say(100)
    assert error.value.code == "talking"
    with pytest.raises(TransientError, match="anna is talking here"):
        await site.announcer.talk("berta", FakeTalk())
    site.speaker.finish.release()
    assert await talk == ""
    receipts = await site.until_told(4)
    assert [(one.actor, one.outcome, one.live) for one in receipts[1:]] == [
        ("anna", Outcome.REFUSED, False),
        ("berta", Outcome.REFUSED, True),
        ("anna", Outcome.PLAYED, True),
    ]
    assert receipts[3].started is not None
    assert receipts[3].ended is not None
    assert receipts[3].asked <= receipts[3].started <= receipts[3].ended
    site.speaker.finish.release()
    await site.say()
    assert (await site.until_told(5))[4].outcome is Outcome.PLAYED


async def test_a_talk_that_broke_off_was_not_played(site: Site) -> None:
    site.speaker.finish.release()
    assert await site.announcer.talk("anna", FakeTalk("the connection failed")) == "the connection failed"
    (receipt,) = await site.until_told(1)
    assert (receipt.outcome, receipt.reason) == (Outcome.STOPPED, "the connection failed")


async def test_a_talk_is_stopped_and_given_up_and_fails_like_a_message(site: Site) -> None:
    talk = asyncio.create_task(site.announcer.talk("anna", FakeTalk()))
    await site.until(lambda: bool(site.changes))
    site.announcer.hush("berta")
    assert await talk == "stopped by berta"
    talk = asyncio.create_task(site.announcer.talk("anna", FakeTalk()))
    await site.until(lambda: len(site.changes) == 3)
    talk.cancel()
    await site.until_told(2)
    assert talk.cancelled()
    site.speaker.error = PermanentError("no loudspeaker", "buy one")
    with pytest.raises(TransientError, match="no loudspeaker: buy one"):
        await site.announcer.talk("anna", FakeTalk())
    assert [one.outcome for one in site.receipts] == [Outcome.STOPPED, Outcome.STOPPED, Outcome.FAILED]
