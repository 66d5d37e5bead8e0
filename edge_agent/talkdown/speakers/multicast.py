"""Horn loudspeakers that listen to a multicast group, by RTP alone (RFC 3550, RFC 3551)."""

import ipaddress
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from typing_extensions import override

from edge_agent.errors import TransientError
from edge_agent.talkdown.blocks import Beat, cut
from edge_agent.talkdown.rtsp.coding import Format, coding
from edge_agent.talkdown.rtsp.rtp import Stream
from edge_agent.talkdown.speakers import Speaker, SpeakerSettings
from edge_agent.values.speech import Sound, Speech

_FORMATS = {
    "pcmu": Format(0, "PCMU", 8_000),
    "pcma": Format(8, "PCMA", 8_000),
    "l16": Format(11, "L16", 44_100),
}
"""Those with a payload type of their own, for nobody is there to agree with on another (RFC 3551, table 4)."""


def _is_a_group(address: str) -> str:
    try:
        group = ipaddress.IPv4Address(address).is_multicast
    except ValueError:
        group = False
    if not group:
        raise ValueError("write a multicast address, from 224.0.0.0 to 239.255.255.255, such as 239.192.0.1")
    return address


class MulticastSettings(SpeakerSettings):
    """A group of loudspeakers on the local network.

    Attributes:
        group: its IPv4 multicast address.
        port: where they listen; even, by RTP's custom.
        codec: what they are set to.
        ttl: routers that a packet may pass; 1 stays on the local network.
        interface: address of ours on the network where they are; empty for the one that the system chooses.
    """

    kind: Literal["multicast"] = "multicast"
    group: Annotated[str, AfterValidator(_is_a_group)]
    port: Annotated[int, Field(ge=1024, le=65_535)] = 5004
    codec: Literal["pcmu", "pcma", "l16"] = "pcmu"
    ttl: Annotated[int, Field(ge=0, le=32)] = 1
    interface: Annotated[str, Field(pattern=r"^(\d{1,3}(\.\d{1,3}){3})?$")] = ""

    @override
    def build(self) -> Speaker:
        """See ``SpeakerSettings``."""
        return MulticastSpeaker(self)


class MulticastSpeaker:
    """See ``Speaker``; nobody answers on a group, so ``played`` means that the network took every packet."""

    def __init__(self, settings: MulticastSettings) -> None:
        self._settings = settings
        self._format = _FORMATS[settings.codec]

    async def play(self, sound: Sound, started: Callable[[], None]) -> None:
        """See ``Speaker``."""
        encoder = coding(self._format)
        blocks = await cut(sound, self._format.rate, encoder.size)
        stream = Stream(self._format.payload_type)
        first = True
        with self._opened() as group:
            beat = Beat(encoder.size / self._format.rate, live=not isinstance(sound, Speech))
            while True:
                stream.skip(await beat.due() * encoder.size)
                if (block := next(blocks, None)) is None:
                    return
                self._send(group, stream.packet(encoder.encode(block), encoder.size))
                if first:
                    first = False
                    started()

    async def probe(self) -> str:
        """See ``Speaker``; that a way leads to the group is all that can be known."""
        with self._opened():
            settings = self._settings
            return f"{self._format.name} at {self._format.rate} Hz by multicast to {settings.group}:{settings.port}"

    @contextmanager
    def _opened(self) -> Iterator[socket.socket]:
        settings = self._settings
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as group:
            group.setblocking(False)  # noqa: FBT003 - the library's signature
            group.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, settings.ttl)
            try:
                if settings.interface:
                    ours = socket.inet_aton(settings.interface)
                    group.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, ours)
                group.connect((settings.group, settings.port))
            except OSError as exc:
                raise self._unreachable(exc) from exc
            yield group

    def _send(self, group: socket.socket, packet: bytes) -> None:
        try:
            group.send(packet)
        except BlockingIOError:
            return  # the link is full: lost, as any datagram may be
        except OSError as exc:
            raise self._unreachable(exc) from exc

    def _unreachable(self, exc: OSError) -> TransientError:
        remedy = "check the network, or set the loudspeaker's interface to an address of this box"
        return TransientError(f"no way leads to the group {self._settings.group} ({exc.strerror})", remedy)
