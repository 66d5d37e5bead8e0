from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.errors import PermanentError
from edge_agent.talkdown.rtsp.coding import Format
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
    assert found(microphone + speaker) == Backchannel(f"{BASE}/track3", Format(0, "PCMU", 8000))


@pytest.mark.parametrize(
    ("media", "expected"),
    [
        (
            "m=audio 0 RTP/AVP 8 0\na=sendonly\na=control:rtsp://other/x",
            Backchannel("rtsp://other/x", Format(8, "PCMA", 8000)),
        ),
        (
            "m=audio 0 RTP/AVP 97 0\na=rtpmap:97 mpeg4-generic/16000\na=sendonly",
            Backchannel(BASE, Format(0, "PCMU", 8000)),
        ),
        ("m=audio 0 RTP/AVP 98\na=rtpmap:98 pcmu/16000/1\na=sendonly", Backchannel(BASE, Format(98, "PCMU", 16000))),
        ("m=audio 0 RTP/AVP 98 8\na=rtpmap:98 PCMU/8000/2\na=sendonly", Backchannel(BASE, Format(8, "PCMA", 8000))),
    ],
)
def test_the_first_of_equals_that_we_speak_is_taken(media: str, expected: Backchannel) -> None:
    assert found(media) == expected


AAC = "m=audio 0 RTP/AVP 97\na=rtpmap:97 MPEG4-GENERIC/16000/1\na=control:aac\na=sendonly\n"
HBR = "a=fmtp:97 streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;config=1408\n"
OTHERS = "m=audio 0 RTP/AVP 2 0 98\na=rtpmap:98 L16/8000\na=control:tel\na=sendonly\n"


def chosen(media: str, *, live: bool = False) -> str:
    format_ = find_backchannel((HEAD + media).encode(), BASE, live=live)[1].format
    return f"{format_.name}/{format_.rate}"


def test_the_best_is_taken_and_for_a_talk_the_best_that_does_not_wait() -> None:
    assert chosen(OTHERS + AAC + HBR) == "MPEG4-GENERIC/16000"
    assert chosen(OTHERS + AAC + HBR, live=True) == "L16/8000"
    assert chosen(AAC + HBR, live=True) == "MPEG4-GENERIC/16000"
    assert chosen("m=audio 0 RTP/AVP 2 0\na=sendonly\n") == "PCMU/8000"
    assert chosen("m=audio 0 RTP/AVP 2\na=sendonly\n") == "G726-32/8000"


@pytest.mark.parametrize(
    "other",
    [("config=1408", "config=1410"), ("config=1408", "config=x"), ("AAC-hbr", "AAC-lbr"), ("13", "6"), (HBR, "")],
)
def test_an_aac_that_we_would_write_otherwise_is_not_taken(other: tuple[str, str]) -> None:
    assert chosen(OTHERS + AAC + HBR.replace(*other)) == "L16/8000"


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
