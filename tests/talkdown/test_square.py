"""How loudspeakers behave towards each other and the hour: turns in a square, quiet hours, volumes."""

import asyncio
from datetime import time
from pathlib import Path

import numpy as np
import pytest

from edge_agent.aio.clock import SystemClock
from edge_agent.errors import TransientError
from edge_agent.talkdown.floor import Floor
from edge_agent.talkdown.hours import Hours, VolumeHours
from edge_agent.talkdown.manners import Manners
from edge_agent.talkdown.settings import TalkdownSettings
from edge_agent.values.event import Outcome
from tests.talkdown.stage import FakeTalk, Site, started


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
