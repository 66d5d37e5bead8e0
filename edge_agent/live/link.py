"""Whether a viewer's link carries the main stream, judged by what its receiver reports."""

from edge_agent.live.reception import Reception
from edge_agent.values.time import Monotonic

LOST = 0.05
"""Share of lost packets from which a picture falters, resent ones included: wireless links alone lose less."""

LOST_MUCH = 0.2
"""Share that needs no second report."""

QUEUED = 0.25
"""Seconds above the shortest round trip: so long is the queue that builds up before a thin link."""

BAD_FOR = 1.5
"""Seconds, so that one bad report is none; about two of them."""

SETTLES = 2.0
"""Seconds after a change in which nothing is judged: a picture begins with a burst."""

GOOD_FOR = 5.0
"""Seconds of good reports before more is tried."""

HOLD = 10.0
"""Seconds on the small stream before more is tried the first time; twice as long each time that it failed."""

LONGEST_HOLD = 160.0
"""Seconds: nobody should see more than a falter in some minutes for a link that does not recover."""

PROVEN = 30.0
"""Seconds on the main stream after which the link counts as good again."""


class Link:
    """Judges one viewer's link; what it cannot bear is found out by trying, ever more rarely.

    The receiver's own estimate (REMB) is no help here: it lags behind when a picture begins, and on the small stream it
    says little more than what that takes.

    Args:
        now: when the viewer came.

    Attributes:
        thin: whether the main stream is too much for it now.
        reason: why it was judged so last.
    """

    def __init__(self, now: Monotonic) -> None:
        self.thin = False
        self.reason = ""
        self._hold = HOLD
        self._tried = False
        self._changed = now
        self._since: Monotonic | None = None
        self._seen: Monotonic | None = None
        self._shortest: float | None = None

    def restart(self, now: Monotonic) -> None:
        """Judges nothing for a moment, since another picture begins."""
        self._changed, self._since = now, None

    def judge(self, reported: Reception | None, now: Monotonic) -> bool:
        """Takes the newest report and returns whether the judgement changed.

        Args:
            reported: how the viewer gets what it is sent, main stream or small one.
            now: by the same clock.
        """
        if reported is None or reported.at == self._seen:
            return False
        self._seen = reported.at
        queued = self._queued(reported)
        if now - self._changed < SETTLES:
            return False
        if not self.thin and now - self._changed >= PROVEN:
            self._tried, self._hold = False, HOLD
        bad = reported.loss >= LOST or queued >= QUEUED
        if bad is self.thin:
            self._since = None
            return False
        if self._since is None:
            self._since = now
        held = now - self._since
        if self.thin:
            return held >= GOOD_FOR and now - self._changed >= self._hold and self._change(now, "the link is better")
        if held < BAD_FOR and reported.loss < LOST_MUCH:
            return False
        lost = reported.loss >= LOST
        sign = f"{reported.loss:.0%} of its packets are lost" if lost else f"packets are {queued:.1f} s late"
        return self._change(now, f"the link is thin: {sign}")

    def _change(self, now: Monotonic, reason: str) -> bool:
        if not self.thin and self._tried:
            self._hold = min(LONGEST_HOLD, 2 * self._hold)
        self._tried = self.thin
        self.thin, self.reason = not self.thin, reason
        self.restart(now)
        return True

    def _queued(self, reported: Reception) -> float:
        """Returns how much longer than usual packets take, in seconds."""
        if reported.rtt is None:
            return 0.0
        if self._shortest is None or reported.rtt < self._shortest:
            self._shortest = reported.rtt
        return reported.rtt - self._shortest
