"""How packets travel to a camera: inside the RTSP connection, or beside it as UDP datagrams."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from edge_agent.errors import PermanentError, TransientError
from edge_agent.talkdown.rtsp.connection import Connection

_TRIES = 20
"""Port pairs tried; each fails only if a stranger holds the odd port."""

_PROBATION = 5
"""Packets that are sent once whatever is asked for: a receiver makes sure of a new source by its first numbers, which
must follow one another (RFC 3550, appendix A.1), and drops a packet where one comes again."""


class Carrier(Protocol):
    """Takes packets to the camera."""

    @property
    def offer(self) -> str:
        """The ``Transport`` header for SETUP."""
        ...

    def agree(self, answer: str) -> None:
        """Takes the ``Transport`` header of the camera's answer.

        Raises:
            PermanentError: it agreed to something else.
        """
        ...

    async def sound(self, packet: bytes) -> None:
        """Sends an RTP packet; raises TransientError if the way is broken."""
        ...

    async def report(self, packet: bytes) -> None:
        """Sends an RTCP packet; raises TransientError if the way is broken."""
        ...


class Interleaved:
    """See ``Carrier``; within the connection, for firewalls and lossy links."""

    offer = "RTP/AVP/TCP;unicast;interleaved=0-1"

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._channels = (0, 1)

    def agree(self, answer: str) -> None:
        """See ``Carrier``."""
        if "interleaved" not in answer and answer:
            raise _other_way("tcp")
        self._channels = _numbers("interleaved", answer, 0xFF) or self._channels

    async def sound(self, packet: bytes) -> None:
        """See ``Carrier``."""
        await self._connection.interleave(self._channels[0], packet)

    async def report(self, packet: bytes) -> None:
        """See ``Carrier``."""
        await self._connection.interleave(self._channels[1], packet)


class Udp:
    """See ``Carrier``; made by ``datagrams``. Packets go to the host that answered RTSP and to no other.

    Args:
        connection: whose camera it is.
        ends: our sockets for RTP and RTCP. Nobody reads them: receiver reports are of no use to us.
        twice: whether each sound is sent again beside the next one; a receiver knows it by its number (RFC 3550,
            appendix A.1), and plays on where one of the two is lost.
    """

    def __init__(self, connection: Connection, ends: tuple[socket.socket, socket.socket], *, twice: bool) -> None:
        self._connection = connection
        self._ends = ends
        self._twice = twice
        self._sent = 0
        self._again = b""
        first = int(ends[0].getsockname()[1])
        self.offer = f"RTP/AVP;unicast;client_port={first}-{first + 1}"

    def agree(self, answer: str) -> None:
        """See ``Carrier``."""
        ports = _numbers("server_port", answer, 0xFFFF)
        if ports is None:
            raise _other_way("udp")
        for end, port in zip(self._ends, ports, strict=True):
            end.connect((self._connection.theirs()[0], port))  # so that the system tells of a closed port

    async def sound(self, packet: bytes) -> None:
        """See ``Carrier``."""
        if self._again:
            self._send(self._ends[0], self._again)
        self._send(self._ends[0], packet)
        self._sent += 1
        self._again = packet if self._twice and self._sent > _PROBATION else b""

    async def report(self, packet: bytes) -> None:
        """See ``Carrier``."""
        self._send(self._ends[1], packet)

    def _send(self, end: socket.socket, packet: bytes) -> None:
        self._connection.check()
        try:
            end.send(packet)
        except BlockingIOError:
            return  # the link is full: lost, as any datagram may be
        except OSError as exc:
            if end is self._ends[0]:
                raise TransientError(
                    f"the camera takes no sound by UDP ({exc.strerror})", "set the loudspeaker's transport to tcp"
                ) from exc


@contextmanager
def datagrams(connection: Connection, *, twice: bool) -> Iterator[Udp]:
    """Opens an even port and the odd one above it (RFC 3550, section 11) for the length of the block; see ``Udp``."""
    ends = _port_pair(connection.ours()[0])
    with ends[0], ends[1]:
        yield Udp(connection, ends, twice=twice)


def _port_pair(host: str) -> tuple[socket.socket, socket.socket]:
    for _ in range(_TRIES):
        first = _bound(host, 0)
        port = first.getsockname()[1] if first else 1
        second = _bound(host, port + 1) if port % 2 == 0 else None
        if first and second:
            return first, second
        if first:
            first.close()
    raise TransientError("no pair of free UDP ports was found", "set the loudspeaker's transport to tcp")


def _bound(host: str, port: int) -> socket.socket | None:
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    made.setblocking(False)  # noqa: FBT003 - the library's signature
    try:
        made.bind((host, port))
    except OSError:
        made.close()
        return None
    return made


def _numbers(name: str, answer: str, most: int) -> tuple[int, int] | None:
    """Returns the pair ``name=7-8`` of a ``Transport`` header; a single number stands for itself and the next."""
    found = re.search(rf"\b{name}=(\d{{1,5}})(?:-(\d{{1,5}}))?", answer)
    if found is None:
        return None
    first = int(found[1])
    pair = first, int(found[2] or first + 1)
    return pair if max(pair) <= most else None


def _other_way(transport: str) -> PermanentError:
    other = "udp" if transport == "tcp" else "tcp"
    return PermanentError(
        f"the camera takes no sound by {transport.upper()}", f"set the loudspeaker's transport to {other}"
    )
