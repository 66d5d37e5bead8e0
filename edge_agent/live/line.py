"""The line to one viewer: packets that were built for all are addressed, encrypted and sent."""

import asyncio
import errno
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass

from aiortc import RTCDtlsTransport

from edge_agent.live.innards import Cipher, Way
from edge_agent.live.payload import ABREAST, LARGEST, Train, Unit
from edge_agent.values.time import Monotonic

PLAIN = struct.Struct("!BBHLL")
STAMPED = struct.Struct("!BBHLLHHL")
"""RTP's header (RFC 3550, section 5.1), bare and with the time of sending as its one extension (RFC 8285)."""

SEND_TIME_RATE = 1 << 18
"""Ticks a second of that time; only its differences mean something, so it is monotonic."""

LARGEST_PACKET = STAMPED.size + LARGEST + 16

BREATH = 0.002
"""Seconds between two trains of one picture: 28 kB each makes 110 Mb/s, which a good radio link takes without loss."""

SEGMENT = 103
"""``UDP_SEGMENT`` (Linux 4.18): one call sends a train, cut into packets by the kernel or the network card."""

REFUSED = {errno.EINVAL, errno.EIO, errno.EMSGSIZE, errno.ENOPROTOOPT, errno.EOPNOTSUPP}
"""Errors of a kernel, a card or a path that cannot do so; packet by packet it works."""


@dataclass(frozen=True, slots=True)
class Stream:
    """How packets of one kind are addressed, as negotiated.

    Attributes:
        ssrc: synchronization source.
        payload_type: of the codec.
        send_time: identifier of the extension that tells when a packet was sent (abs-send-time), 0 for none.
    """

    ssrc: int
    payload_type: int
    send_time: int = 0

    @property
    def header(self) -> int:
        """Bytes of a header."""
        return STAMPED.size if self.send_time else PLAIN.size

    def write(
        self, where: memoryview, offset: int, sequence: int, stamp: int, sent: Monotonic, *, marker: bool
    ) -> None:
        """Writes a header; all but the time of sending are taken modulo what they have room for."""
        second = (0x80 if marker else 0) | self.payload_type
        sequence, stamp = sequence & 0xFFFF, stamp & 0xFFFF_FFFF
        if self.send_time:
            extension = (self.send_time << 4 | 2) << 24 | int(sent * SEND_TIME_RATE) & 0xFF_FFFF
            STAMPED.pack_into(where, offset, 0x90, second, sequence, stamp, self.ssrc, 0xBEDE, 1, extension)
        else:
            PLAIN.pack_into(where, offset, 0x80, second, sequence, stamp, self.ssrc)


class Line:
    """Sends to one viewer; for one coroutine, but for ``send_one``.

    Args:
        transport: connected.

    Attributes:
        packets: how many were sent.
        octets: bytes of payload in them.
    """

    def __init__(self, transport: RTCDtlsTransport) -> None:
        self.packets = 0
        self.octets = 0
        self._cipher = Cipher(transport, ABREAST * LARGEST_PACKET)
        self._single = Cipher(transport, LARGEST_PACKET + 2)
        self._way = Way(transport)
        self._segments = True

    async def send(self, unit: Unit, stream: Stream, sequence: int, stamp: int, sent: Monotonic) -> None:
        """Sends an access unit's packets; waits while the socket is full.

        Raises:
            ConnectionError: there is no path to the viewer any more.
        """
        trains = unit.trains(stream.header, self._cipher.tag)
        for number, train in enumerate(trains):
            if number:
                await asyncio.sleep(BREATH)
            self._way.find()
            self._load(train, stream, sequence, stamp, sent)
            await self._dispatch(train)
            sequence += train.count
            self.packets += train.count
            self.octets += len(train.image) - train.count * (stream.header + self._cipher.tag)

    async def send_one(
        self, payload: bytes, stream: Stream, sequence: int, stamp: int, sent: Monotonic, *, marker: bool
    ) -> None:
        """Sends one packet beside the others, or loses it where the socket is full.

        Raises:
            ConnectionError: there is no path to the viewer any more.
        """
        self._way.find()
        length = stream.header + len(payload)
        scratch = self._single.scratch
        stream.write(scratch, 0, sequence, stamp, sent, marker=marker)
        scratch[stream.header : length] = payload
        self._single.protect(0, length)
        packet = scratch[: length + self._single.tag]
        if self._way.socket is None:
            await self._way.relay(bytes(packet))
            return
        with suppress(OSError):
            self._way.socket.sendto(packet, self._way.address)

    def close(self) -> None:
        """Lets go of the socket."""
        self._way.close()

    def _load(self, train: Train, stream: Stream, sequence: int, stamp: int, sent: Monotonic) -> None:
        scratch, protect, tag = self._cipher.scratch, self._cipher.protect, self._cipher.tag
        scratch[: len(train.image)] = train.image
        final = train.count - 1
        for number in range(train.count):
            offset = number * train.size
            stream.write(scratch, offset, sequence + number, stamp, sent, marker=train.ends and number == final)
            protect(offset, (train.last if number == final else train.size) - tag)

    async def _dispatch(self, train: Train) -> None:
        packets = self._cipher.scratch[: len(train.image)]
        if self._segments and self._way.socket is not None:
            cut = [(socket.IPPROTO_UDP, SEGMENT, struct.pack("@H", train.size))] if train.count > 1 else []
            try:
                self._way.socket.sendmsg([packets], cut, 0, self._way.address)
            except BlockingIOError:
                pass  # full: what follows waits
            except OSError as exc:
                if exc.errno not in REFUSED:
                    return  # the network is away; whether the viewer is, its reports will tell
                self._segments = False
            else:
                return
        for start in range(0, len(packets), train.size):
            packet = packets[start : start + train.size]
            if self._way.socket is None:
                await self._way.relay(bytes(packet))
                continue
            try:
                await asyncio.get_running_loop().sock_sendto(self._way.socket, packet, self._way.address)
            except OSError:
                return
