"""Presentation times that only rise, whatever a camera's clock does."""

from edge_agent.values.time import CLOCK_RATE

_BACK = CLOCK_RATE
_AHEAD = 10 * CLOCK_RATE
"""Ticks: beyond these a camera's clock was set; nearer, packets came in disorder or late."""


class Rising:
    """Mends a run's time stamps: each is greater than the one before."""

    def __init__(self) -> None:
        self._last: int | None = None
        self._offset = 0
        self._cut = False

    def cut(self) -> None:
        """Says that the next stamp begins a time line of its own, such as a film's when it starts again."""
        self._cut = True

    def next(self, ticks: int | None, step: int) -> int:
        """Returns the stamp of the next packet.

        Args:
            ticks: what the stream says, in ticks of ``CLOCK_RATE``, if it says anything.
            step: ticks that a picture usually lasts, where the stream is of no help.
        """
        if self._last is None:
            self._offset = -min(ticks or 0, 0)
            self._last = (ticks or 0) + self._offset
        elif ticks is None:
            self._last += step
        else:
            leap = ticks + self._offset - self._last
            if self._cut or not -_BACK <= leap <= _AHEAD:
                self._offset += step - leap
                leap = step
            self._last += max(leap, 1)
        self._cut = False
        return self._last
