"""Every place where this agent reaches behind aiortc, aioice and pylibsrtp, and why; nothing else in it may.

The library has no public way to send packets that are packetised already, and asks once per packet and viewer for what
can be asked once per picture. ``tests/live/test_innards.py`` fails where an upgrade moves what is named here
(aiortc 1.16, aioice 0.13, pylibsrtp 1.0).
"""

import asyncio
import logging
import os
import socket
import struct
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Protocol

from aiortc import RTCDtlsTransport, RTCPeerConnection, RTCRtpTransceiver
from aiortc.rtcrtpparameters import RTCRtpSendParameters
from aiortc.rtcrtpreceiver import StreamStatistics
from aiortc.rtp import AnyRtcpPacket, RtpPacket
from aiortc.stats import RTCStatsReport
from pylibsrtp._binding import ffi, lib

from edge_agent.live.opus import RATE

GCM_TAG, CM_TAG = 16, 10
"""Bytes of an authentication tag: AEAD (RFC 7714), AES-CM with HMAC-SHA1-80 (RFC 3711)."""

_SOURCES = 4
"""Sources that one speaker may have: a browser that changes its microphone takes a new one."""

log = logging.getLogger(__name__)


class LibrarySender(Protocol):
    """What a connection asks of its sender: the part of ``RTCRtpSender`` that it calls."""

    kind: str
    track: None
    transport: RTCDtlsTransport
    _ssrc: int
    _rtx_ssrc: int
    _stream_id: str
    _track_id: str

    def setTransport(self, transport: RTCDtlsTransport) -> None:  # noqa: N802 - the library's name
        """Takes the transport of the bundle's first section."""

    async def send(self, parameters: RTCRtpSendParameters) -> None:
        """Begins to send, once connected."""

    async def stop(self) -> None:
        """Ends."""

    async def getStats(self) -> RTCStatsReport:  # noqa: N802 - the library's name
        """Returns what is counted."""

    async def _handle_rtcp_packet(self, packet: AnyRtcpPacket) -> None: ...


def gather_within(transport: RTCDtlsTransport, seconds: int) -> None:
    """Bounds how long relays and STUN servers are waited for; the library's own 5 s would hold up every answer."""
    connection = transport.transport.iceGatherer._connection  # noqa: SLF001
    connection.get_component_candidates = partial(connection.get_component_candidates, timeout=seconds)  # type: ignore[method-assign]


def take_over(transceiver: RTCRtpTransceiver, sender: LibrarySender) -> None:
    """Puts a sender of our own in the place of the library's, before the offer is answered."""
    sender._stream_id = transceiver.sender._stream_id  # noqa: SLF001
    transceiver.receiver._set_rtcp_ssrc(sender._ssrc)  # noqa: SLF001
    transceiver._RTCRtpTransceiver__sender = sender  # type: ignore[attr-defined] # noqa: SLF001


def listen(sender: LibrarySender, parameters: RTCRtpSendParameters) -> None:
    """Has the viewer's reports on a sender's stream brought to it."""
    transport = sender.transport
    transport._register_rtp_sender(sender, parameters)  # noqa: SLF001
    # What names its source further inside (RFC 5104, section 4.3.1.2) would find no sender.
    transport._rtp_router.register_sender(sender, 0)  # noqa: SLF001
    read = transport._handle_rtcp_data  # noqa: SLF001

    async def read_carefully(data: bytes) -> None:
        # A short REMB trips the parser with an error that the library does not expect, and ended the connection.
        try:
            await read(data)
        except (struct.error, LookupError, UnicodeError):
            log.debug("a viewer sent a malformed report")

    transport._handle_rtcp_data = read_carefully  # type: ignore[method-assign] # noqa: SLF001


def stop_listening(sender: LibrarySender) -> None:
    """Undoes ``listen``."""
    sender.transport._unregister_rtp_sender(sender)  # noqa: SLF001


async def send_report(transport: RTCDtlsTransport, packets: list[AnyRtcpPacket]) -> None:
    """Encrypts and sends a compound RTCP packet; nothing happens where the connection is gone."""
    try:
        await transport._send_rtp(b"".join(bytes(packet) for packet in packets))  # noqa: SLF001
    except (ConnectionError, OSError):
        log.debug("a report found no way to the viewer")


def stats(transport: RTCDtlsTransport) -> RTCStatsReport:
    """Returns what a transport counted."""
    return transport._get_stats()  # noqa: SLF001


