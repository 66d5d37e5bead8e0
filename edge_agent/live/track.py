"""A viewer's video track: packets of a ring, sent as they are."""

import asyncio
import fractions
from collections.abc import Callable

import av
from aiortc import MediaStreamTrack
from av.stream import Stream
from typing_extensions import override

from edge_agent.aio.clock import Clock
from edge_agent.aio.ring import Reader, Ring
from edge_agent.live.pace import Pace
from edge_agent.values.packet import Codec, Packet
from edge_agent.values.time import CLOCK_RATE

LAG = 2.0
"""Seconds that a viewer may fall behind before it goes on from the newest key frame."""

PATIENCE = 1.5
"""Seconds between two answers to a viewer that lost the picture; on a bad link each answer makes it worse."""

TIME_BASE = fractions.Fraction(1, CLOCK_RATE)


class RingTrack(MediaStreamTrack):
    """Gives aiortc's sender encoded packets, which it only packetises.

    Args:
        ring: H.264 in Annex B form.
        clock: the one that stamped the packets' arrival.
        ask_for_key: asks whoever encodes for a key frame; None where nobody can be asked, then the ring's last one is
            played again.
        unshowable: called once when a packet comes that is not H.264.
    """

    kind = "video"

    def __init__(
        self,
        ring: Ring[Packet],
        clock: Clock,
        *,
        ask_for_key: Callable[[], None] | None = None,
        unshowable: Callable[[], None],
    ) -> None:
        super().__init__()
        self._ring = ring
        self._clock = clock
        self._ask_for_key = ask_for_key
        self._unshowable = unshowable
        self._reader = ring.reader(lag=LAG)
        self._coming: tuple[Ring[Packet], Reader[Packet]] | None = None
        self._pace = Pace(clock.monotonic())
        self._refreshed = clock.monotonic()
        self._started = False

    @override
    async def recv(self) -> "av.Packet[Stream]":
        """Waits for the next packet and for the time to send it. See ``MediaStreamTrack``."""
        if not self._started:
            # The connection took its time to come up; the newest key frame may be another one by now.
            self._started = True
            self._from_last_key()
        packet = await self._next()
        while packet.stream.codec is not Codec.H264:
            self._unshowable()
            packet = await self._next()
        now = self._clock.monotonic()
        wait = self._pace.due(packet, now) - now
        if wait > 0:
            await asyncio.sleep(wait)
        sent = av.Packet(packet.data)
        sent.pts = self._pace.stamp(packet, self._clock.monotonic())
        sent.time_base = TIME_BASE
        return sent

    def switch(self, ring: Ring[Packet], *, ask_for_key: Callable[[], None] | None = None) -> None:
        """Goes on with another ring from its newest key frame, as soon as it has one; until then the picture stays.

        Timestamps go on rising; the viewer sees one hop and no gap.

        Args:
            ring: H.264 in Annex B form, another resolution or bit rate of the same camera.
            ask_for_key: as for the track.
        """
        self._ask_for_key = ask_for_key
        self._coming = (ring, ring.reader(lag=LAG))

    def refresh(self) -> None:
        """Answers a viewer that lost the picture (RTCP PLI or FIR), not more often than it can bear."""
        now = self._clock.monotonic()
        if now - self._refreshed < PATIENCE:
            return
        self._refreshed = now
        if self._ask_for_key is not None:
            self._ask_for_key()
        else:
            self._from_last_key()

    async def _next(self) -> Packet:
        if self._coming is not None and (first := self._coming[1].take(0.0)) is not None:
            self._ring, self._reader = self._coming
            self._coming = None
            self._pace.restart(self._clock.monotonic())
            return first
        return await self._reader.get()

    def _from_last_key(self) -> None:
        self._refreshed = self._clock.monotonic()
        self._reader = self._ring.reader(lag=LAG)
        self._pace.restart(self._refreshed)
