"""How loud something is to an ear, and making it as loud as everything else (ITU-R BS.1770-5, EBU R 128)."""

import numpy as np
from numpy.typing import NDArray

TARGET = -18.0
"""LUFS of everything that is said: some 3 dB louder than speech whose peak is at the ceiling, and still clear."""

CEILING = 10 ** (-3 / 20)
"""True peak in fractions of full scale, -3 dB: resampling afterwards and a camera's codec may overshoot a little."""

_NEAR = 0.2
"""Loudness units within which the target is met; nobody hears less than one."""

_TRIES = 6
"""Limiting costs loudness, which more gain brings back, nearly all of it in the second round."""

_SILENCE = -70.0
_BELOW = -10.0
"""LUFS of the absolute gate, and loudness units of the relative one."""

_PIECE = 0.01
"""Seconds in which a limiter turns down before a peak, and up again behind it."""

Sound = NDArray[np.float64]
"""Mono (n,), full scale 1."""


def loudness(sound: Sound, rate: int) -> float:
    """Returns integrated loudness in LUFS, -inf where nothing passes the gate; blocks, for a thread."""
    size, step = min(int(0.4 * rate), len(sound)), max(1, int(0.1 * rate))
    if not size:
        return -np.inf
    energy = np.concatenate([[0.0], np.cumsum(_weighted(sound, rate) ** 2)])
    starts = np.arange(0, len(sound) - size + 1, step)
    blocks = (energy[starts + size] - energy[starts]) / size
    blocks = blocks[_levels(blocks) > _SILENCE]
    if not len(blocks):
        return -np.inf
    return _level(blocks[_levels(blocks) > _level(blocks.mean()) + _BELOW].mean())


def true_peak(sound: Sound) -> float:
    """Returns the highest value between the samples too, in fractions of full scale."""
    return float(_envelope(sound).max(initial=0.0))


def normalised(sound: Sound, rate: int, most: float) -> Sound:
    """Returns a sound at ``TARGET`` whose true peak keeps below ``CEILING``; blocks, for a thread.

    Args:
        sound: neither empty nor silent.
        rate: samples a second.
        most: factor that it is made louder by at the most; a sound that needs more comes out softer.
    """
    gain, out = 1.0, sound
    for _ in range(_TRIES):
        missing = TARGET - loudness(out, rate)
        if abs(missing) <= _NEAR or not np.isfinite(missing):
            break
        gain = min(gain * 10 ** (missing / 20), most)
        out = _limited(sound * gain, rate)
    return _limited(out, rate)


def _limited(sound: Sound, rate: int) -> Sound:
    """Returns a sound that was turned down around its peaks.

    The gain goes in straight lines from the middle of one piece to that of the next, each at most what the loudest of
    three neighbours allows, so it is never too high and has no step that could be heard.
    """
    needed = np.minimum(1.0, CEILING / np.maximum(_envelope(sound), CEILING))
    size = int(_PIECE * rate)
    lowest = np.pad(needed, (0, -len(needed) % size), constant_values=1.0).reshape(-1, size).min(axis=1)
    if lowest.min() == 1.0:
        return sound
    around = np.pad(lowest, 1, constant_values=1.0)
    allowed = np.minimum(np.minimum(around[:-2], around[2:]), lowest)
    middles = (np.arange(len(lowest)) + 0.5) * size
    return np.asarray(sound * np.interp(np.arange(len(sound)), middles, allowed))


def _envelope(sound: Sound) -> Sound:
    """Returns the highest magnitude in and behind each sample at four times the rate."""
    padded = _quick(len(sound) + 64)  # what wraps around falls into silence
    between = np.fft.irfft(np.fft.rfft(sound, padded), 4 * padded)[: 4 * len(sound)] * 4
    return np.asarray(np.abs(between).reshape(-1, 4).max(axis=1))


def _weighted(sound: Sound, rate: int) -> Sound:
    """Returns a sound through the K filters, a shelf for the head and a high-pass, as their analogue prototypes."""
    padded = _quick(len(sound) + rate // 4)
    s = 2j * np.pi * np.fft.rfftfreq(padded, 1 / rate)
    shelf, high = 2 * np.pi * 1681.974450955533, 2 * np.pi * 38.13547087602444
    top, middle = 10 ** (3.999843853973347 / 20), 10 ** (3.999843853973347 / 20 * 0.4996667741545416)
    width = shelf / 0.7071752369554196
    head = (top * s**2 + middle * width * s + shelf**2) / (s**2 + width * s + shelf**2)
    low_cut = s**2 / (s**2 + high / 0.5003270373238773 * s + high**2)
    return np.fft.irfft(np.fft.rfft(sound, padded) * head * low_cut, padded)[: len(sound)]


def _quick(length: int) -> int:
    """Returns the next power of two: a transform over a prime number of samples takes ten times as long."""
    return 1 << (length - 1).bit_length()


def _levels(energy: Sound) -> Sound:
    return np.asarray(-0.691 + 10 * np.log10(np.maximum(energy, 1e-12)))


def _level(energy: float) -> float:
    return float(_levels(np.array([energy]))[0])