class Cipher:
    """Encrypts packets where they lie, with what a connection negotiated (SRTP).

    The library's own way takes a packet as bytes and returns another: three copies and 1.2 µs for each packet.

    Args:
        transport: connected.
        room: bytes of ``scratch``.

    Attributes:
        tag: bytes that a packet grows by.
        scratch: where packets are encrypted.
    """

    def __init__(self, transport: RTCDtlsTransport, room: int) -> None:
        profile = transport._ssl.get_selected_srtp_profile() if transport._ssl else b""  # noqa: SLF001
        self.tag = GCM_TAG if profile.endswith(b"GCM") else CM_TAG
        self._session = transport._tx_srtp  # noqa: SLF001
        self._buffer = ffi.new("unsigned char[]", room)
        self._length = ffi.new("int *")
        self.scratch = memoryview(ffi.buffer(self._buffer)).cast("B")

    def protect(self, count: int, size: int, last: int) -> None:
        """Encrypts the packets at the scratch's beginning, which lie ``size`` bytes apart, room for tags included.

        Args:
            count: of packets.
            size: bytes of each.
            last: bytes of the last one.

        Raises:
            ConnectionError: one stayed clear; nothing may be sent.
        """
        # The innermost loop of live view: what it need not look up for each packet is looked up here.
        protect, session, buffer, length = lib.srtp_protect, self._session._srtp[0], self._buffer, self._length  # noqa: SLF001
        clear, tag, end = size - self.tag, self.tag, (count - 1) * size
        for offset in range(0, count * size, size):
            length[0] = clear if offset < end else last - tag
            if status := protect(session, buffer + offset, length):
                raise ConnectionError(f"a packet could not be encrypted (libsrtp status {status})")


class Way:
    """The path that ICE selected to a viewer: a socket of ours, or what the library relays through.

    Attributes:
        socket: the path's own, None where a relay carries the packets.
        address: the viewer's.
    """

    def __init__(self, transport: RTCDtlsTransport) -> None:
        self._transport = transport
        self._pair: object = None
        self.socket: socket.socket | None = None
        self.address: tuple[str, int] = ("", 0)

    def find(self) -> None:
        """Looks which path is selected now; ICE may have found a better one.

        Raises:
            ConnectionError: none.
        """
        pair = self._transport.transport._connection._nominated.get(1)  # noqa: SLF001
        if pair is self._pair:
            return
        if pair is None:
            raise ConnectionError("no path is selected")
        self.close()
        self._pair = pair
        self.address = pair.remote_addr
        own = pair.protocol.transport.get_extra_info("socket")
        if own is not None:
            # A descriptor of its own, since asyncio lends out neither its socket nor a way to send in one call.
            self.socket = socket.socket(fileno=os.dup(own.fileno()))
            self.socket.settimeout(0)

    async def relay(self, packet: bytes) -> None:
        """Sends a packet the library's way."""
        await self._transport.transport._connection.send(packet)  # noqa: SLF001

    def close(self) -> None:
        """Lets go of the socket."""
        if self.socket is not None:
            self.socket.close()
        self.socket = self._pair = None


def hear(transceiver: RTCRtpTransceiver, take: Callable[[RtpPacket], None]) -> None:
    """Brings every packet of a stream to ``take`` instead of the library's own decoder.

    That one plays a voice 80 ms late, says nothing for a third of a second where a packet is lost, and queues without a
    bound. It still counts, for the reports that the sender's congestion control lives on.
    """
    receiver = transceiver.receiver
    streams = receiver._RTCRtpReceiver__remote_streams  # type: ignore[attr-defined] # noqa: SLF001

    async def heard(packet: RtpPacket, arrival_time_ms: int) -> None:  # noqa: ARG001 - as the library calls it
        if packet.ssrc not in streams and len(streams) < _SOURCES:
            streams[packet.ssrc] = StreamStatistics(RATE)
        if packet.ssrc in streams:
            streams[packet.ssrc].add(packet)
            take(packet)

    receiver._handle_rtp_packet = heard  # type: ignore[method-assign] # noqa: SLF001


def take_redundancy(connection: RTCPeerConnection, transceiver: RTCRtpTransceiver) -> int | None:
    """Answers an offer of RED as what we like best, and returns its payload type; None where none was offered.

    The library knows no RED, so that between the offer and the answer it is added to what was agreed on.
    """
    for codec in connection._RTCPeerConnection__remoteDescription().media[0].rtp.codecs:  # type: ignore[attr-defined] # noqa: SLF001
        if (codec.mimeType.lower(), codec.clockRate) == ("audio/red", RATE):
            transceiver._codecs.insert(0, replace(codec, rtcpFeedback=[]))  # noqa: SLF001
            return int(codec.payloadType)
    return None


def own_connecting(connection: RTCPeerConnection) -> list[asyncio.Task[None]]:
    """Returns a list that gets every task in which a connection comes up.

    The library starts them and forgets them, so that a connection closed meanwhile comes up all the same and leaves its
    consent checks or its sender running for ever.
    """
    tasks: list[asyncio.Task[None]] = []
    connect = connection._RTCPeerConnection__connect  # type: ignore[attr-defined] # noqa: SLF001

    def begin() -> asyncio.Task[None]:
        tasks.append(asyncio.create_task(connect(), name="viewer connects"))
        return tasks[-1]

    connection._RTCPeerConnection__connect = begin  # type: ignore[attr-defined] # noqa: SLF001
    return tasks
