"""What a viewer is sent next, and when: packets of a ring, with timestamps of its own."""

import asyncio
import fractions
from collections.abc import Callable

from edge_agent.aio.clock import Clock
from edge_agent.aio.ring import Reader, Ring
from edge_agent.live import AskForKey, nobody_to_ask
from edge_agent.live.pace import Pace
from edge_agent.values.packet import Codec, Packet
from edge_agent.values.time import CLOCK_RATE

LAG = 2.0
"""Seconds that a viewer may fall behind before it goes on from the newest key frame."""

PATIENCE = 1.5
"""Seconds between two answers to a viewer that lost the picture; on a bad link each answer makes it worse."""

AtOnce = Callable[[Packet, int], bool]
"""Sends a packet with its timestamp without waiting; returns False where that cannot be, and nothing was sent then."""

TIME_BASE = fractions.Fraction(1, CLOCK_RATE)


class RingTrack:
    """One viewer's place in a ring, or in several one after another.

    Args:
        ring: H.264 in Annex B form.
        clock: the one that stamped the packets' arrival.
        ask_for_key: asks whoever encodes for a key frame; where nobody can, the ring plays its last one again.
        unshowable: called once when a packet comes that is not H.264.
    """

    def __init__(
        self,
        ring: Ring[Packet],
        clock: Clock,
        *,
        ask_for_key: AskForKey = nobody_to_ask,
        unshowable: Callable[[], None],
    ) -> None:
        self._ring = ring
        self._clock = clock
        self._ask_for_key = ask_for_key
        self._unshowable = unshowable
        self._reader = ring.reader(lag=LAG)
        self._coming: tuple[Ring[Packet], Reader[Packet]] | None = None
        self._skipped = 0
        self._pace = Pace(clock.monotonic())
        self._refreshed = clock.monotonic()
        self._asked = False
        self._at_once: AtOnce = lambda *_: False
        self._sleeper: asyncio.Future[tuple[Packet, int] | None] | None = None

    @property
    def ring(self) -> Ring[Packet]:
        """What it plays now; still the one before while ``switch`` waits for a key frame."""
        return self._ring

    @property
    def skipped(self) -> int:
        """How many pictures this viewer was not sent because it had fallen behind."""
        return self._skipped + self._reader.skipped

    def start(self, at_once: AtOnce) -> None:
        """Begins at the newest key frame: the connection took its time to come up, it may be another one by now.

        Args:
            at_once: gets pictures of the present while ``next`` is waited for.
        """
        self._at_once = at_once
        self._from_last_key()

    async def next(self) -> tuple[Packet, int]:
        """Waits for a packet that cannot be sent at once, and until it is due.

        Returns:
            The packet with its timestamp in ``CLOCK_RATE``.
        """
        while True:
            packet = self._poll()
            if packet is None:
                left = await self._sleep()
                if left is not None:
                    return left
            elif self._is_showable(packet):
                wait = self._pace.due(packet, self._clock.monotonic()) - self._clock.monotonic()
                if wait > 0:
                    await asyncio.sleep(wait)
                return packet, self._pace.stamp(packet, self._clock.monotonic())

    def switch(self, ring: Ring[Packet], *, ask_for_key: AskForKey = nobody_to_ask) -> None:
        """Goes on with another ring from its newest key frame, as soon as it has one; until then the picture stays.

        Timestamps go on rising; the viewer sees one hop and no gap.

        Args:
            ring: H.264 in Annex B form, another resolution or bit rate of the same camera.
            ask_for_key: as for the track.
        """
        if self._coming is not None:
            self._coming[1].forget(self._wake)
        self._ask_for_key = ask_for_key
        self._coming = (ring, ring.reader(lag=LAG))
        self._wake()

    def refresh(self) -> None:
        """Answers a viewer that lost the picture (RTCP PLI or FIR), not more often than it can bear."""
        now = self._clock.monotonic()
        if now - self._refreshed < PATIENCE:
            return
        self._refreshed = now
        # Once is enough: where the camera was asked and the viewer asks again, it gave none or the viewer lost it too.
        self._asked = not self._asked and self._ask_for_key()
        if not self._asked:
            self._from_last_key()

    def _is_showable(self, packet: Packet) -> bool:
        self._asked = self._asked and not packet.key
        if packet.stream.codec is Codec.H264:
            return True
        self._unshowable()
        return False

    def _poll(self) -> Packet | None:
        if self._coming is not None and (first := self._coming[1].poll(self._wake)) is not None:
            self._skipped += self._reader.skipped
            self._ring, self._reader = self._coming
            self._coming = None
            self._pace.restart(self._clock.monotonic(), self._reader.waiting)
            return first
        return self._reader.poll(self._wake)

    async def _sleep(self) -> tuple[Packet, int] | None:
        """Waits for what cannot be sent at once; returns it where it was taken out of the ring already."""
        self._sleeper = asyncio.get_running_loop().create_future()
        try:
            return await self._sleeper
        finally:
            self._sleeper = None
            self._reader.forget(self._wake)
            if self._coming is not None:
                self._coming[1].forget(self._wake)

    def _wake(self) -> None:
        """Sends what has come, while it is of the present, without waking a task: that takes as long as the sending."""
        if self._sleeper is None or self._sleeper.done():
            return
        while self._pace.live and self._coming is None:
            packet = self._reader.poll(self._wake)
            if packet is None:
                return
            if self._is_showable(packet):
                left = packet, self._pace.stamp(packet, self._clock.monotonic())
                if not self._at_once(*left):
                    self._sleeper.set_result(left)
                    return
        self._sleeper.set_result(None)

    def _from_last_key(self) -> None:
        self._refreshed = self._clock.monotonic()
        self._skipped += self._reader.skipped
        self._reader = self._ring.reader(lag=LAG)
        self._pace.restart(self._refreshed, self._reader.waiting)
        self._wake()
