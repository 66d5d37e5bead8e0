"""Sounds to speak, and what a camera heard of them."""

import numpy as np
from numpy.typing import NDArray

from edge_agent.values.speech import Speech


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


def pieces(heard: NDArray[np.int16], source: NDArray[np.int16], seconds: float = 0.5) -> list[tuple[float, float]]:
    """Returns correlation and level in dB of each piece of a source, wherever it was heard; 8000 samples a second.

    For what passed a jitter buffer: on a busy machine that plays a while slower, as it should, and shifts the rest.
    """
    size = int(seconds * 8000)
    power = np.cumsum(np.concatenate([[0.0], heard.astype(float) ** 2]))
    energy = np.maximum(power[size:] - power[:-size], 1.0)
    found = []
    for start in range(0, len(source) - size + 1, size):
        piece = source[start : start + size].astype(float)
        shape = 1 << (len(heard) + size).bit_length()
        spectrum = np.fft.rfft(heard.astype(float), shape) * np.fft.rfft(piece, shape).conj()
        dots = np.fft.irfft(spectrum, shape)[: len(energy)]
        best = int((dots / np.sqrt(energy + size * 1e4)).argmax())
        norm = max(float((piece**2).sum()), 1.0)
        found.append((float(dots[best] / np.sqrt(energy[best] * norm)), float(10 * np.log10(energy[best] / norm))))
    return found


def gaps(heard: NDArray[np.int16]) -> list[float]:
    """Returns the silences between the first sound and the last in seconds, longest first; 8000 samples a second."""
    loud = np.flatnonzero(np.abs(heard.astype(int)) > 200)
    return sorted((np.diff(loud) / 8000).tolist(), reverse=True)
