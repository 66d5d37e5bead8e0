"""When a viewer gets a packet and which timestamp it carries: the past quickly, then the present as it comes."""

from edge_agent.values.packet import Packet
from edge_agent.values.time import CLOCK_RATE, Monotonic

CATCH_UP = 0.6
"""Seconds in which a viewer is brought from the key frame it starts with to live, however long ago that was."""

MOST = 8e6
"""Bytes a second of the past, 64 Mb/s: what a phone's radio takes. 4 Mb/s with key frames 6 s apart stay below it."""

LEAST_GAP = 0.001
"""Seconds between two packets of the past, for the sake of a phone's decoder and a router's queue."""

LONGEST_STEP = 1.0
"""Seconds between two timestamps of the present that are believed; a camera that came back starts anew."""


class Pace:
    """Plays the past ``1 + past / CATCH_UP`` times too fast, so that the present is reached after ``CATCH_UP``.

    Where that would take more than ``MOST``, it is reached later. While it lasts a timestamp tells when its packet was
    sent, which keeps a receiver's jitter buffer empty; true timestamps would make it hold the picture back by a whole
    group. From the present on they advance by the camera's own steps, since those do not carry the network's jitter.
    They rise strictly in any case.

    Args:
        now: when the viewer starts.
    """

    def __init__(self, now: Monotonic) -> None:
        self._stamp = -1
        self._sent = now
        self.restart(now)

    def restart(self, now: Monotonic, waiting: int = 0) -> None:
        """Begins with a past again, for a viewer that lost the picture; timestamps go on rising.

        Args:
            now: when.
            waiting: bytes of the past.
        """
        self._catch_up = max(CATCH_UP, waiting / MOST)
        self._origin = self._stamp + 1 + round((now - self._sent) * CLOCK_RATE)
        self._base = now
        self._oldest: Monotonic | None = None
        self._speed = 1.0
        self._live_pts: int | None = None

    @property
    def live(self) -> bool:
        """Whether the past is over."""
        return self._live_pts is not None

    def due(self, packet: Packet, now: Monotonic) -> Monotonic:
        """Returns when a packet is to be sent; not after ``now`` if it is of the present."""
        if self._live_pts is not None:
            return now
        if self._oldest is None:
            self._oldest = packet.arrived
            self._speed = 1 + max(0.0, now - packet.arrived) / self._catch_up
            return now
        fast = self._base + (packet.arrived - self._oldest) / self._speed
        if fast <= packet.arrived:
            self._live_pts = packet.pts
            return now
        return Monotonic(max(fast, self._sent + LEAST_GAP))

    def stamp(self, packet: Packet, now: Monotonic) -> int:
        """Returns the timestamp of a packet that is sent now, in ticks of ``CLOCK_RATE``, greater than the last one."""
        step = packet.pts - self._live_pts if self._live_pts is not None else 0
        if 0 < step <= LONGEST_STEP * CLOCK_RATE:
            stamp = self._stamp + step
        else:
            stamp = self._origin + round((now - self._base) * CLOCK_RATE)
        if self._live_pts is not None:
            self._live_pts = packet.pts
        self._sent = now
        self._stamp = max(stamp, self._stamp + 1)
        return self._stamp
