"""A camera that hears itself, in a room of GStreamer's."""

import threading
from collections.abc import Callable, Generator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.aio.clock import SystemClock
from edge_agent.capture.sources.rtsp import RtspSettings
from edge_agent.talkdown import ear as ear_module
from edge_agent.talkdown.ear import Ear, described
from edge_agent.talkdown.settings import TalkdownSettings
from edge_agent.talkdown.speakers.backchannel import BackchannelSettings
from edge_agent.values.event import Outcome
from tests.peers.rtsp_camera import Camera
from tests.talkdown.conftest import babble
from tests.talkdown.stage import started

Cameras = Callable[..., Camera]


@pytest.mark.parametrize(
    ("room", "words"),
    [
        (("--ear", "0.1", "0.6", "0.02"), "own microphone heard it"),
        (("--ear", "0", "0.6", "0.02"), "did NOT hear it"),
        (("--ear", "0", "0", "0"), "nothing but silence"),
        ((), "sends no sound"),
    ],
)
async def test_a_camera_tells_whether_it_heard_itself(camera: Cameras, room: tuple[str, ...], words: str) -> None:
    there = camera(None, *room)
    ear = Ear(RtspSettings(url=there.url).microphone(), SystemClock())
    found = await ear.check(BackchannelSettings(url=there.url).build(), babble(3.0), lambda: None)
    assert words in described(found), found
    if found.heard:
        assert found.delay is not None
        assert 0.5 <= found.delay <= 1.5


class Silence:
    """See ``Microphone``; of a camera whose microphone is off."""

    def __init__(self) -> None:
        self.open = 0

    def sound(self, rate: int, stop: threading.Event) -> Generator[NDArray[np.int16]]:
        self.open += 1
        try:
            while not stop.wait(0.01):
                yield np.zeros(rate // 100, np.int16)
        finally:
            self.open -= 1


async def test_the_receipt_tells_it_and_nobody_listens_longer(
    settings: TalkdownSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ear_module, "REST", 0.05)
    microphone = Silence()
    async with started(settings, tmp_path, ear=Ear(microphone, SystemClock())) as site:
        assert microphone.open == 0
        await site.until_sounding(await site.say())
        site.speaker.finish.release()
        (receipt,) = await site.until_told(1)
        assert (receipt.outcome, microphone.open) == (Outcome.PLAYED, 0)
        assert receipt.acoustic is not None
        assert receipt.acoustic.heard is None
        assert "silence" in receipt.acoustic.reason


async def test_the_more_urgent_does_not_wait_for_the_listening_and_what_was_played_was_played(
    settings: TalkdownSettings, tmp_path: Path
) -> None:
    microphone = Silence()
    async with started(settings, tmp_path, ear=Ear(microphone, SystemClock())) as site:
        await site.until_sounding(await site.say())
        site.speaker.finish.release()
        await site.speaker.idle.wait()
        urgent = await site.say(90)
        await site.until_sounding(urgent)
        (receipt,) = site.receipts
        assert (receipt.outcome, receipt.reason) == (Outcome.PLAYED, "")
        assert receipt.acoustic is not None
        assert "more urgent" in receipt.acoustic.reason
        site.announcer.hush("berta")
        assert (await site.until_told(2))[1].outcome is Outcome.STOPPED
    assert microphone.open == 0
