"""Against the real GStreamer camera: its microphone file holds what was spoken."""

import asyncio
import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from edge_agent.errors import PermanentError, TransientError
from edge_agent.talkdown.rtsp.carrier import Udp
from edge_agent.talkdown.sound import resampled
from edge_agent.talkdown.speakers.backchannel import BackchannelSettings
from edge_agent.values.speech import Speech
from tests.peers.rtsp_camera import Camera
from tests.talkdown.conftest import chirp, gaps, likeness, pieces

Cameras = Callable[..., Camera]
FILLED_WITHIN = 0.01
"""Seconds; see ``--fill`` in ``camera.py``."""
GUARDED = ("--user", "admin", "--password", "se:cret")


def nothing() -> None:
    pass


@pytest.fixture
def speech() -> Speech:
    return chirp(1.5)


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("voice", ["pcmu", "pcma"])
async def test_the_camera_hears_the_message(camera: Cameras, speech: Speech, transport: str, voice: str) -> None:
    there = camera(None, "--voice", voice, *GUARDED)
    settings = BackchannelSettings.model_validate(
        {"url": there.url, "username": "admin", "password": "se:cret", "transport": transport}
    )
    begun = asyncio.get_running_loop().time()
    started = []
    await settings.build().play(speech, lambda: started.append(asyncio.get_running_loop().time()))
    took = asyncio.get_running_loop().time() - started[0]
    assert started[0] - begun < 5.0
    assert speech.seconds <= took < speech.seconds + 1.0
    correlation, level = likeness(there.heard(), resampled(speech, 8000).samples)
    assert correlation >= 0.99
    assert abs(level) < 0.5


@pytest.mark.parametrize(("transport", "alike"), [("udp", 0.95), ("udp-twice", 0.999)])
async def test_two_of_a_hundred_datagrams_lost_are_no_gap(
    camera: Cameras, monkeypatch: pytest.MonkeyPatch, transport: str, alike: float
) -> None:
    there, passed = camera(None, "--fill"), Udp._send
    count = 0

    def lose(udp: Udp, end: socket.socket, packet: bytes) -> None:
        nonlocal count
        count += 1
        if count % 50 != 25:
            passed(udp, end, packet)

    monkeypatch.setattr(Udp, "_send", lose)
    speech = chirp(3.0)
    settings = BackchannelSettings.model_validate({"url": there.url, "transport": transport})
    await settings.build().play(speech, nothing)
    heard, source = there.heard(), resampled(speech, 8000).samples
    found = pieces(heard, source[:-400])
    # A packet's 20 ms of silence leave 0.98 of half a second.
    assert min(piece.correlation for piece in found) >= alike
    assert max(abs(piece.level) for piece in found) <= 1.0
    # Nothing shifts what follows by more than the camera may when it fills the holes.
    shifts = [piece.at - 0.5 * number for number, piece in enumerate(found)]
    assert max(shifts) - min(shifts) <= FILLED_WITHIN
    assert gaps(heard)[0] <= 0.04


@pytest.mark.parametrize("voice", ["l16", "mpeg4-generic", "g726-16", "g726-24", "g726-32", "g726-40"])
async def test_the_camera_hears_every_codec_that_it_may_ask_for(camera: Cameras, speech: Speech, voice: str) -> None:
    there = camera(None, "--voice", voice)
    speaker = BackchannelSettings(url=there.url).build()
    assert (await speaker.probe()).startswith(voice.upper())
    await speaker.play(speech, nothing)
    heard = there.heard() if voice == "l16" else decoded(there.heard_file, voice)
    # The camera's own resampler keeps the last milliseconds, for it never learns that this was the end.
    correlation, level = likeness(heard, resampled(speech, 8000).samples[:-100])
    assert correlation >= (0.95 if voice == "g726-16" else 0.99)
    assert abs(level) < 0.5


