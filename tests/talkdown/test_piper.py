"""Piper by a stand-in with its command line; the real one (piper-tts 1.8, voice ``joe``) was tried by hand."""

import asyncio
import json
import stat
from pathlib import Path

import pytest

from edge_agent.talkdown.cache import SoundCache
from edge_agent.talkdown.settings import TalkdownSettings
from edge_agent.talkdown.voice import Line, Voice
from tests.peers.peer import missing
from tests.talkdown.conftest import chirp

espeak = pytest.mark.skipif(bool(missing("espeak-ng")), reason="needs espeak-ng: apt-get install espeak-ng")
LINE = Line("en", "Hello there.")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A voice of 16 000 samples a second, and a program that plays a chirp for it and notes what it was told."""
    chosen = tmp_path / "en_GB-someone-low.onnx"
    chosen.write_bytes(b"weights")
    (tmp_path / "en_GB-someone-low.onnx.json").write_text(json.dumps({"audio": {"sample_rate": 16_000}}))
    (tmp_path / "sound.raw").write_bytes(chirp(1.0, 16_000).samples.tobytes())
    program = tmp_path / "piper"
    folder = f"cd '{tmp_path}'"
    program.write_text(f'#!/bin/sh\n{folder}\necho "$@" >> arguments\ncat >> words\ncat sound.raw\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return chosen


def speaking(model: Path, **more: object) -> Voice:
    settings = TalkdownSettings.model_validate(
        {"voices": {"en": model}, "piper": str(model.with_name("piper")), "speed": 120, **more}
    )
    return Voice(settings, SoundCache(model.parent / "cache"))


async def test_piper_speaks_the_languages_that_it_has_a_voice_for_once(model: Path) -> None:
    for _ in range(2):
        speech = await speaking(model).speech([LINE])
        assert speech.voice == "Piper en_GB-someone-low"
        assert (speech.rate, round(speech.seconds, 2)) == (22_050, 1.4)
    said = (model.with_name("words").read_text(), model.with_name("arguments").read_text())
    assert said == ("Hello there.\n", f"--model {model} --length-scale 1.25 --output-raw\n")
    await asyncio.to_thread(model.write_bytes, b"other weights")
    await speaking(model).speech([LINE])
    assert model.with_name("words").read_text() == "Hello there.\n" * 2


@espeak
@pytest.mark.parametrize(
    ("lacks", "why"),
    [
        ("piper", "is not installed: pipx install piper-tts"),
        ("en_GB-someone-low.onnx", "en_GB-someone-low.onnx cannot be read (No such file or directory): put"),
        ("en_GB-someone-low.onnx.json", "en_GB-someone-low.onnx.json cannot be read"),
        ("sound.raw", "piper failed (exit code 1): install it again"),
    ],
)
async def test_without_piper_espeak_speaks_and_says_so(
    model: Path, lacks: str, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    model.with_name(lacks).unlink()
    speech = await speaking(model).speech([LINE])
    assert speech.voice == "espeak-ng gmw/en"
    assert "espeak-ng speaks en instead of Piper" in caplog.text
    assert why in caplog.text


@espeak
async def test_a_broken_description_is_named(model: Path, caplog: pytest.LogCaptureFixture) -> None:
    model.with_name("en_GB-someone-low.onnx.json").write_text("{}")
    assert (await speaking(model).speech([LINE])).voice == "espeak-ng gmw/en"
    assert "describes no voice of Piper" in caplog.text
