"""Log lines of one cause, at most one in a while, with the count of those not written."""

import logging

from edge_agent.aio.clock import Clock
from edge_agent.values.time import Monotonic


class Tally:
    """Counts what happens too often to tell each time.

    Args:
        log: where lines go.
        clock: tells when the next line is due.
        every: seconds between two lines of one cause.

    Attributes:
        counts: how often each cause occurred since the start, for metrics.
    """

    def __init__(self, log: logging.Logger, clock: Clock, *, every: float = 1.0) -> None:
        self.counts: dict[str, int] = {}
        self._log = log
        self._clock = clock
        self._every = every
        self._told: dict[str, tuple[Monotonic, int]] = {}

    def warn(self, cause: str, detail: object = "") -> None:
        """Counts a cause and writes a line if the last one of it is long enough ago.

        Args:
            cause: one of a fixed set of sentences; never anything that a sender can choose.
            detail: an example for the line.
        """
        count = self.counts[cause] = self.counts.get(cause, 0) + 1
        now = self._clock.monotonic()
        last = self._told.get(cause)
        if last is None or now - last[0] >= self._every:
            self._log.warning("%s (%d times) %s", cause, count - (last[1] if last else 0), detail)
            self._told[cause] = (now, count)
