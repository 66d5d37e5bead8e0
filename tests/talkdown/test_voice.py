"""With the real espeak-ng."""

import stat
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.errors import PermanentError
from edge_agent.talkdown.cache import SoundCache
from edge_agent.talkdown.espeak import Espeak, parse_voices
from edge_agent.talkdown.messages import CATALOGUE, MessageSettings
from edge_agent.talkdown.request import Request
from edge_agent.talkdown.settings import TalkdownSettings
from edge_agent.talkdown.sound import to_wav
from edge_agent.talkdown.voice import Line, Voice
from tests.peers.peer import missing
from tests.talkdown.conftest import chirp

espeak = pytest.mark.skipif(bool(missing("espeak-ng")), reason="needs espeak-ng: apt-get install espeak-ng")


@pytest.fixture
def voice(tmp_path: Path) -> Voice:
    return Voice(TalkdownSettings(), SoundCache(tmp_path / "voice"))


@pytest.fixture
def no_espeak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))


@espeak
@pytest.mark.parametrize("language", CATALOGUE["mask"].languages)
async def test_the_catalogue_can_be_said_in_all_its_languages(voice: Voice, language: str) -> None:
    speech = await voice.speech(voice.script(Request("me", message="mask", languages=(language,))))
    assert 3.0 < speech.seconds < 12.0


@espeak
async def test_languages_differ_and_an_unknown_one_is_not_spoken_in_another(voice: Voice) -> None:
    sounds = {name: (await voice.speech([Line(name, "Information")])).samples for name in ("fr", "en", "en-us", "de")}
    assert len({sound.tobytes() for sound in sounds.values()}) == 4
    with pytest.raises(PermanentError, match="no voice for language 'xx'") as error:
        await voice.speech([Line("xx", "Information")])
    assert "--voices" in error.value.remedy


@espeak
async def test_markup_and_commands_are_read_out_not_obeyed(voice: Voice) -> None:
    plain = await voice.speech(voice.script(Request("me", text="hello", languages=("en",))))
    for text in ("<break time='50s'/> hello", "[[h@l'oU]] hello", "\x015s hello", "hello\x00", "-w /tmp/x hello"):
        speech = await voice.speech(voice.script(Request("me", text=text, languages=("en",))))
        assert plain.seconds <= speech.seconds < 10


@espeak
@pytest.mark.parametrize("text", ["مرحبا", "😷 mask", "a" * 500, "1234567890 " * 4])
async def test_odd_words_are_said(voice: Voice, text: str) -> None:
    speech = await voice.speech(voice.script(Request("me", text=text, languages=("en",))))
    assert speech.seconds > 0.5


@espeak
async def test_words_without_a_sound_are_not_called_played(voice: Voice) -> None:
    with pytest.raises(PermanentError, match="the text in 'en'"):
        await voice.speech(voice.script(Request("me", text="...", languages=("en",))))


@espeak
async def test_a_text_is_rendered_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    voice = Voice(TalkdownSettings(), SoundCache(tmp_path))
    first = await voice.speech([Line("fr", "Bonjour")])
    voice_file = await voice._espeak.voice("fr")

    async def broken(*_: object) -> bytes:
        raise AssertionError

    monkeypatch.setattr(Espeak, "speak", broken)
    assert np.array_equal((await voice.speech([Line("fr", "Bonjour")])).samples, first.samples)
    assert voice_file == "roa/fr"


