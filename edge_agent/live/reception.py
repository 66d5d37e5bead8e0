"""What a viewer's receiver reports about the picture that it gets."""

import struct
from dataclasses import dataclass

from aiortc.rtp import (
    RTCP_PSFB_APP,
    AnyRtcpPacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpSrPacket,
    unpack_remb_fci,
)

from edge_agent.values.time import CLOCK_RATE, Monotonic

SMOOTH = 0.85
"""How much of the round trip's last estimate stays: one late report is not a slow link."""

FRACTION = 256
"""A lost share of 1 in a receiver report (RFC 3550, section 6.4.1)."""


@dataclass(frozen=True, slots=True)
class Reception:
    """How a viewer gets what it is sent, as it reported last.

    Attributes:
        at: when it reported.
        loss: share of the packets lost since the report before, 0 to 1; what was resent in time counts as lost too.
        rtt: seconds there and back, None while unknown.
        jitter: seconds by which packets come earlier or later than they were sent.
        bitrate: bits a second that its link bears by its own estimate (REMB), None where it sends none.
    """

    at: Monotonic
    loss: float = 0.0
    rtt: float | None = None
    jitter: float = 0.0
    bitrate: int | None = None


class Reports:
    """Gathers one viewer's reports.

    Args:
        ssrc: of the stream that the reports are about; others are none of ours.
    """

    def __init__(self, ssrc: int) -> None:
        self.last: Reception | None = None
        self._ssrc = ssrc
        self._asked: tuple[int, Monotonic] | None = None

    def asked(self, ntp: int, now: Monotonic) -> None:
        """Notes that a sender report with an NTP time of 64 bits goes out; the viewer's next report echoes it."""
        self._asked = (ntp >> 16 & 0xFFFF_FFFF, now)

    def take(self, packet: AnyRtcpPacket, now: Monotonic) -> None:
        """Reads a packet that the viewer sent, if it is a report on this stream."""
        if isinstance(packet, RtcpRrPacket | RtcpSrPacket):
            for report in packet.reports:
                if report.ssrc == self._ssrc:
                    self._received(report, now)
        elif isinstance(packet, RtcpPsfbPacket) and packet.fmt == RTCP_PSFB_APP:
            self._estimated(packet.fci, now)

    def _received(self, report: RtcpReceiverInfo, now: Monotonic) -> None:
        last = self.last or Reception(now)
        rtt = last.rtt
        if self._asked is not None and report.lsr == self._asked[0]:
            measured = max(0.0, now - self._asked[1] - report.dlsr / 65_536)
            rtt = measured if rtt is None else SMOOTH * rtt + (1 - SMOOTH) * measured
        self.last = Reception(now, report.fraction_lost / FRACTION, rtt, report.jitter / CLOCK_RATE, last.bitrate)

    def _estimated(self, fci: bytes, now: Monotonic) -> None:
        try:
            bitrate, sources = unpack_remb_fci(fci)
        except (ValueError, struct.error):
            return
        if self._ssrc in sources:
            last = self.last or Reception(now)
            self.last = Reception(now, last.loss, last.rtt, last.jitter, bitrate)
