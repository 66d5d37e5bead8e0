import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.aio.clock import SystemClock
from edge_agent.errors import AgentError, PermanentError, TransientError
from edge_agent.talkdown.announcer import Announcer
from edge_agent.talkdown.cache import SoundCache
from edge_agent.talkdown.floor import Floor
from edge_agent.talkdown.hours import Hours, VolumeHours
from edge_agent.talkdown.manners import Manners
from edge_agent.talkdown.messages import MessageSettings
from edge_agent.talkdown.request import Playing, Request
from edge_agent.talkdown.settings import TalkdownSettings
from edge_agent.talkdown.sound import to_wav
from edge_agent.talkdown.voice import Voice
from edge_agent.values.event import Outcome, TalkdownReceipt
from edge_agent.values.ids import CameraId
from edge_agent.values.speech import Sound, Speech
from tests.talkdown.conftest import chirp

DEADLINE = 5.0


class FakeSpeaker:
    """Sounds until it is told to finish or to fail."""

    def __init__(self) -> None:
        self.playing = 0
        self.most = 0
        self.error: AgentError | None = None
        self.finish = asyncio.Semaphore(0)
        self.peaks: list[int] = []

    async def play(self, sound: Sound, started: Callable[[], None]) -> None:
        self.playing += 1
        self.most = max(self.most, self.playing)
        try:
            if self.error is not None:
                raise self.error
            blocks = [sound.samples] if isinstance(sound, Speech) else list(sound.blocks(8000, 160))
            self.peaks.append(max(int(np.abs(block).max()) for block in blocks))
            started()
            await self.finish.acquire()
        finally:
            self.playing -= 1

    async def probe(self) -> str:
        return "anything"


class Site:
    """An announcer with everything around it."""

    def __init__(self, settings: TalkdownSettings, folder: Path, manners: Manners) -> None:
        self.speaker = FakeSpeaker()
        self.receipts: list[TalkdownReceipt] = []
        self.changes: list[Playing | None] = []
        self._news = asyncio.Event()
        voice = Voice(settings, SoundCache(folder))
        self.announcer = Announcer(
            CameraId("gate"),
            self.speaker,
            voice,
            manners,
            SystemClock(),
            told=self._told,
            changed=self._changed,
        )

    async def _told(self, receipt: TalkdownReceipt) -> None:
        self.receipts.append(receipt)
        self._news.set()

    def _changed(self, playing: Playing | None) -> None:
        self.changes.append(playing)
        self._news.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def until_told(self, count: int) -> list[TalkdownReceipt]:
        await self.until(lambda: len(self.receipts) >= count)
        return self.receipts

    async def until_sounding(self, utterance: UUID) -> None:
        await self.until(lambda: any(now is not None and now.utterance == utterance for now in self.changes[-1:]))

    async def say(self, priority: int | None = None, message: str = "m") -> UUID:
        return await self.announcer.say(Request("anna", message=message, priority=priority))

    def outcomes(self) -> dict[UUID, Outcome]:
        assert len({receipt.utterance for receipt in self.receipts}) == len(self.receipts), "two receipts for one"
        return {receipt.utterance: receipt.outcome for receipt in self.receipts}


@pytest.fixture
def settings(tmp_path: Path) -> TalkdownSettings:
    (tmp_path / "m.wav").write_bytes(to_wav(chirp(1.0)))
    message = MessageSettings(recordings={"fr": tmp_path / "m.wav"})
    lost = MessageSettings(recordings={"fr": tmp_path / "lost.wav"})
    return TalkdownSettings(messages={"m": message, "lost": lost}, queue=2)


@asynccontextmanager
async def started(settings: TalkdownSettings, tmp_path: Path, manners: Manners | None = None) -> AsyncIterator[Site]:
    if manners is None:
        manners = await asyncio.to_thread(Manners, settings, SystemClock())
    site = Site(settings, tmp_path / "voice", manners)
    task = asyncio.create_task(site.announcer.run())
    try:
        yield site
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture
async def site(settings: TalkdownSettings, tmp_path: Path) -> AsyncIterator[Site]:
    async with started(settings, tmp_path) as made:
        yield made


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


