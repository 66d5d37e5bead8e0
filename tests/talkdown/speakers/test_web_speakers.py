"""Axis and Hikvision against servers of our own that follow the published protocols; no real device was at hand."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import pytest
from pydantic import ValidationError

from edge_agent.errors import PermanentError, TransientError
from edge_agent.talkdown.rtsp.g711 import Codec, encode
from edge_agent.talkdown.sound import resampled
from edge_agent.talkdown.speakers import Speaker, SpeakerSettings
from edge_agent.talkdown.speakers.axis import AxisSettings
from edge_agent.talkdown.speakers.hikvision import HikvisionSettings
from tests.peers.peer import free_port
from tests.peers.speakers import PASSWORD, USER, Heard, axis, hikvision
from tests.talkdown.conftest import chirp

KINDS: dict[type[SpeakerSettings], Callable[[], AbstractAsyncContextManager[Heard]]] = {
    AxisSettings: axis,
    HikvisionSettings: hikvision,
}


def nothing() -> None:
    pass


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> type[SpeakerSettings]:
    chosen: type[SpeakerSettings] = request.param
    return chosen


@pytest.fixture
async def device(kind: type[SpeakerSettings]) -> AsyncIterator[Heard]:
    async with KINDS[kind]() as made:
        yield made


async def built(kind: type[SpeakerSettings], url: str, password: str = PASSWORD, **more: object) -> Speaker:
    settings = kind.model_validate({"url": url, "username": USER, "password": password, **more})
    return await asyncio.to_thread(settings.build)  # loads a library, as the agent does before its loop runs


async def test_it_hears_every_sample_in_step_with_time(kind: type[SpeakerSettings], device: Heard) -> None:
    loop, started = asyncio.get_running_loop(), list[float]()
    begun = loop.time()
    speech = chirp(1.0)
    await (await built(kind, device.url)).play(speech, lambda: started.append(loop.time()))
    assert device.sound == encode(resampled(speech, 8000).samples, Codec.PCMU)
    assert len(started) == 1
    assert loop.time() - begun >= speech.seconds
    first, halfway = device.arrivals[0][0], next(at for at, count in device.arrivals if count > 6400)
    assert halfway - first > 0.4, "it was poured out at once"


async def test_a_probe_is_silent(kind: type[SpeakerSettings], device: Heard) -> None:
    assert "PCMU at 8000 Hz" in await (await built(kind, device.url)).probe()
    assert (device.sound, device.requests) == (b"", [])


async def test_a_wrong_password(kind: type[SpeakerSettings], device: Heard) -> None:
    with pytest.raises(PermanentError, match="refuses the password of user 'speaker'"):
        await (await built(kind, device.url, "guess")).play(chirp(0.2), nothing)


async def test_it_hangs_up_in_mid_sentence_and_takes_the_next(kind: type[SpeakerSettings], device: Heard) -> None:
    device.drops_after = 2000
    speaker = await built(kind, device.url)
    with pytest.raises(TransientError):
        await speaker.play(chirp(1.0), nothing)
    device.drops_after = 0
    await speaker.play(chirp(0.2), nothing)
    assert not device.open


async def test_stopped_in_mid_sentence_it_is_free_for_the_next(kind: type[SpeakerSettings], device: Heard) -> None:
    speaker, started = await built(kind, device.url), asyncio.Event()
    task = asyncio.create_task(speaker.play(chirp(20.0), started.set))
    await asyncio.wait_for(started.wait(), 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not device.open
    device.sound = b""
    await speaker.play(chirp(0.2), nothing)
    assert len(device.sound) == 1600


async def test_nobody_there(kind: type[SpeakerSettings]) -> None:
    with pytest.raises(TransientError, match="cannot reach 127"):
        await (await built(kind, f"http://127.0.0.1:{free_port()}")).play(chirp(0.2), nothing)


async def test_somebody_who_does_not_answer(kind: type[SpeakerSettings]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # accepts by itself, and then nobody is there
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        with pytest.raises(TransientError, match=r"did not answer within 0\.3 s"):
            await (await built(kind, url, timeout=0.3)).play(chirp(0.2), nothing)


async def test_axis_busy_without_audio_and_in_wide_band() -> None:
    async with axis() as device:
        device.busy = True
        with pytest.raises(TransientError, match="somebody else speaks"):
            await (await built(AxisSettings, device.url)).play(chirp(0.2), nothing)
        device.busy, device.audio = False, "no"
        with pytest.raises(PermanentError, match="has no audio"):
            await (await built(AxisSettings, device.url)).play(chirp(0.2), nothing)
        device.audio = "yes"
        await (await built(AxisSettings, device.url, rate=16000)).play(chirp(0.2), nothing)
        assert (len(device.sound), device.kinds[-1]) == (3200, "audio/axis-mulaw-128")


async def test_hikvision_opens_speaks_and_closes_and_frees_a_channel_left_open() -> None:
    async with hikvision() as device:
        device.open = True
        await (await built(HikvisionSettings, device.url)).play(chirp(0.2), nothing)
        assert device.requests == ["open", "close", "open", "audioData", "close"]
        device.open = device.busy = True
        with pytest.raises(TransientError, match="somebody else speaks"):
            await (await built(HikvisionSettings, device.url)).play(chirp(0.2), nothing)


async def test_hikvision_in_a_law_and_in_a_codec_of_its_own() -> None:
    async with hikvision() as device:
        device.codec = "G.711alaw"
        await (await built(HikvisionSettings, device.url)).play(chirp(0.2), nothing)
        assert device.sound == encode(resampled(chirp(0.2), 8000).samples, Codec.PCMA)
        device.codec = "AAC"
        with pytest.raises(PermanentError, match=r"set to AAC: set it to G\.711ulaw"):
            await (await built(HikvisionSettings, device.url)).play(chirp(0.2), nothing)


@pytest.mark.parametrize("url", ["rtsp://x/", "http://u:p@x/", "http://x/path", "http://x y", "http://"])
def test_an_unfit_address_is_refused(kind: type[SpeakerSettings], url: str) -> None:
    with pytest.raises(ValidationError):
        kind.model_validate({"url": url})
