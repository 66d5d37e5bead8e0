"""Sound in memory: read from files of any kind, resampled, mastered for an outdoor loudspeaker."""

import io
import wave
from collections.abc import Iterator, Sequence

import av
import numpy as np
from numpy.typing import NDArray

from edge_agent.errors import PermanentError
from edge_agent.talkdown.loudness import CEILING, normalised
from edge_agent.values.speech import Speech

RATE = 22_050
"""Samples a second of everything before a loudspeaker resamples it: what espeak-ng and most Piper voices speak at."""

LONGEST = 60.0
"""Seconds that one message may sound; nobody stands still for longer."""

MOST_GAIN = 10 ** (30 / 20)
"""At most 30 dB louder: a recording that needs more is noise."""

BEFORE, BEHIND = 0.1, 0.3
"""Seconds of silence: an amplifier that wakes swallows the first syllable, a jitter buffer that closes the last."""

BETWEEN = 0.5
"""Seconds of silence between two languages."""


_SWELL = 0.05
"""Seconds in which a tone swells, so that it does not click."""


class _Unreadable(Exception):  # noqa: N818 - not an error of ours: told on as one with the file's name
    pass


def read_sound(data: bytes, name: str) -> Speech:
    """Returns any sound file that FFmpeg reads, as mono at ``RATE``; blocks, for a thread.

    Args:
        data: the file's content.
        name: what a person calls it, for errors.

    Raises:
        PermanentError: it is no sound, broken, or longer than ``LONGEST``.
    """
    parts: list[NDArray[np.int16]] = []
    left = int(LONGEST * RATE)
    try:
        for part in _resampled(_frames(data), RATE):
            left -= len(part)
            if left < 0:
                raise PermanentError(f"{name} sounds longer than {LONGEST:g} s", "shorten it")
            parts.append(part)
    except (av.FFmpegError, _Unreadable) as exc:
        raise PermanentError(f"{name} is no sound that can be read ({exc})", "export it as WAV, 16 bit PCM") from exc
    if not parts:
        raise PermanentError(f"{name} holds no sound", "export it as WAV, 16 bit PCM")
    return _speech(np.concatenate(parts), RATE)


def resampled(speech: Speech, rate: int) -> Speech:
    """Returns the same sound at another rate through swresample's low-pass filter; blocks, for a thread."""
    if rate == speech.rate:
        return speech
    frame = av.AudioFrame.from_ndarray(speech.samples.reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = speech.rate
    return _speech(np.concatenate(list(_resampled([frame], rate))), rate)


def mastered(speech: Speech, name: str) -> Speech:
    """Returns a message as loud as every other (see ``loudness``), between two silences; blocks, for a thread.

    Args:
        speech: as recorded or spoken.
        name: what a person calls it, for errors.

    Raises:
        PermanentError: nothing is to be heard in it.
    """
    full = np.iinfo(np.int16).max
    sound = speech.samples / full
    if np.abs(sound).max(initial=0.0) * MOST_GAIN < CEILING / 2:
        raise PermanentError(f"nothing is to be heard in {name}", "use other words, or record it louder")
    loud = np.rint(normalised(sound, speech.rate, MOST_GAIN) * full).astype(np.int16)
    return _speech(np.concatenate([_silence(BEFORE, speech.rate), loud, _silence(BEHIND, speech.rate)]), speech.rate)


def joined(speeches: Sequence[Speech]) -> Speech:
    """Returns messages of one rate, one after another."""
    pause = _silence(BETWEEN, speeches[0].rate)
    parts = [speeches[0].samples]
    for speech in speeches[1:]:
        parts += [pause, speech.samples]
    return _speech(np.concatenate(parts), speeches[0].rate)


def tone() -> Speech:
    """Returns a second of a tone that rises through a telephone's band, to hear what a loudspeaker can do."""
    time = np.arange(RATE) / RATE
    swell = np.minimum(1.0, np.minimum(time, 1.0 - time) / _SWELL)
    return _framed(np.sin(2 * np.pi * (400 + 500 * time) * time) * swell)


def chime() -> Speech:
    """Returns two falling notes that make people look up; in a telephone's band."""
    time = np.arange(int(0.5 * RATE)) / RATE
    fall = np.minimum(1.0, time / 0.01) * np.exp(-5 * time)
    notes = [np.sin(2 * np.pi * pitch * time) * fall for pitch in (659.3, 523.3)]
    return _framed(np.concatenate(notes))


def softened(speech: Speech, decibels: float) -> Speech:
    """Returns the same sound at another volume; 0 and less, so nothing is cut off."""
    if not decibels:
        return speech
    return _speech(np.rint(speech.samples * 10 ** (decibels / 20)).astype(np.int16), speech.rate)


def to_wav(speech: Speech) -> bytes:
    """Returns a WAV file, 16 bit PCM mono."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, speech.rate, 0, "NONE", ""))
        writer.writeframes(speech.samples.astype("<i2").tobytes())
    return file.getvalue()


def from_wav(data: bytes) -> Speech:
    """Returns what ``to_wav`` wrote.

    Raises:
        ValueError: it is not that, or cut short.
    """
    try:
        with wave.open(io.BytesIO(data), "rb") as reader:
            if (reader.getnchannels(), reader.getsampwidth()) != (1, 2):
                raise ValueError("not 16 bit mono")
            samples = np.frombuffer(reader.readframes(reader.getnframes()), "<i2").astype(np.int16)
            if not len(samples) or len(samples) != reader.getnframes():
                raise ValueError("cut short")
            return _speech(samples, reader.getframerate())
    except (wave.Error, EOFError) as exc:
        raise ValueError("no WAV file") from exc


def _frames(data: bytes) -> Iterator[av.AudioFrame]:
    with av.open(io.BytesIO(data), "r") as container:
        if not container.streams.audio:
            raise _Unreadable("no audio in it")
        yield from container.decode(container.streams.audio[0])


def _resampled(frames: Iterator[av.AudioFrame] | Sequence[av.AudioFrame], rate: int) -> Iterator[NDArray[np.int16]]:
    """Mixes to mono and resamples; a change of form in mid-stream is refused by swresample's graph."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
    try:
        for frame in frames:
            frame.pts = None
            for out in resampler.resample(frame):
                yield np.asarray(out.to_ndarray(), np.int16).ravel()
        for out in resampler.resample(None):
            yield np.asarray(out.to_ndarray(), np.int16).ravel()
    except ValueError as exc:
        raise _Unreadable(str(exc)) from exc


def _framed(sound: NDArray[np.float64]) -> Speech:
    """Returns a sound of full scale 1 at a message's level, between two silences."""
    samples = np.rint(sound * CEILING * np.iinfo(np.int16).max).astype(np.int16)
    return _speech(np.concatenate([_silence(BEFORE, RATE), samples, _silence(BEHIND, RATE)]), RATE)


def _silence(seconds: float, rate: int) -> NDArray[np.int16]:
    return np.zeros(round(seconds * rate), np.int16)


def _speech(samples: NDArray[np.int16], rate: int) -> Speech:
    samples.flags.writeable = False
    return Speech(samples, rate)