@espeak
async def test_a_disk_that_takes_nothing_does_not_silence_the_voice(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    voice = Voice(TalkdownSettings(), SoundCache(tmp_path / "file"))
    assert (await voice.speech([Line("fr", "Bonjour")])).seconds > 0.5


async def test_no_espeak(voice: Voice, no_espeak: None) -> None:
    with pytest.raises(PermanentError, match="espeak-ng is not installed: apt install espeak-ng"):
        await voice.speech([Line("fr", "Bonjour")])
    assert len(await voice.prepare()) == 5


async def test_an_espeak_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "espeak-ng"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setattr("edge_agent.talkdown.program.TIMEOUT", 0.2)
    with pytest.raises(Exception, match="did not finish within"):
        await Espeak().speak("hello", "en", 150)


async def test_a_recording_needs_no_voice(tmp_path: Path, no_espeak: None) -> None:
    recording = tmp_path / "mask.wav"
    recording.write_bytes(to_wav(chirp(1.0)))
    settings = TalkdownSettings(messages={"m": MessageSettings(recordings={"fr": recording}, texts={"en": "hi"})})
    voice = Voice(settings, SoundCache(tmp_path / "voice"))
    script = voice.script(Request("me", message="m", languages=("fr",)))
    for _ in range(2):
        assert (await voice.speech(script)).seconds == pytest.approx(1.4, abs=0.01)
    recording.unlink()
    with pytest.raises(PermanentError, match=r"mask\.wav cannot be read .*: correct its path"):
        await voice.speech(script)


def test_a_script_says_what_was_asked_for(voice: Voice) -> None:
    assert [line.language for line in voice.script(Request("me", message="mask"))] == ["fr", "en"]
    assert [line.language for line in voice.script(Request("me", message="mask", languages=("it",)))] == ["it"]
    assert voice.script(Request("me", text="  bon\u202e jour\x07 ", languages=("fr",))) == (Line("fr", "bon jour"),)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (Request("me"), "arguments_invalid"),
        (Request("me", message="mask", text="x"), "arguments_invalid"),
        (Request("me", message="x" * 10_000), "message_unknown"),
        (Request("me", message="mask", languages=("nl",)), "language_unknown"),
        (Request("me", text="x" * 501), "text_too_long"),
        (Request("me", text=" \x00\n"), "text_empty"),
    ],
)
def test_a_refusal_says_why_and_what_would_do(voice: Voice, request_: Request, code: str) -> None:
    with pytest.raises(PermanentError) as error:
        voice.script(request_)
    assert error.value.code == code
    assert error.value.remedy
    assert len(str(error.value)) < 300


LISTING = """Pty Language       Age/Gender VoiceName          File                 Other Languages
 5  fr-be           --/M      French_(Belgium)   roa/fr-BE            (fr 8)
 5  fr-fr           --/M      French_(France)    roa/fr               (fr 5)
 2  en-gb           --/M      English_(Great_Britain) gmw/en               (en 2)
 2  en-us           --/M      English_(America)  gmw/en-US            (en 3)
 7  fr-fr           --/M      french-mbrola-1    mb/mb-fr1            (fr 1)
"""


def test_the_nearest_voice_of_a_language_is_chosen() -> None:
    voices = parse_voices(LISTING)
    assert voices == {
        "fr-be": "roa/fr-BE",
        "fr-fr": "roa/fr",
        "fr": "roa/fr",
        "en-gb": "gmw/en",
        "en": "gmw/en",
        "en-us": "gmw/en-US",
    }


@given(st.text(max_size=300))
def test_any_listing_is_survived(listing: str) -> None:
    parse_voices(listing)


def test_placeholders_are_filled_with_the_camera_that_speaks(tmp_path: Path) -> None:
    said = MessageSettings(texts={"en": "You are at {place}, seen by {camera}."}, chime=True, repeat=2)
    settings = TalkdownSettings(messages={"m": said}, languages=("en",))
    voice = Voice(settings, SoundCache(tmp_path)).at(place="the {camera}", camera="Gate")
    script = voice.script(Request("me", message="m"))
    assert [line.text for line in script] == ["You are at the {camera}, seen by Gate."] * 2
    assert [line.chime for line in script] == [True, True]
    assert voice.script(Request("me", text="a {place}"))[0].text == "a {place}"


@pytest.mark.parametrize("text", ["at {plaice}", "at {place.__class__}", "at {", "{place!r}"])
def test_an_unknown_placeholder_is_refused_where_it_is_written(text: str) -> None:
    with pytest.raises(ValueError, match=r"there are \{place\} and \{camera\}"):
        MessageSettings(texts={"en": text})


async def test_a_chime_comes_first(tmp_path: Path, no_espeak: None) -> None:
    recording = tmp_path / "mask.wav"
    recording.write_bytes(to_wav(chirp(1.0)))
    voice = Voice(TalkdownSettings(), SoundCache(tmp_path / "voice"))
    speech = await voice.speech([Line("fr", "", recording, chime=True)])
    assert speech.seconds == pytest.approx(1.4 + 0.5 + 1.4, abs=0.01)
