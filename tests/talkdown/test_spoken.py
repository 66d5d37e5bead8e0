"""From a request to the camera's loudspeaker, everything real."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_agent.aio.clock import SystemClock
from edge_agent.talkdown.announcer import Announcer
from edge_agent.talkdown.cache import SoundCache
from edge_agent.talkdown.manners import Manners
from edge_agent.talkdown.performer import Performer
from edge_agent.talkdown.request import Playing, Request
from edge_agent.talkdown.settings import TalkdownSettings
from edge_agent.talkdown.sound import resampled
from edge_agent.talkdown.speakers.backchannel import BackchannelSettings
from edge_agent.talkdown.voice import Voice
from edge_agent.values.event import Outcome, TalkdownReceipt
from edge_agent.values.ids import CameraId
from tests.peers.peer import missing
from tests.peers.rtsp_camera import Camera
from tests.talkdown.conftest import likeness


@pytest.mark.skipif(bool(missing("espeak-ng")), reason="needs espeak-ng: apt-get install espeak-ng")
async def test_the_mask_message_is_heard_by_the_camera(camera: Callable[..., Camera], tmp_path: Path) -> None:
    there = camera()
    settings = TalkdownSettings()
    voice = Voice(settings, SoundCache(tmp_path))
    assert await voice.prepare() == []
    loop = asyncio.get_running_loop()
    receipts: asyncio.Queue[TalkdownReceipt] = asyncio.Queue()
    sounding: list[tuple[float, Playing | None]] = []
    performer = Performer(
        BackchannelSettings(url=there.url).build(),
        voice,
        Manners(settings, SystemClock()),
        SystemClock(),
        changed=lambda playing: sounding.append((loop.time(), playing)),
    )
    announcer = Announcer(CameraId("gate"), performer, told=receipts.put)
    request = Request("anna", message="mask", languages=("fr",))
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(announcer.run())
        asked = loop.time()
        await announcer.say(request)
        receipt = await asyncio.wait_for(receipts.get(), 30)
        running.cancel()
    assert receipt.outcome is Outcome.PLAYED
    assert receipt.text == settings.messages["mask"].texts["fr"]
    # 300 ms is the goal on a quiet machine; the test only guards against seconds.
    assert sounding[0][0] - asked < 3.0
    source = resampled(await voice.speech(voice.script(request)), 8000).samples
    correlation, level = likeness(there.heard(), source)
    assert correlation >= 0.98
    assert abs(level) < 0.5
