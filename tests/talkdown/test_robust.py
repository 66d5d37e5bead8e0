"""What strangers and installers may hand over: it is said, or refused with a reason, a remedy and a code."""

import asyncio
import io
import os
import wave
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.errors import PermanentError
from edge_agent.talkdown.cache import SoundCache
from edge_agent.talkdown.messages import LONGEST_TEXT, MessageSettings
from edge_agent.talkdown.request import Request
from edge_agent.talkdown.settings import TalkdownSettings
from edge_agent.talkdown.voice import Line, Voice
from tests.peers.peer import missing
from tests.talkdown.conftest import chirp

espeak = pytest.mark.skipif(bool(missing("espeak-ng")), reason="needs espeak-ng: apt-get install espeak-ng")


@pytest.fixture
def voice(tmp_path: Path) -> Voice:
    return Voice(TalkdownSettings(languages=("en",)), SoundCache(tmp_path / "voice"))


def hour() -> bytes:
    """An hour of sound in 29 MB."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 1, 8000, 0, "NONE", ""))
        writer.writeframes(bytes([128, 160]) * 4000 * 3600)
    return file.getvalue()


def studio() -> bytes:
    """A second in stereo with 24 bits at 96 kHz."""
    samples = chirp(1.0, 96_000).samples
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((2, 3, 96_000, 0, "NONE", ""))
        writer.writeframes(b"".join(b"\0" + sample.tobytes() for sample in samples for _ in range(2)))
    return file.getvalue()


@espeak
@pytest.mark.parametrize(
    "text",
    [
        "<speak><prosody volume='x-loud'>Bonjour</prosody><break time='3600s'/></speak>",
        "Masks please 😷👨‍👩‍👧🇫🇷",
        "\u202eplease wear a mask\u202c",
        "يرجى ارتداء الكمامة",
        "請戴口罩",
        "e\u0301" * 200,
        "A" * LONGEST_TEXT,
        "1" * LONGEST_TEXT,
        "...mask?!" * 50,
    ],
)
async def test_odd_words_are_said_within_bounds(voice: Voice, text: str) -> None:
    speech, refused = None, ""
    try:
        speech = await voice.speech(voice.script(Request("anna", text=text)))
    except PermanentError as exc:
        refused = exc.reason
    assert speech is None or 0.4 < speech.seconds < 62
    assert speech or "longer than 60 s" in refused  # five hundred digits sound for minutes


@given(st.text(max_size=3 * LONGEST_TEXT))
def test_any_text_is_refused_with_a_code_or_comes_out_clean(text: str) -> None:
    voice = Voice(TalkdownSettings(), SoundCache(Path("nowhere")))
    said, refused = "", PermanentError("")
    try:
        said = voice.script(Request("anna", text=text))[0].text
    except PermanentError as exc:
        refused = exc
    assert said == " ".join(said.split())
    assert said.isprintable() or set("\u200c\u200d") & set(said)
    assert said or (refused.remedy and refused.code in {"text_empty", "text_too_long", "arguments_invalid"})


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (hour, r"longer than 60 s: shorten it"),
        (lambda: b"", "no sound that can be read"),
        (lambda: b"RIFF" + bytes(100), "no sound that can be read"),
        (lambda: studio()[:30], "no sound that can be read|holds no sound"),
        (lambda: b"#!/bin/sh\nrm -rf /\n" * 100, "no sound that can be read"),
    ],
)
async def test_a_recording_that_cannot_be_said_is_refused_by_its_name(
    voice: Voice, tmp_path: Path, content: object, why: str
) -> None:
    path = tmp_path / "message.wav"
    path.write_bytes(content())  # type: ignore[operator] # parametrised
    with pytest.raises(PermanentError, match=why) as error:
        await voice.speech([Line("fr", "", path)])
    assert "message.wav" in error.value.reason


async def test_a_studio_recording_is_said(voice: Voice, tmp_path: Path) -> None:
    (tmp_path / "studio.wav").write_bytes(studio())
    assert (await voice.speech([Line("fr", "", tmp_path / "studio.wav")])).seconds == pytest.approx(1.4, abs=0.02)


async def test_a_folder_or_a_pipe_is_no_recording(voice: Voice, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "missing"):
        with pytest.raises(PermanentError, match="cannot be read"):
            await voice.speech([Line("fr", "", path)])


async def test_a_hundred_at_once_render_one_recording(tmp_path: Path) -> None:
    (tmp_path / "it.wav").write_bytes(studio())
    message = MessageSettings(recordings={"fr": tmp_path / "it.wav"})
    voice = Voice(TalkdownSettings(messages={"it": message}), SoundCache(tmp_path / "voice"))
    script = voice.script(Request("anna", message="it"))
    speeches = await asyncio.gather(*(voice.speech(script) for _ in range(100)))
    assert len({speech.samples.tobytes() for speech in speeches}) == 1
    assert len(list((tmp_path / "voice").iterdir())) == 1
