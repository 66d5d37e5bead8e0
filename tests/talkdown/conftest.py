"""Sounds to speak, and what a camera heard of them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.talkdown.messages import MessageSettings
from edge_agent.talkdown.settings import TalkdownSettings
from edge_agent.talkdown.sound import to_wav
from edge_agent.values.speech import Speech
from tests.talkdown.stage import Site, started

_FINER = 8
"""Places between two samples where a piece may begin."""


def chirp(seconds: float, rate: int = 22_050) -> Speech:
    """A tone that rises and swells, so that no moment of it is like another."""
    time = np.arange(int(seconds * rate)) / rate
    sound = np.sin(2 * np.pi * (300 + 300 * time / seconds) * time) * (0.3 + 0.5 * np.sin(np.pi * time / seconds))
    return Speech((sound * 32000).astype(np.int16), rate)


def likeness(heard: NDArray[np.int16], source: NDArray[np.int16]) -> tuple[float, float]:
    """Returns correlation and level in dB of what was heard, aligned with its source; both at 8000 a second."""
    size = 1 << (len(heard) + len(source)).bit_length()
    spectrum = np.fft.rfft(heard.astype(float), size) * np.fft.rfft(source.astype(float), size).conj()
    offset = int(np.fft.irfft(spectrum, size)[: max(1, len(heard) - len(source) + 1)].argmax())
    part = heard[offset : offset + len(source)].astype(float)
    assert len(part) == len(source), f"heard {len(part)} of {len(source)} samples"
    level = 10 * np.log10((part**2).mean() / (source.astype(float) ** 2).mean())
    return float(np.corrcoef(part, source)[0, 1]), float(level)


def babble(seconds: float, rate: int = 22_050, seed: int = 0) -> Speech:
    """Noise in syllables, as broad as speech and like no other seed's."""
    chance = np.random.default_rng(seed)
    count = int(seconds * rate)
    turns = np.arange(0, count + rate, rate // 8)
    syllables = np.interp(np.arange(count), turns, chance.random(len(turns)))
    return Speech((6000 * syllables**2 * np.clip(chance.standard_normal(count), -3, 3)).astype(np.int16), rate)


class Found(NamedTuple):
    """Where a piece of a source was heard.

    Attributes:
        correlation: with what was heard there.
        level: of what was heard there, in dB above the source's.
        at: seconds into what was heard.
    """

    correlation: float
    level: float
    at: float


def nearest(heard: NDArray[np.int16], piece: NDArray[np.int16]) -> Found:
    """Returns where a piece was heard best; 8000 samples a second, found to a fraction of one.

    Between samples, for a resampler and a codec delay by no whole number of them: half a sample makes 0.98 of 800 Hz.
    """
    sound = np.pad(heard.astype(float), (0, max(0, len(piece) - len(heard))))
    power = np.cumsum(np.concatenate([[0.0], sound**2]))
    energy = np.maximum(power[len(piece) :] - power[: -len(piece)], 1.0)
    shape = 1 << (len(sound) + len(piece)).bit_length()
    spectrum = np.fft.rfft(sound, shape) * np.fft.rfft(piece.astype(float), shape).conj()
    dots = _FINER * np.fft.irfft(spectrum, _FINER * shape)[: _FINER * (len(energy) - 1) + 1]
    best = int((dots / np.sqrt(np.repeat(energy, _FINER)[: len(dots)] + len(piece) * 1e4)).argmax())
    norm = max(float((piece.astype(float) ** 2).sum()), 1.0)
    there = energy[best // _FINER]
    level = 10 * np.log10(there / norm)
    return Found(float(dots[best] / np.sqrt(there * norm)), float(level), best / _FINER / 8000)


def pieces(heard: NDArray[np.int16], source: NDArray[np.int16], seconds: float = 0.5) -> list[Found]:
    """Returns how each piece of a source was heard, wherever that was; 8000 samples a second.

    For what passed a jitter buffer: on a busy machine that plays a while slower, as it should, and shifts the rest.
    """
    size = int(seconds * 8000)
    return [nearest(heard, source[start : start + size]) for start in range(0, len(source) - size + 1, size)]


def gaps(heard: NDArray[np.int16]) -> list[float]:
    """Returns the silences between the first sound and the last in seconds, longest first; 8000 samples a second."""
    loud = np.flatnonzero(np.abs(heard.astype(int)) > 200)
    return sorted((np.diff(loud) / 8000).tolist(), reverse=True)


@pytest.fixture
def settings(tmp_path: Path) -> TalkdownSettings:
    (tmp_path / "m.wav").write_bytes(to_wav(chirp(1.0)))
    message = MessageSettings(recordings={"fr": tmp_path / "m.wav"})
    lost = MessageSettings(recordings={"fr": tmp_path / "lost.wav"})
    return TalkdownSettings(messages={"m": message, "lost": lost}, queue=2)


@pytest.fixture
async def site(settings: TalkdownSettings, tmp_path: Path) -> AsyncIterator[Site]:
    async with started(settings, tmp_path) as made:
        yield made
