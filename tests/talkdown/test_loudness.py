"""Against figures of ITU-R BS.1770 and EBU Tech 3341, and against FFmpeg's own meter."""

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.talkdown.loudness import CEILING, TARGET, Sound, loudness, normalised, true_peak
from edge_agent.talkdown.sound import RATE, to_wav
from edge_agent.values.speech import Speech
from tests.peers.peer import missing

needs_ffmpeg = pytest.mark.skipif(bool(missing("ffmpeg")), reason="needs ffmpeg: apt-get install ffmpeg")


def sine(pitch: float, level: float, seconds: float, rate: int = 48_000) -> Sound:
    """A tone whose peak is at a level in dB of full scale."""
    return np.asarray(10 ** (level / 20) * np.sin(2 * np.pi * pitch * np.arange(int(seconds * rate)) / rate))


def speechlike(seed: int, seconds: float, crest: float = 4.0) -> Sound:
    """Noise in syllables, with peaks as speech has."""
    random = np.random.default_rng(seed)
    count = int(seconds * RATE)
    swell = np.abs(np.sin(2 * np.pi * 2.0 * np.arange(count) / RATE)) ** crest
    return np.asarray(random.normal(0, 0.05, count) * swell)


@pytest.mark.parametrize("rate", [RATE, 48_000])
@pytest.mark.parametrize(("level", "told"), [(0.0, -3.01), (-20.0, -23.01), (-30.0, -33.01)])
def test_a_tone_of_997_hz_reads_as_the_standard_says(level: float, told: float, rate: int) -> None:
    assert loudness(sine(997, level, 5.0, rate), rate) == pytest.approx(told, abs=0.1)


def test_silence_around_it_makes_nothing_softer() -> None:
    tone = sine(997, -20, 5.0)
    assert loudness(np.concatenate([np.zeros(480_000), tone, np.zeros(480_000)]), 48_000) == pytest.approx(
        -23.2, abs=0.2
    )


@pytest.mark.parametrize("sound", [np.zeros(0), np.zeros(100), np.zeros(48_000), np.full(48_000, 1e-6)])
def test_silence_has_no_loudness(sound: Sound) -> None:
    assert loudness(sound, 48_000) == -np.inf


def test_what_lies_between_the_samples_counts() -> None:
    between = np.sin(np.pi / 2 * np.arange(4800) + np.pi / 4)  # every sample at 0.707, the wave at 1
    assert np.abs(between).max() < 0.71
    assert true_peak(between[:4800] * np.hanning(4800)) == pytest.approx(1.0, abs=0.02)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 999), level=st.floats(-25, 10), seconds=st.floats(0.5, 4))
def test_whatever_comes_in_goes_out_alike(seed: int, level: float, seconds: float) -> None:
    out = normalised(speechlike(seed, seconds) * 10 ** (level / 20), RATE, 1000.0)
    assert loudness(out, RATE) == pytest.approx(TARGET, abs=0.5)
    assert true_peak(out) <= CEILING * 1.05


def test_no_more_gain_than_allowed() -> None:
    faint = speechlike(1, 1.0) * 1e-4
    assert np.abs(normalised(faint, RATE, 10.0)).max() <= np.abs(faint).max() * 10.0001


@needs_ffmpeg
@pytest.mark.parametrize("seed", [1, 2])
def test_ffmpegs_meter_agrees(tmp_path: Path, seed: int) -> None:
    out = normalised(speechlike(seed, 4.0, crest=seed * 2.0), RATE, 100.0)
    (tmp_path / "it.wav").write_bytes(to_wav(Speech(np.rint(out * 32767).astype(np.int16), RATE)))
    command = ["ffmpeg", "-hide_banner", "-nostdin", "-i", str(tmp_path / "it.wav"), "-af", "ebur128=peak=true"]
    said = subprocess.run([*command, "-f", "null", "-"], capture_output=True, text=True, check=True).stderr
    assert float(re.findall(r"I: +(-[\d.]+) LUFS", said)[-1]) == pytest.approx(loudness(out, RATE), abs=0.2)
    assert float(re.findall(r"Peak: +(-[\d.]+) dBFS", said)[-1]) <= -2.5
