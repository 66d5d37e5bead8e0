"""Sends a track to one viewer, reports on it, and sends again what the viewer lost."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Coroutine
from functools import partial

from aiortc import RTCDtlsTransport
from aiortc.rtcrtpparameters import RTCRtpSendParameters
from aiortc.rtp import (
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    AnyRtcpPacket,
    RtcpByePacket,
    RtcpPsfbPacket,
    RtcpRtpfbPacket,
    RtcpSdesPacket,
    RtcpSenderInfo,
    RtcpSourceInfo,
    RtcpSrPacket,
)
from aiortc.stats import RTCStatsReport

from edge_agent.aio.clock import Clock
from edge_agent.live import innards
from edge_agent.live.line import Line, Stream
from edge_agent.live.payload import Unit
from edge_agent.live.reception import Reports
from edge_agent.live.resend import History
from edge_agent.live.track import RingTrack
from edge_agent.values.packet import Packet
from edge_agent.values.time import CLOCK_RATE, Monotonic

REPORT_EVERY = 1.0
"""Seconds between two sender reports; the round trip is measured by their echo."""

SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"

NTP_EPOCH = 2_208_988_800
"""Seconds from 1900, where NTP begins, to 1970."""

CNAME = 1
"""Kind of the item that names a source (RFC 3550, section 6.5.1)."""

log = logging.getLogger(__name__)


class Sender:
    """Takes the place of the library's sender. See ``innards.LibrarySender``.

    Args:
        track: what the viewer is sent.
        clock: the one that stamped the packets' arrival.
        packetise: cuts access units; shared by all viewers, so that each is cut once.
        failed: called when nothing can be sent any more for a fault of ours.

    Attributes:
        reports: what the viewer reports.
    """

    kind = "video"
    track = None

    def __init__(
        self,
        track: RingTrack,
        transport: RTCDtlsTransport,
        clock: Clock,
        *,
        packetise: Callable[[bytes], Unit],
        failed: Callable[[], None],
    ) -> None:
        self.transport = transport
        # In the lower half: a receiver that misses the first packets could not tell a wrap (RFC 3711, appendix A).
        self._sequence = secrets.randbelow(1 << 15)
        self._resent = secrets.randbelow(1 << 15)
        self._stamp = self._origin = secrets.randbits(32)
        self._ssrc, self._rtx_ssrc = secrets.randbits(32), secrets.randbits(32)
        self._stream_id = self._track_id = secrets.token_hex(16)
        self._sent = clock.monotonic()
        self.reports = Reports(self._ssrc)
        self._source = track
        self._clock = clock
        self._packetise = packetise
        self._failed = failed
        self._history = History()
        self._skipped = 0
        self._line: Line | None = None
        self._stream = self._repair = Stream(self._ssrc, 0)
        self._tasks: list[asyncio.Task[None]] = []

    def setTransport(self, transport: RTCDtlsTransport) -> None:  # noqa: N802 - the library's name
        """See ``LibrarySender``."""
        self.transport = transport

    async def send(self, parameters: RTCRtpSendParameters) -> None:
        """See ``LibrarySender``."""
        if self._line is not None:
            return
        self._line = Line(self.transport)
        codec = parameters.codecs[0]
        send_time = next((one.id for one in parameters.headerExtensions if one.uri == SEND_TIME), 0)
        self._stream = Stream(self._ssrc, codec.payloadType or 0, send_time)
        # Without a stream for repairs (RFC 4588) a packet is sent again as it was.
        self._repair = self._stream
        for one in parameters.codecs:
            if one.name.lower() == "rtx" and one.parameters.get("apt") == codec.payloadType:
                self._repair = Stream(self._rtx_ssrc, one.payloadType or 0, send_time)
        innards.listen(self, parameters)
        works = {"picture": self._play(self._line), "reports": self._report(self._line, parameters.rtcp.cname or "")}
        self._tasks = [asyncio.create_task(self._run(work), name=f"viewer: {name}") for name, work in works.items()]

    async def stop(self) -> None:
        """See ``LibrarySender``."""
        for task in self._tasks:
            task.cancel()
        if self._line is not None:
            await asyncio.wait(self._tasks)
            innards.stop_listening(self)
            await innards.send_report(self.transport, [RtcpByePacket([self._ssrc])])
            self._line.close()

    async def getStats(self) -> RTCStatsReport:  # noqa: N802 - the library's name
        """See ``LibrarySender``."""
        return innards.stats(self.transport)

    async def _run(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except ConnectionError as exc:
            log.debug("no more can be sent to a viewer: %s", exc)
        except Exception:
            log.exception("sending to a viewer failed")
            self._failed()

    async def _play(self, line: Line) -> None:
        self._source.start(partial(self._leaves_at_once, line))
        while True:
            packet, stamp = await self._source.next()
            unit, now = self._packetise(packet.data), self._clock.monotonic()
            first = self._note(unit, stamp, now)
            await line.send(unit, self._stream, first, self._stamp, now)

    def _leaves_at_once(self, line: Line, packet: Packet, stamp: int) -> bool:
        """See ``AtOnce``."""
        unit, now = self._packetise(packet.data), self._clock.monotonic()
        try:
            left = line.send_at_once(unit, self._stream, self._sequence, self._origin + stamp, now)
        except Exception:  # noqa: BLE001 - ``_play`` meets it again, in a task that is watched
            return False
        if left:
            self._note(unit, stamp, now)
        return left

    def _note(self, unit: Unit, stamp: int, now: Monotonic) -> int:
        """Keeps what is told and resent of a picture; returns its first packet's number."""
        if self._source.skipped != self._skipped:
            log.info("a viewer fell behind and goes on %s pictures later", self._source.skipped - self._skipped)
            self._skipped = self._source.skipped
        first, self._sequence = self._sequence, self._sequence + len(unit.payloads)
        self._stamp, self._sent = self._origin + stamp, now
        self._history.add(unit, first, self._stamp, now)
        return first

    async def _report(self, line: Line, cname: str) -> None:
        name = RtcpSdesPacket([RtcpSourceInfo(self._ssrc, [(CNAME, cname.encode())])])
        while True:
            await asyncio.sleep(REPORT_EVERY)
            now = self._clock.monotonic()
            ntp = int((self._clock.wall().timestamp() + NTP_EPOCH) * (1 << 32))
            # Of this moment by both clocks, though the last picture may be older.
            stamp = self._stamp + round((now - self._sent) * CLOCK_RATE)
            counts = line.packets & 0xFFFF_FFFF, line.octets & 0xFFFF_FFFF
            self.reports.asked(ntp, now)
            about = RtcpSenderInfo(ntp, stamp & 0xFFFF_FFFF, *counts)
            await innards.send_report(self.transport, [RtcpSrPacket(self._ssrc, about), name])

    async def _handle_rtcp_packet(self, packet: AnyRtcpPacket) -> None:
        self.reports.take(packet, self._clock.monotonic())
        if isinstance(packet, RtcpRtpfbPacket) and packet.fmt == RTCP_RTPFB_NACK:
            await self._resend(packet.lost)
        elif isinstance(packet, RtcpPsfbPacket) and packet.fmt in {RTCP_PSFB_PLI, RTCP_PSFB_FIR}:
            self._source.refresh()

    async def _resend(self, lost: list[int]) -> None:
        line, now = self._line, self._clock.monotonic()
        for sequence in lost:
            sent = self._history.find(sequence, now)
            if sent is None or line is None:
                continue
            payload, number = sent.payload, sequence
            if self._repair is not self._stream:
                payload, number = sequence.to_bytes(2, "big") + payload, self._resent
                self._resent += 1
            try:
                await line.send_again(payload, self._repair, number, sent.stamp, now, marker=sent.marker)
            except ConnectionError as exc:
                log.debug("a packet could not be sent again: %s", exc)
