import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpReceiver
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.errors import PermanentError
from edge_agent.live.offer import CANDIDATES, LARGEST, admit

LINES = """v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
m=video 9 UDP/TLS/RTP/SAVPF 96 97 103 104
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=candidate:1 1 udp 2113937151 0b3a2a8e-2a3b-4c4d-9e9f-1a2b3c4d5e6f.local 51000 typ host
a=candidate:2 1 udp 2113937151 192.0.2.7 51001 typ host
a=candidate:3 1 tcp 1518280447 192.0.2.7 9 typ host tcptype active
a=end-of-candidates
a=ice-ufrag:EsAw
a=ice-pwd:bP+XJMM09aR8AiX1jdukzR6Y
a=fingerprint:sha-256 DA:39:A3:EE:5E:6B:4B:0D:32:55:BF:EF:95:60:18:90:AF:D8:07:09:DA:39:A3:EE:5E:6B:4B:0D:32:55:BF:EF
a=setup:actpass
a=mid:0
a=recvonly
a=rtcp-mux
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 nack pli
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rtpmap:103 H264/90000
a=rtcp-fb:103 nack pli
a=fmtp:103 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f
a=rtpmap:104 rtx/90000
a=fmtp:104 apt=103
""".splitlines()
OFFER = "\r\n".join(LINES) + "\r\n"


def refused(offer: str) -> str:
    with pytest.raises(PermanentError) as caught:
        admit(offer)
    assert caught.value.reason
    assert caught.value.remedy
    return caught.value.code


def test_a_browsers_offer_is_admitted_without_names_to_look_up() -> None:
    kept = admit(OFFER)
    assert "192.0.2.7 51001" in kept
    assert ".local" not in kept
    assert "tcptype" not in kept
    assert "end-of-candidates" not in kept


def test_a_player_that_wants_sound_too_is_admitted() -> None:
    audio = [line for line in LINES if not line.startswith(("a=rtpmap", "a=fmtp", "a=rtcp-fb"))][5:]
    audio[0] = "m=audio 9 UDP/TLS/RTP/SAVPF 111"
    admit(OFFER + "\r\n".join([*audio, "a=rtpmap:111 opus/48000/2"]).replace("a=mid:0", "a=mid:1") + "\r\n")


def test_only_so_many_addresses_are_kept() -> None:
    many = "".join(f"a=candidate:{n} 1 udp 1 192.0.2.7 {n} typ host\r\n" for n in range(200))
    assert admit(OFFER + many).count("a=candidate") < CANDIDATES


@pytest.mark.parametrize(
    ("offer", "code"),
    [
        ("", "offer_invalid"),
        ("hello", "offer_invalid"),
        ("v=0\r\n", "offer_invalid"),
        (OFFER.replace("a=setup:actpass", "a=setup:sideways"), "offer_invalid"),
        (OFFER.replace("a=setup:actpass\r\n", ""), "offer_invalid"),
        (OFFER.replace("a=ice-pwd", "a=ice-pw"), "offer_invalid"),
        (OFFER.replace("a=fingerprint", "a=fingerpaint"), "offer_invalid"),
        (OFFER.replace("a=fmtp:103", "a=fmtp:55"), "offer_invalid"),
        (OFFER.replace("m=video 9 UDP/TLS/RTP/SAVPF 96", "m=video nine UDP/TLS/RTP/SAVPF 96"), "offer_invalid"),
        (OFFER.replace("BUNDLE 0", "BUNDLE 1 0"), "offer_invalid"),
        (OFFER.replace("BUNDLE 0", "BUNDLE 0 0"), "offer_invalid"),
        (OFFER.replace("a=mid:0", "a=mud:0"), "offer_invalid"),
        (OFFER.replace("m=video", "m=audio"), "offer_without_video"),
        (OFFER.replace("a=recvonly", "a=sendonly"), "offer_without_video"),
        (OFFER.replace("a=recvonly", "a=inactive"), "offer_without_video"),
        (OFFER.replace("H264", "H265"), "offer_without_h264"),
        (OFFER.replace("packetization-mode=1", "packetization-mode=0"), "offer_without_h264"),
        (OFFER + "\r\n".join(LINES[5:]) * 4, "offer_invalid"),
        (OFFER + "a=x\r\n" * 2000, "offer_too_large"),
        (OFFER + "a=x\r" * 2000, "offer_too_large"),
        (OFFER + "a=x\u2028" * 2000, "offer_too_large"),
        (OFFER + "a" * LARGEST, "offer_too_large"),
        ("a" * 1_000_000, "offer_too_large"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_a_code(offer: str, code: str) -> None:
    assert refused(offer) == code


@given(st.text(max_size=300))
def test_garbage_is_refused(garbage: str) -> None:
    assert refused(garbage) == "offer_invalid"


@given(st.integers(0, len(LINES) - 1), st.text(max_size=30), st.integers(0, 60))
def test_an_offer_with_a_broken_line_is_admitted_or_refused(line: int, noise: str, place: int) -> None:
    broken = [*LINES]
    broken[line] = broken[line][:place] + noise + broken[line][place + 5 :]
    try:
        admit("\r\n".join(broken))
    except PermanentError as exc:
        assert exc.code.startswith("offer_")  # noqa: PT017 - either outcome is right


async def test_an_offer_without_h264_of_a_real_peer_is_refused() -> None:
    peer = RTCPeerConnection(RTCConfiguration([]))
    transceiver = peer.addTransceiver("video", direction="recvonly")
    capabilities = RTCRtpReceiver.getCapabilities("video")
    assert capabilities is not None
    transceiver.setCodecPreferences([codec for codec in capabilities.codecs if codec.mimeType == "video/VP8"])
    await peer.setLocalDescription(await peer.createOffer())
    assert refused(peer.localDescription.sdp) == "offer_without_h264"
    await peer.close()
