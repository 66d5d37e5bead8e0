"""RTP packets of one stream of sound and the sender reports beside them (RFC 3550, RFC 3551)."""

import secrets
import struct
from datetime import datetime

PACKET_TIME = 0.02
"""Seconds of sound in a packet, the default of RFC 3551, section 4.2."""

REPORT_EVERY = 5.0
"""Seconds between sender reports, the least interval of RFC 3550, section 6.2."""

_NTP_EPOCH = 2_208_988_800
"""Seconds from 1900 to 1970."""


class Stream:
    """Numbers the packets of one stream; sequence, time stamp and source start at random (RFC 3550, section 5.1).

    Args:
        payload_type: RTP payload type.
        marked: whether every packet bears the marker, as for whole access units (RFC 3640, section 3.1); else only the
            first, which begins a talkspurt.
    """

    def __init__(self, payload_type: int, *, marked: bool = False) -> None:
        self._marked = marked
        self._payload_type = payload_type
        self._source = secrets.randbits(32)
        self._sequence = secrets.randbits(16)
        self._timestamp = secrets.randbits(32)
        self._packets = 0
        self._bytes = 0

    def skip(self, samples: int) -> None:
        """Lets time pass without a packet."""
        self._timestamp = (self._timestamp + samples) & 0xFFFFFFFF

    def packet(self, payload: bytes, samples: int) -> bytes:
        """Returns the next packet, of so many samples."""
        marker = 0x80 if self._marked or self._packets == 0 else 0
        header = struct.pack("!BBHII", 0x80, marker | self._payload_type, self._sequence, self._timestamp, self._source)
        self._sequence = (self._sequence + 1) & 0xFFFF
        self.skip(samples)
        self._packets += 1
        self._bytes += len(payload)
        return header + payload

    def report(self, now: datetime) -> bytes:
        """Returns a sender report with the source's name, as a compound RTCP packet (RFC 3550, sections 6.4.1, 6.5).

        Args:
            now: wall clock, UTC, at which the next packet's first sample is due.
        """
        seconds = now.timestamp() + _NTP_EPOCH
        whole = int(seconds)
        sender = struct.pack(
            "!BBHIIIIII",
            0x80,
            200,
            6,
            self._source,
            whole & 0xFFFFFFFF,
            int((seconds - whole) * 2**32) & 0xFFFFFFFF,
            self._timestamp,
            self._packets & 0xFFFFFFFF,
            self._bytes & 0xFFFFFFFF,
        )
        name = b"edge-agent"
        chunk = struct.pack("!IBB", self._source, 1, len(name)) + name
        chunk += bytes(4 - len(chunk) % 4)
        return sender + struct.pack("!BBH", 0x81, 202, len(chunk) // 4) + chunk
