import asyncio
import socket
from types import SimpleNamespace
from typing import Any

import pytest
from aiortc.rtcdtlstransport import SRTP_AEAD_AES_128_GCM, SRTP_AES128_CM_SHA1_80, SRTPProtectionProfile
from aiortc.rtp import HeaderExtensionsMap, RtpPacket
from pylibsrtp import Policy, Session
from typing_extensions import override

from edge_agent.live.line import Line, Stream
from edge_agent.live.payload import LARGEST, Unit
from edge_agent.values.time import Monotonic

KEY = bytes(range(30))
STAMP, SENT = 90_000, Monotonic(2.5)
SEND_TIME = SimpleNamespace(
    headerExtensions=[SimpleNamespace(id=3, uri="http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time")]
)
PICTURE = Unit(b"\0\0\1\x67sps\0\0\1\x68pps\0\0\1\x65" + b"\1" * 80_000)


class FarEnd:
    """What a viewer gets, over a real socket; in the place of a connection that the library made."""

    def __init__(self, profile: SRTPProtectionProfile = SRTP_AES128_CM_SHA1_80, *, relayed: bool = False) -> None:
        key = KEY[: profile.key_length + profile.salt_length]
        out, into = (
            Session(Policy(key, ssrc_type=way, srtp_profile=profile.libsrtp_profile))
            for way in (Policy.SSRC_ANY_OUTBOUND, Policy.SSRC_ANY_INBOUND)
        )
        self._srtp = into
        self._socket, self.out = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        for end in (self._socket, self.out):
            end.bind(("127.0.0.1", 0))
            end.settimeout(0)
        self.relayed: list[bytes] = []
        lent = None if relayed else self.out
        self.pair: Any = SimpleNamespace(
            remote_addr=self._socket.getsockname(),
            protocol=SimpleNamespace(transport=SimpleNamespace(get_extra_info=lambda _: lent)),
        )
        self.ice: Any = SimpleNamespace(_nominated={1: self.pair}, send=self._relay)
        self.transport: Any = SimpleNamespace(
            _ssl=SimpleNamespace(get_selected_srtp_profile=lambda: profile.openssl_profile),
            _tx_srtp=out,
            transport=SimpleNamespace(_connection=self.ice),
        )

    async def gets(self, count: int) -> list[RtpPacket]:
        """Waits for packets and decrypts them."""
        loop = asyncio.get_running_loop()
        known = HeaderExtensionsMap()
        known.configure(SEND_TIME)  # type: ignore[arg-type] # all that it looks at
        packets = self.relayed or [await loop.sock_recv(self._socket, 2000) for _ in range(count)]
        assert all(len(packet) <= 1200 for packet in packets)
        return [RtpPacket.parse(self._srtp.unprotect(packet), known) for packet in packets]

    def close(self) -> None:
        self._socket.close()
        self.out.close()

    async def _relay(self, packet: bytes) -> None:
        self.relayed.append(packet)


@pytest.mark.parametrize("profile", [SRTP_AES128_CM_SHA1_80, SRTP_AEAD_AES_128_GCM])
@pytest.mark.parametrize("send_time", [0, 3])
@pytest.mark.parametrize("way", ["whole", "each", "relayed"])
async def test_a_picture_arrives_as_it_was_packetised(
    profile: SRTPProtectionProfile, send_time: int, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way == "each":
        monkeypatch.setattr("edge_agent.live.line.SEGMENT", 9999)  # an option that no kernel knows
    far = FarEnd(profile, relayed=way == "relayed")
    line = Line(far.transport)
    receiving = asyncio.create_task(far.gets(len(PICTURE.payloads)) if way != "relayed" else asyncio.sleep(0, []))
    await line.send(PICTURE, Stream(7, 96, send_time), 65_530, STAMP, SENT)
    got = await receiving or await far.gets(0)
    assert tuple(packet.payload for packet in got) == PICTURE.payloads
    assert [packet.sequence_number for packet in got] == [(65_530 + place) % 65_536 for place in range(len(got))]
    assert {(packet.ssrc, packet.payload_type, packet.timestamp) for packet in got} == {(7, 96, STAMP)}
    assert [packet.marker for packet in got] == [0] * (len(got) - 1) + [1]
    assert {packet.extensions.abs_send_time for packet in got} == {int(SENT * (1 << 18)) if send_time else None}
    assert (line.packets, line.octets) == (len(got), sum(map(len, PICTURE.payloads)))
    line.close()
    far.close()


async def test_a_packet_is_sent_again_beside_the_others() -> None:
    far = FarEnd()
    line = Line(far.transport)
    await line.send_again(b"\0\x07" + b"x" * LARGEST, Stream(8, 97, 3), 5, STAMP, SENT, marker=True)
    [packet] = await far.gets(1)
    assert (packet.ssrc, packet.payload_type, packet.sequence_number, packet.marker) == (8, 97, 5, 1)
    assert packet.payload == b"\0\x07" + b"x" * LARGEST
    line.close()
    far.close()


class FullAtFirst(socket.socket):
    """A socket whose queue is full each time it is first asked, as a network card's is in a burst."""

    refused = 0

    @override
    def sendmsg(self, *_: object) -> int:
        self.refused += 1
        raise BlockingIOError

    @override
    def sendto(self, *given: Any) -> int:
        self.refused += 1
        if self.refused % 2:
            return super().sendto(*given)
        raise BlockingIOError


async def test_a_full_socket_makes_the_picture_wait_and_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    far = FarEnd()
    monkeypatch.setattr("edge_agent.live.innards.socket.socket", FullAtFirst)
    line = Line(far.transport)
    receiving = asyncio.create_task(far.gets(len(PICTURE.payloads)))
    await line.send(PICTURE, Stream(7, 96), 1, STAMP, SENT)
    assert tuple(packet.payload for packet in await receiving) == PICTURE.payloads
    assert isinstance(line._way.socket, FullAtFirst)
    assert line._way.socket.refused > len(PICTURE.payloads)
    line.close()
    far.close()


async def test_a_network_that_is_away_is_waited_for_and_an_encryption_that_fails_sends_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    far = FarEnd()
    line = Line(far.transport)
    far.pair.remote_addr = ("255.255.255.255", 9)  # may not be sent to: the kernel says so each time
    await line.send(PICTURE, Stream(7, 96), 1, STAMP, SENT)
    monkeypatch.setattr("edge_agent.live.innards.lib", SimpleNamespace(srtp_protect=lambda *_: 7))
    far.pair.remote_addr = far._socket.getsockname()
    with pytest.raises(ConnectionError, match="encrypted"):
        await line.send(PICTURE, Stream(7, 96), 1, STAMP, SENT)
    with pytest.raises(BlockingIOError):
        far._socket.recv(2000)
    line.close()
    far.close()


async def test_without_a_path_there_is_an_end_and_with_a_better_one_it_is_taken() -> None:
    far, near = FarEnd(), FarEnd()
    line = Line(far.transport)
    await line.send_again(b"1", Stream(7, 96), 1, STAMP, SENT, marker=False)
    far.ice._nominated[1] = near.pair
    await line.send_again(b"2", Stream(7, 96), 2, STAMP, SENT, marker=False)
    [packet] = await near.gets(1)
    assert packet.payload == b"2"
    far.ice._nominated.clear()
    with pytest.raises(ConnectionError, match="path"):
        await line.send(PICTURE, Stream(7, 96), 3, STAMP, SENT)
    line.close()
    far.close()
    near.close()
