"""Which of a camera's streams one viewer sees: what it asked for, what its link carries, what is there at all."""

from collections.abc import Callable

from edge_agent.errors import AgentError
from edge_agent.live import Pictures
from edge_agent.live.link import Link
from edge_agent.live.reception import Reception
from edge_agent.values.time import Monotonic
from edge_agent.values.viewing import StreamName, Wish


class Choice:
    """Chooses for one viewer.

    ``main`` and ``sub`` are kept to as long as that stream is there. ``auto`` begins with the main stream and is moved
    by the link. Where a camera has no sub-stream that is also what ``sub`` means: a transcode is made for a thin link
    alone, not for a small tile.

    Args:
        pictures: the camera's streams.
        wish: what is asked for.
        small: whether a small stream may be had, the camera's own or one that is made.
        now: when the viewer came.
    """

    def __init__(self, pictures: Pictures, wish: Wish, small: Callable[[], bool], now: Monotonic) -> None:
        self._pictures = pictures
        self._wish = wish
        self._small = small
        self._link = Link(now)
        self._why = ""

    def ask(self, wish: Wish, now: Monotonic) -> None:
        """Takes another wish; ``auto`` begins with the main stream again."""
        self._wish, self._link, self._why = wish, Link(now), "asked for"

    def report(self, reported: Reception | None, now: Monotonic) -> None:
        """Takes how the viewer gets what it is sent."""
        if self._link.judge(reported, now):
            self._why = self._link.reason

    def moved(self, now: Monotonic) -> None:
        """Says that another picture begins."""
        self._link.restart(now)

    def best(self) -> tuple[StreamName, str]:
        """Returns the stream to show and why."""
        wanted = StreamName.SUB if self._wants_small() else StreamName.MAIN
        other = StreamName.MAIN if wanted is StreamName.SUB else StreamName.SUB
        trouble = self.trouble(wanted)
        if trouble and other in self._pictures.streams and not self.trouble(other):
            return other, f"the {wanted} stream is away: {trouble.reason}"
        return wanted, self._why

    def trouble(self, stream: StreamName) -> AgentError | None:
        """Returns why a stream has no picture now, None when it has one; a small one that is made is the main one."""
        streams = self._pictures.streams
        return streams.get(stream, streams[StreamName.MAIN]).trouble()

    def _wants_small(self) -> bool:
        if self._wish is Wish.MAIN:
            return False
        if self._wish is Wish.SUB and StreamName.SUB in self._pictures.streams:
            return True
        return self._link.thin and self._small()
