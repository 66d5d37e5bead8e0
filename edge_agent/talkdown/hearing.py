"""Whether a recording holds something that was said, however soft, late or noisy (generalised cross-correlation).

Knapp and Carter, "The generalized correlation method for estimation of time delay", 1976: every frequency votes with
its phase alone, so that neither a room's nor a loudspeaker's colour matters. A second at a time, for clocks differ.
"""

import numpy as np
from numpy.typing import NDArray

RATE = 8_000
"""Samples a second: a loudspeaker's voice is in there."""

EARLY, LATE = 0.5, 2.5
"""Seconds before and after it was sent in which it is looked for: camera, network and decoder have buffers."""

HEARD, UNHEARD = 16.0, 12.0
"""Standard deviations from which something was heard, and below which it was not. Noise alone, and other voices,
reached 14 in hundreds of tries; a message as loud as the noise 40, one 10 dB softer than the noise 18 most often."""

_PIECE = RATE
_LOW, _HIGH = 300, 3_400
"""Hertz of a telephone's band."""

_FAINT = 0.03
"""Frequencies of a piece that are softer than that, measured by its loudest, have no vote."""

_SMEAR = 16
"""Samples, 2 ms, by which the parts of a room's first echo may differ."""

_AROUND = RATE // 10
"""Samples on both sides of a peak that belong to it: pitch and echoes."""

Sound = NDArray[np.float64]
"""Mono (n,), at ``RATE``."""


def find(said: Sound, heard: Sound, start: int) -> tuple[float, float]:
    """Looks for what was said in what was heard; blocks, for a thread.

    Args:
        said: what left.
        heard: what a microphone recorded meanwhile; it may lack the beginning or the end.
        start: which sample of ``heard`` was recorded when the first of ``said`` left; may be negative.

    Returns:
        By how many standard deviations the best place stands out, see ``HEARD`` (0 where nothing could be compared),
        and how many seconds after it was said that is.
    """
    total = np.zeros(round((EARLY + LATE) * RATE))
    loud = max((float((said[at : at + _PIECE] ** 2).mean()) for at in range(0, len(said), _PIECE)), default=0.0) / 100
    for at in range(0, len(said), _PIECE):
        first = start + at - round(EARLY * RATE)
        there = heard[max(0, first) : max(0, first + _PIECE + len(total))]
        piece = said[at : at + _PIECE]
        if (piece**2).mean() > loud and len(there) > _PIECE:
            total += _votes(piece, np.pad(there, (max(0, -first), 0)), len(total))
    votes = np.convolve(total, np.ones(_SMEAR), "same")
    best = int(votes.argmax())
    others = np.delete(votes, slice(max(0, best - _AROUND), best + _AROUND))
    spread = float(others.std())
    return (float(votes[best] - others.mean()) / spread if spread else 0.0), best / RATE - EARLY


def _votes(piece: Sound, there: Sound, count: int) -> Sound:
    """Returns how much speaks for each of ``count`` places where a piece may begin, 1 on the average."""
    size = 1 << (len(piece) + count - 1).bit_length()
    one, other = np.fft.fft(piece, size), np.fft.fft(there, size)
    pitch = np.fft.fftfreq(size, 1 / RATE)
    band = (pitch > _LOW) & (pitch < _HIGH)
    band &= np.abs(one) > _FAINT * np.abs(one[band]).max()
    cross = other * one.conj()
    # Positive frequencies alone, for their magnitude is the correlation's envelope.
    votes = np.abs(np.fft.ifft(np.where(band, cross / np.maximum(np.abs(cross), 1e-9), 0))[:count]) ** 2
    return np.asarray(votes / max(float(votes.mean()), 1e-30))