async def test_a_camera_without_a_loudspeaker_refuses(settings: TalkdownSettings, tmp_path: Path) -> None:
    receipts = []

    async def told(receipt: TalkdownReceipt) -> None:
        receipts.append(receipt.outcome)

    voice = Voice(settings, SoundCache(tmp_path / "voice"))
    announcer = Announcer(
        CameraId("gate"),
        None,
        voice,
        Manners(settings, SystemClock()),
        SystemClock(),
        told=told,
        changed=lambda _: None,
    )
    with pytest.raises(PermanentError, match=r"camera gate has no loudspeaker: set cameras\.gate\.speaker"):
        await announcer.say(Request("anna", message="m"))
    assert receipts == [Outcome.REFUSED]


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


async def test_two_loudspeakers_of_one_square_speak_one_after_the_other(
    settings: TalkdownSettings, tmp_path: Path
) -> None:
    floor = Floor()
    manners = [Manners(settings, SystemClock(), floor=floor) for _ in range(2)]
    async with started(settings, tmp_path, manners[0]) as left, started(settings, tmp_path, manners[1]) as right:
        first = await left.say()
        await left.until_sounding(first)
        second = await right.say()
        await left.say(0)
        left.speaker.finish.release()
        await right.until_sounding(second)
        assert left.speaker.playing == 0
        urgent = await left.say(90)
        await left.until_sounding(urgent)
        (stopped,) = await right.until_told(1)
        assert (stopped.utterance, stopped.outcome) == (second, Outcome.STOPPED)
        assert "more urgent" in stopped.reason


async def test_in_quiet_hours_only_the_urgent_is_said(settings: TalkdownSettings, tmp_path: Path) -> None:
    hours = [Hours(begin=time(0), end=time(12)), Hours(begin=time(12), end=time(0))]
    quiet = settings.model_copy(update={"quiet": tuple(hours), "time_zone": "Europe/Paris"})
    async with started(quiet, tmp_path) as site:
        with pytest.raises(TransientError, match="quiet hours until") as error:
            await site.say()
        assert error.value.code == "quiet_hours"
        assert [receipt.outcome for receipt in site.receipts] == [Outcome.REFUSED]
        await site.until_sounding(await site.say(60))


async def test_softer_by_camera_and_time_of_day(settings: TalkdownSettings, tmp_path: Path) -> None:
    hours = [VolumeHours(begin=time(0), end=time(12), volume=-14), VolumeHours(begin=time(12), end=time(0), volume=-14)]
    soft = settings.model_copy(update={"volumes": tuple(hours), "time_zone": "Europe/Paris"})
    peaks = []
    for changed, volume in ((settings, 0.0), (soft, -6.0)):
        manners = await asyncio.to_thread(Manners, changed, SystemClock(), volume=volume)
        async with started(settings, tmp_path, manners) as site:
            await site.until_sounding(await site.say())
            peaks += site.speaker.peaks
    assert 20 * np.log10(peaks[1] / peaks[0]) == pytest.approx(-20, abs=0.1)


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


@dataclass
class FakeTalk:
    """A voice of a few blocks."""

    broken: str = ""

    def blocks(self, rate: int, size: int) -> Iterator[NDArray[np.int16]]:
        assert rate == 8000
        for _ in range(5):
            yield np.full(size, 10_000, np.int16)


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


async def test_one_person_talks_in_a_square_and_who_waits_there_gives_way(
    settings: TalkdownSettings, tmp_path: Path
) -> None:
    floor = Floor()
    manners = [Manners(settings, SystemClock(), floor=floor) for _ in range(2)]
    async with started(settings, tmp_path, manners[0]) as left, started(settings, tmp_path, manners[1]) as right:
        message = await right.say()
        await right.until_sounding(message)
        talk = asyncio.create_task(left.announcer.talk("anna", FakeTalk()))
        assert (await right.until_told(1))[0].outcome is Outcome.STOPPED
        with pytest.raises(TransientError, match="anna is talking"):
            await right.announcer.talk("berta", FakeTalk())
        left.speaker.finish.release()
        assert await talk == ""


async def test_the_volume_is_set_while_it_runs(site: Site) -> None:
    await site.until_sounding(await site.say())
    site.announcer.set_volume(-20.0)
    assert site.announcer.volume == -20.0
    site.speaker.finish.release()
    await site.until_told(1)
    await site.until_sounding(await site.say())
    assert 20 * np.log10(site.speaker.peaks[1] / site.speaker.peaks[0]) == pytest.approx(-20, abs=0.1)
    site.speaker.finish.release()
    site.speaker.finish.release()
    await site.announcer.talk("anna", FakeTalk())
    assert site.speaker.peaks[2] == 1000
