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
        self._sleeper: asyncio.Future[None] | None = None

    @property
    def ring(self) -> Ring[Packet]:
        """What it plays now; still the one before while ``switch`` waits for a key frame."""
        return self._ring

    @property
    def skipped(self) -> int:
        """How many pictures this viewer lost because it was too slow."""
        return self._skipped + self._reader.skipped

    def start(self) -> None:
        """Begins at the newest key frame: the connection took its time to come up, it may be another one by now."""
        self._from_last_key()

    async def next(self) -> tuple[Packet, int]:
        """Waits for the next packet and for the time to send it; returns it with its timestamp in ``CLOCK_RATE``."""
        packet = await self._read()
        while packet.stream.codec is not Codec.H264:
            self._unshowable()
            packet = await self._read()
        self._asked = self._asked and not packet.key
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
        if self._coming is not None and self._sleeper is not None:
            self._coming[1].forget(self._sleeper)
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

    async def _read(self) -> Packet:
        while True:
            sleeper = self._sleeper = asyncio.get_running_loop().create_future()
            try:
                packet = self._poll(sleeper)
                if packet is not None:
                    return packet
                await sleeper
            finally:
                self._reader.forget(sleeper)
                if self._coming is not None:
                    self._coming[1].forget(sleeper)

    def _poll(self, sleeper: asyncio.Future[None]) -> Packet | None:
        if self._coming is not None and (first := self._coming[1].poll(sleeper)) is not None:
            self._reader.forget(sleeper)
            self._skipped += self._reader.skipped
            self._ring, self._reader = self._coming
            self._coming = None
            self._pace.restart(self._clock.monotonic())
            return first
        return self._reader.poll(sleeper)

    def _from_last_key(self) -> None:
        self._refreshed = self._clock.monotonic()
        self._skipped += self._reader.skipped
        self._reader = self._ring.reader(lag=LAG)
        self._pace.restart(self._refreshed)
        self._wake()

    def _wake(self) -> None:
        if self._sleeper is not None and not self._sleeper.done():
            self._sleeper.set_result(None)
