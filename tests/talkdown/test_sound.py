import io
import wave
from fractions import Fraction

import av
import numpy as np
import pytest

from edge_agent.errors import PermanentError
from edge_agent.talkdown.loudness import TARGET, loudness
from edge_agent.talkdown.sound import (
    BEFORE,
    BEHIND,
    RATE,
    from_wav,
    joined,
    mastered,
    read_sound,
    resampled,
    to_wav,
)
from edge_agent.values.speech import Speech
from tests.talkdown.conftest import chirp, likeness


def wav(channels: int, width: int, rate: int, seconds: float) -> bytes:
    """A recording of the chirp with any number of bytes a sample."""
    samples = np.repeat(chirp(seconds, rate).samples.astype("<i4") << 16, channels)
    raw = samples.view(np.uint8).reshape(-1, 4)[:, 4 - width :].tobytes()
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((channels, width, rate, 0, "NONE", ""))
        writer.writeframes(raw)
    return file.getvalue()


@pytest.mark.parametrize(("channels", "width", "rate"), [(1, 2, 8000), (2, 2, 44_100), (1, 3, 96_000), (2, 3, 96_000)])
def test_any_recording_becomes_the_same_sound(channels: int, width: int, rate: int) -> None:
    speech = read_sound(wav(channels, width, rate, 1.0), "it")
    assert speech.rate == RATE
    assert abs(speech.seconds - 1.0) < 0.01
    correlation, level = likeness(resampled(speech, 8000).samples, chirp(1.0, 8000).samples[:7900])
    assert correlation > 0.99
    assert abs(level) < 0.5


def test_a_compressed_recording_is_read_too() -> None:
    file = io.BytesIO()
    with av.open(file, "w", format="ogg") as container:
        stream = container.add_stream("flac", rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(chirp(1.0).samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = RATE
        frame.time_base = Fraction(1, RATE)
        frame.pts = 0
        container.mux([*stream.encode(frame), *stream.encode(None)])
    assert np.array_equal(read_sound(file.getvalue(), "it").samples, chirp(1.0).samples)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no sound that can be read"),
        (b"RIFF" + bytes(200), "no sound that can be read"),
        (wav(1, 2, 8000, 0.0), "holds no sound|can be read"),
        (wav(1, 2, 8000, 61.0), "longer than 60 s"),
    ],
)
def test_a_recording_that_cannot_be_said_is_named(data: bytes, why: str) -> None:
    with pytest.raises(PermanentError, match=why) as error:
        read_sound(data, "recording fire.wav")
    assert "recording fire.wav" in error.value.reason
    assert error.value.remedy


def test_a_film_without_sound_is_refused() -> None:
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as container:
        stream = container.add_stream("mjpeg", rate=1)
        stream.width = stream.height = 16
        stream.pix_fmt = "yuvj420p"
        container.mux([*stream.encode(av.VideoFrame(16, 16, "yuvj420p")), *stream.encode(None)])
    with pytest.raises(PermanentError, match="no audio in it"):
        read_sound(file.getvalue(), "it")


@pytest.mark.parametrize("gain", [0.05, 0.4, 1.0])
def test_every_message_is_as_loud_as_the_next(gain: float) -> None:
    quiet = Speech((chirp(1.5).samples * gain).astype(np.int16), RATE)
    loud = mastered(quiet, "it")
    spoken = loud.samples[int(BEFORE * RATE) : -int(BEHIND * RATE)]
    assert loudness(spoken / 32767, RATE) == pytest.approx(TARGET, abs=0.5)
    assert not loud.samples[: int(BEFORE * RATE)].any()
    assert not loud.samples[-int(BEHIND * RATE) :].any()
    assert np.abs(resampled(loud, 8000).samples.astype(int)).max() < 32767


def test_silence_is_not_called_a_message() -> None:
    with pytest.raises(PermanentError, match="nothing is to be heard in it"):
        mastered(Speech(np.zeros(1000, np.int16), RATE), "it")


def test_what_lies_above_the_new_rate_does_not_come_back_as_another_tone() -> None:
    time = np.arange(RATE) / RATE
    high = Speech((np.sin(2 * np.pi * 6000 * time) * 20000).astype(np.int16), RATE)
    left = resampled(high, 8000).samples[100:-100].astype(float)
    assert 20 * np.log10(left.std() / high.samples.std()) < -40


def test_languages_are_joined_with_a_pause() -> None:
    assert joined([chirp(1.0), chirp(2.0)]).seconds == pytest.approx(3.5, abs=0.001)


def test_wav_there_and_back() -> None:
    assert np.array_equal(from_wav(to_wav(chirp(0.1))).samples, chirp(0.1).samples)


@pytest.mark.parametrize(
    "broken", [b"", b"RIFF", to_wav(chirp(0.1))[:-2], to_wav(chirp(0.1))[:40], wav(2, 2, RATE, 0.1)]
)
def test_a_broken_wav_is_told(broken: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        from_wav(broken)
