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
