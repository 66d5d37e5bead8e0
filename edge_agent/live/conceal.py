"""What is heard where a packet is missing: the voice goes on for a moment in its own pitch, and fades."""

import numpy as np
from numpy.typing import NDArray

from edge_agent.live.opus import RATE

FADE = round(0.06 * RATE)
"""Samples after which nothing is left of a voice that stopped: longer than that, a repeated period buzzes."""

_JOINT = RATE // 200
"""Samples in which what really came takes over again: 5 ms."""

_THIN = 6
"""One of so many samples is enough to find a pitch: 8000 a second."""

_LOOK = 160
"""Thinned samples, 20 ms, that are looked for in what was heard before them."""

_LONGEST, _SHORTEST = 120, 20
"""Thinned samples of a period: 67 to 400 Hz, where voices are."""

_PAST = (_LOOK + _LONGEST) * _THIN


class Concealment:
    """Fills gaps by repeating the last period (after ITU-T G.711, appendix I)."""

    def __init__(self) -> None:
        self._past: NDArray[np.int16] = np.zeros(_PAST, np.int16)
        self._period: NDArray[np.int16] = self._past
        self._made = 0

    def real(self, sound: NDArray[np.int16]) -> NDArray[np.int16]:
        """Returns what really came, int16 mono, joined without a click to what was made up before it."""
        if self._made:
            over = min(_JOINT, len(sound))
            rise = np.arange(over) / over
            sound = sound.copy()
            sound[:over] = self.made_up(over) * (1 - rise) + sound[:over] * rise
            self._made = 0
        self._past = np.concatenate([self._past, sound])[-_PAST:]
        return sound

    def made_up(self, count: int) -> NDArray[np.int16]:
        """Returns so many samples in place of those that did not come."""
        if not self._made:
            self._period = self._past[-_THIN * _period(self._past[::_THIN].astype(float)) :]
        at = self._made + np.arange(count)
        self._made += count
        fading = np.clip(1 - at / FADE, 0, 1)
        return np.asarray(self._period[at % len(self._period)] * fading, np.int16)


def _period(past: NDArray[np.float64]) -> int:
    """Returns how many samples before its end the past was most like its end."""
    windows = np.lib.stride_tricks.sliding_window_view(past, _LOOK)[:-_SHORTEST]
    energy = np.sqrt((windows**2).sum(axis=1)) + 1.0
    return _LONGEST - int((windows @ past[-_LOOK:] / energy).argmax())
