from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.errors import PermanentError
from edge_agent.talkdown.rtsp.g711 import Codec
from edge_agent.talkdown.rtsp.sdp import Backchannel, find_backchannel

BASE = "rtsp://camera/live?channel=1"
HEAD = (
    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=x\r\na=control:*\r\nm=video 0 RTP/AVP 96\r\na=control:track1\r\na=recvonly\r\n"
)


def found(media: str, head: str = HEAD) -> Backchannel:
    return find_backchannel((head + media).encode(), BASE)[1]


def test_the_sendonly_stream_is_the_loudspeaker_not_the_microphone() -> None:
    microphone = "m=audio 0 RTP/AVP 0\r\na=control:track2\r\na=recvonly\r\n"
    speaker = "m=audio 0 RTP/AVP 0\r\na=control:track3\r\na=sendonly\r\n"
    assert found(microphone + speaker) == Backchannel(f"{BASE}/track3", 0, Codec.PCMU, 8000)


@pytest.mark.parametrize(
    ("media", "expected"),
    [
        (
            "m=audio 0 RTP/AVP 8 0\na=sendonly\na=control:rtsp://other/x",
            Backchannel("rtsp://other/x", 8, Codec.PCMA, 8000),
        ),
        ("m=audio 0 RTP/AVP 97 0\na=rtpmap:97 mpeg4-generic/16000\na=sendonly", Backchannel(BASE, 0, Codec.PCMU, 8000)),
        ("m=audio 0 RTP/AVP 98\na=rtpmap:98 pcmu/16000/1\na=sendonly", Backchannel(BASE, 98, Codec.PCMU, 16000)),
        ("m=audio 0 RTP/AVP 98 8\na=rtpmap:98 PCMU/8000/2\na=sendonly", Backchannel(BASE, 8, Codec.PCMA, 8000)),
    ],
)
def test_the_first_format_that_we_speak_is_taken(media: str, expected: Backchannel) -> None:
    assert found(media) == expected


def test_a_presentation_may_have_an_address_of_its_own() -> None:
    text = "v=0\na=control:rtsp://camera/all\nm=audio 0 RTP/AVP 0\na=sendonly\na=control:a\n"
    assert find_backchannel(text.encode(), BASE)[0] == "rtsp://camera/all"


def test_no_loudspeaker_names_the_way_out() -> None:
    with pytest.raises(PermanentError, match="offers no loudspeaker") as error:
        found("m=audio 0 RTP/AVP 0\na=recvonly\n")
    assert "kind of speaker" in error.value.remedy


def test_a_codec_that_we_lack_is_named() -> None:
    with pytest.raises(PermanentError, match="takes only MPEG4-GENERIC/16000"):
        found("m=audio 0 RTP/AVP 97\na=rtpmap:97 mpeg4-generic/16000\na=sendonly\n")


@given(
    st.binary(max_size=1000)
    | st.text("m=audioctrlsend only:*/09rtpmPCU\n ", max_size=400).map(
        lambda t: f"m=audio 0 RTP/AVP 0\na=sendonly\n{t}".encode()
    )
)
def test_garbage_gives_a_loudspeaker_or_a_permanent_error(junk: bytes) -> None:
    with suppress(PermanentError):
        presentation, backchannel = find_backchannel(junk, BASE)
        assert not {"\r", "\n", " "} & set(presentation + backchannel.control)
