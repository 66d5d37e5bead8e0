"""The line to one viewer: packets that were built for all are addressed, encrypted and sent."""

import asyncio
import errno
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from aiortc import RTCDtlsTransport
from numpy.typing import NDArray

from edge_agent.live.innards import GCM_TAG, Cipher, Way
from edge_agent.live.payload import ABREAST, LARGEST, Train, Unit
from edge_agent.values.time import Monotonic

PLAIN = struct.Struct("!BBHLL")
STAMPED = struct.Struct("!BBHLLHHL")
"""RTP's header (RFC 3550, section 5.1), bare and with the time of sending as its one extension (RFC 8285)."""

SEQUENCE = slice(2, 4)
"""Where the sequence number is in it."""

MARKER = 0x80
"""The bit of its second byte that ends a picture."""

NUMBERS = np.arange((1 << 16) + ABREAST).astype(">u2").view(np.uint8).reshape(-1, 2)
"""Sequence numbers as they travel, a train further than they go."""

SEND_TIME_RATE = 1 << 18
"""Ticks a second of the time of sending; only its differences mean something, so it is monotonic."""

LARGEST_PACKET = STAMPED.size + LARGEST + 2 + GCM_TAG
"""Bytes of a packet that is sent again, which tells its old number."""

BREATH = 0.002
"""Seconds between two trains of one picture: 28 kB each makes 110 Mb/s, which a good radio link takes without loss."""

FULL = 0.5
"""Seconds that a packet waits for a full socket; two seconds behind, the viewer goes on from a newer key frame."""

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
    def size(self) -> int:
        """Bytes of a header."""
        return STAMPED.size if self.send_time else PLAIN.size

    def header(self, stamp: int, sent: Monotonic) -> NDArray[np.uint8]:
        """Returns a header without marker and number, in which the packets of a picture differ."""
        rest = self.payload_type, 0, stamp & 0xFFFF_FFFF, self.ssrc
        if not self.send_time:
            return np.frombuffer(PLAIN.pack(0x80, *rest), np.uint8)
        told = (self.send_time << 4 | 2) << 24 | int(sent * SEND_TIME_RATE) & 0xFF_FFFF
        return np.frombuffer(STAMPED.pack(0x90, *rest, 0xBEDE, 1, told), np.uint8)


class Line:
    """Sends to one viewer; for one coroutine, but for ``send_again``.

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
        self._again = Cipher(transport, LARGEST_PACKET)
        self._way = Way(transport)
        self._segments = True

    async def send(self, unit: Unit, stream: Stream, sequence: int, stamp: int, sent: Monotonic) -> None:
        """Sends an access unit's packets; waits while the socket is full.

        Raises:
            ConnectionError: there is no path to the viewer any more.
        """
        for number, train in enumerate(unit.trains(stream.size, self._cipher.tag)):
            if number:
                await asyncio.sleep(BREATH)
            self._way.find()
            _load(self._cipher, train, stream, sequence, stream.header(stamp, sent))
            if not self._leaves_whole(train):
                await self._send_each(train)
            self._count(train, stream)
            sequence += train.count

    def send_at_once(self, unit: Unit, stream: Stream, sequence: int, stamp: int, sent: Monotonic) -> bool:
        """Sends an access unit in one call; where that cannot be done, or not now, returns False and sends nothing.

        Raises:
            ConnectionError: there is no path to the viewer any more.
        """
        trains = unit.trains(stream.size, self._cipher.tag)
        self._way.find()
        if len(trains) > 1 or self._way.socket is None or not self._segments:
            return False
        for train in trains:
            _load(self._cipher, train, stream, sequence, stream.header(stamp, sent))
            if not self._leaves_whole(train):
                return False
            self._count(train, stream)
        return True

    async def send_again(
        self, payload: bytes, stream: Stream, sequence: int, stamp: int, sent: Monotonic, *, marker: bool
    ) -> None:
        """Sends one packet beside the others, or loses it where the socket is full.

        Raises:
            ConnectionError: there is no path to the viewer any more.
        """
        self._way.find()
        image = b"".join((bytes(stream.size), payload, bytes(self._again.tag)))
        train = Train(image, 1, len(image), len(image), ends=marker)
        _load(self._again, train, stream, sequence, stream.header(stamp, sent))
        packet = self._again.scratch[: len(image)]
        if self._way.socket is None:
            await self._way.relay(bytes(packet))
            return
        with suppress(OSError):
            self._way.socket.sendto(packet, self._way.address)

    def close(self) -> None:
        """Lets go of the socket."""
        self._way.close()

    def _count(self, train: Train, stream: Stream) -> None:
        self.packets += train.count
        self.octets += len(train.image) - train.count * (stream.size + self._cipher.tag)

    def _leaves_whole(self, train: Train) -> bool:
        """Sends a train in one call; False where that cannot be done, or not now."""
        if self._way.socket is None or not self._segments:
            return False
        cut = [(socket.IPPROTO_UDP, SEGMENT, struct.pack("@H", train.size))] if train.count > 1 else []
        try:
            self._way.socket.sendmsg([self._cipher.scratch[: len(train.image)]], cut, 0, self._way.address)
        except BlockingIOError:
            return False
        except OSError as exc:
            if exc.errno in REFUSED:
                self._segments = False
                return False
            # The network is away; whether the viewer is too, its silence will tell.
        return True

    async def _send_each(self, train: Train) -> None:
        for start in range(0, len(train.image), train.size):
            packet = self._cipher.scratch[start : min(start + train.size, len(train.image))]
            if self._way.socket is None:
                await self._way.relay(bytes(packet))
                continue
            # A time-out is one of these errors too: what it loses the viewer asks for again.
            with suppress(OSError):
                async with asyncio.timeout(FULL):
                    await asyncio.get_running_loop().sock_sendto(self._way.socket, packet, self._way.address)


def _load(cipher: Cipher, train: Train, stream: Stream, sequence: int, header: NDArray[np.uint8]) -> None:
    """Puts a train into a cipher's scratch, addressed and encrypted."""
    cipher.scratch[: len(train.image)] = train.image
    # Written for all packets at once: one by one it takes as long as the encryption.
    headers: NDArray[np.uint8] = np.ndarray(
        (train.count, stream.size), np.uint8, cipher.scratch, strides=(train.size, 1)
    )
    headers[:] = header
    first = sequence & 0xFFFF
    headers[:, SEQUENCE] = NUMBERS[first : first + train.count]
    if train.ends:
        headers[-1, 1] |= MARKER
    cipher.protect(train.count, train.size, train.last)
