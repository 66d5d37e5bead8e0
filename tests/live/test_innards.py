"""Fails where an upgrade of aiortc, aioice or pylibsrtp moves what this agent reaches for."""

import inspect

import pytest
from aiortc import RTCConfiguration, RTCDtlsTransport, RTCPeerConnection, RTCRtpSender
from aiortc.rtcdtlstransport import SRTP_PROFILES, RtpRouter
from aiortc.rtcrtpreceiver import RTCRtpReceiver
from pylibsrtp import Policy, Session
from pylibsrtp._binding import ffi, lib

from edge_agent.live.innards import CM_TAG, GCM_TAG, LibrarySender


async def test_a_connection_has_what_is_replaced_in_it() -> None:
    connection = RTCPeerConnection(RTCConfiguration([]))
    transceiver = connection.addTransceiver("video", direction="sendonly")
    assert vars(transceiver)["_RTCRtpTransceiver__sender"] is transceiver.sender
    assert inspect.iscoroutinefunction(vars(RTCPeerConnection)["_RTCPeerConnection__connect"])
    assert transceiver.sender.transport.transport._connection._nominated == {}
    assert transceiver._codecs == []
    assert vars(RTCPeerConnection)["_RTCPeerConnection__remoteDescription"](connection) is None
    assert list(inspect.signature(RTCRtpReceiver._set_rtcp_ssrc).parameters) == ["self", "ssrc"]
    await connection.close()


def test_a_sender_is_asked_for_nothing_new() -> None:
    named = {name for name in vars(LibrarySender) if not name.startswith("__")} | set(LibrarySender.__annotations__)
    public = {name for name in vars(RTCRtpSender) if not name.startswith("_")}
    ours = named | {"getCapabilities", "replaceTrack"}  # of the class, and of those that have a track
    assert public <= ours | {"_abc_impl"}


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        (RTCDtlsTransport._send_rtp, ["self", "data"]),
        (RTCDtlsTransport._handle_rtcp_data, ["self", "data"]),
        (RTCDtlsTransport._register_rtp_sender, ["self", "sender", "parameters"]),
        (RTCDtlsTransport._unregister_rtp_sender, ["self", "sender"]),
        (RTCDtlsTransport._get_stats, ["self"]),
        (RtpRouter.register_sender, ["self", "sender", "ssrc"]),
        (RTCRtpReceiver._handle_rtp_packet, ["self", "packet", "arrival_time_ms"]),
    ],
)
def test_a_transport_takes_what_it_is_given(method: object, parameters: list[str]) -> None:
    assert list(inspect.signature(method).parameters) == parameters  # type: ignore[arg-type] # a method


@pytest.mark.parametrize("profile", SRTP_PROFILES)
def test_a_packet_is_encrypted_where_it_lies_and_grows_by_the_tag(profile: object) -> None:
    made = Policy.SRTP_PROFILE_AES128_CM_SHA1_80
    keys = {"libsrtp_profile": made, "openssl_profile": b"", "key_length": 0, "salt_length": 0}
    chosen = {name: getattr(profile, name) for name in keys}
    tag = GCM_TAG if chosen["openssl_profile"].endswith(b"GCM") else CM_TAG
    key = bytes(range(chosen["key_length"] + chosen["salt_length"]))
    ways = (Policy.SSRC_ANY_OUTBOUND, Policy.SSRC_ANY_INBOUND)
    sending, receiving = (Session(Policy(key, ssrc_type=way, srtp_profile=chosen["libsrtp_profile"])) for way in ways)
    packet = bytes.fromhex("8060000100000001000000ff") + b"picture"
    buffer, length = ffi.new("unsigned char[]", 100), ffi.new("int *")
    ffi.buffer(buffer)[7 : 7 + len(packet)] = packet
    length[0] = len(packet)
    assert lib.srtp_protect(sending._srtp[0], buffer + 7, length) == lib.srtp_err_status_ok
    assert length[0] == len(packet) + tag
    assert receiving.unprotect(bytes(ffi.buffer(buffer)[7 : 7 + length[0]])) == packet