def decoded(codes: Path, voice: str) -> NDArray[np.int16]:
    """Returns what FFmpeg's program makes of what the depayloader kept."""
    g726 = (
        ["-f", "g726le", "-code_size", str(int(voice[-2:]) // 8), "-sample_rate", "8000"]
        if voice[-2:].isdigit()
        else []
    )
    command = ["ffmpeg", *(g726 or ["-f", "aac"]), "-i", str(codes), "-f", "s16le", "-ac", "1", "-ar", "8000", "-"]
    out = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(out, np.int16)


async def test_wrong_password(camera: Cameras, speech: Speech) -> None:
    there = camera(None, *GUARDED)
    settings = BackchannelSettings.model_validate({"url": there.url, "username": "admin", "password": "guess"})
    with pytest.raises(PermanentError, match="refuses the password of user 'admin'") as error:
        await settings.build().play(speech, nothing)
    assert "guess" not in str(error.value)


async def test_no_password_where_one_is_asked_for(camera: Cameras, speech: Speech) -> None:
    there = camera(None, *GUARDED)
    with pytest.raises(PermanentError, match="asks for a password"):
        await BackchannelSettings(url=there.url).build().play(speech, nothing)


async def test_a_camera_that_wants_the_password_in_clear_does_not_get_it(camera: Cameras, speech: Speech) -> None:
    there = camera(None, *GUARDED, "--basic")
    settings = BackchannelSettings.model_validate({"url": there.url, "username": "admin", "password": "se:cret"})
    with pytest.raises(PermanentError, match="no safe way"):
        await settings.build().play(speech, nothing)


async def test_a_camera_without_a_loudspeaker(camera: Cameras, speech: Speech) -> None:
    there = camera(None, "--no-backchannel")
    with pytest.raises(PermanentError, match="offers no loudspeaker") as error:
        await BackchannelSettings(url=there.url).build().play(speech, nothing)
    assert "kind of speaker" in error.value.remedy


async def test_the_camera_loses_its_power_in_mid_sentence(camera: Cameras) -> None:
    there = camera()
    started = asyncio.Event()
    task = asyncio.create_task(BackchannelSettings(url=there.url).build().play(chirp(20.0), started.set))
    await started.wait()
    there.kill()
    with pytest.raises(TransientError, match="into the sentence"):
        await task


async def test_the_camera_hangs_in_mid_sentence(camera: Cameras) -> None:
    there = camera()
    started = asyncio.Event()
    settings = BackchannelSettings(url=there.url, timeout=0.5)
    task = asyncio.create_task(settings.build().play(chirp(3.0), started.set))
    await started.wait()
    there.freeze()
    with pytest.raises(TransientError, match=r"takes no more sound|did not answer"):
        await task
    there.thaw()


async def test_cancelled_at_any_moment_the_camera_is_free_for_the_next(camera: Cameras, speech: Speech) -> None:
    there = camera(None, *GUARDED)
    settings = BackchannelSettings.model_validate({"url": there.url, "username": "admin", "password": "se:cret"})
    for delay in np.linspace(0.0, 0.3, 8):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(float(delay)):
                await settings.build().play(speech, nothing)
    await settings.build().play(speech, nothing)
    assert likeness(there.heard(), resampled(speech, 8000).samples)[0] >= 0.99


async def test_twenty_utterances_leave_nothing_behind(camera: Cameras) -> None:
    there = camera()
    speaker = BackchannelSettings(url=there.url).build()
    await speaker.play(chirp(0.1), nothing)
    before = _open_files(), len(asyncio.all_tasks())
    for _ in range(20):
        await speaker.play(chirp(0.1), nothing)
    assert (_open_files(), len(asyncio.all_tasks())) == before
    assert len(there.heard()) == 21 * 800


def _open_files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - counted, not read


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://camera/x", "begin it with rtsp"),
        ("rtsp://", "begin it with rtsp"),
        ("rtsp://admin:secret@camera/x", "into username and password"),
        ("rtsp://camera/a b", "without spaces"),
        ("rtsp://camera/a\r\nX: y", "without spaces"),
        ("rtsp://camera:99999/", "ort"),
    ],
)
def test_an_unfit_address_is_refused_with_the_remedy(url: str, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        BackchannelSettings(url=url)


def test_the_password_is_in_no_text(tmp_path: Path) -> None:
    settings = BackchannelSettings.model_validate({"url": "rtsp://camera/", "username": "u", "password": "se:cret"})
    assert "se:cret" not in f"{settings!r} {settings.build().__dict__}"
