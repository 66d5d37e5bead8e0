from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.errors import TransientError
from edge_agent.talkdown.rtsp.wire import BODY_LIMIT, HEADER_LIMIT, Message, Parser, encode_message

ANSWER = b"RTSP/1.0 200 OK\r\nCSeq: 3\r\nWWW-Authenticate: a\r\nwww-authenticate: b\r\nContent-Length: 4\r\n\r\nv=0\n"
FRAME = b"$\x01\x00\x06\r\n\r\n$\x00"


def parsed(*chunks: bytes) -> list[Message]:
    parser = Parser()
    return [message for chunk in chunks for message in parser.feed(chunk)]


@given(st.lists(st.integers(1, 400), max_size=20))
def test_how_bytes_are_cut_makes_no_difference(cuts: list[int]) -> None:
    stream = FRAME + ANSWER + b"\r\n" + FRAME + FRAME + ANSWER + FRAME
    chunks, left = [], stream
    for cut in cuts:
        chunks.append(left[:cut])
        left = left[cut:]
    messages = parsed(*chunks, left)
    assert [message.body for message in messages] == [b"v=0\n", b"v=0\n"]
    assert messages[0].headers["www-authenticate"] == ("a", "b")
    assert (messages[0].status, messages[0].reason, messages[0].header("CSEQ")) == (200, "200 OK", "3")


@given(st.binary(max_size=2000) | st.binary(max_size=200).map(lambda junk: b"RTSP/1.0 200 OK\r\n" + junk + b"\r\n\r\n"))
def test_garbage_gives_messages_or_a_transient_error(junk: bytes) -> None:
    parser = Parser()
    with suppress(TransientError):
        for message in parser.feed(junk):
            assert 0 <= message.status <= 999
            assert message.reason.isprintable()
            encode_message("OPTIONS * RTSP/1.0", {"Session": message.header("Session"), "X": message.header("x")})


def test_a_server_may_ask_us_something() -> None:
    (message,) = parsed(b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n")
    assert message.status == 0


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak RTSP"),
        (b"RTSP/1.0 200 OK\r\nX: " + b"x" * HEADER_LIMIT, "header exceeds"),
        (b"RTSP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % (BODY_LIMIT + 1), "announces a body"),
        (b"RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n", "announces a body"),
        ("RTSP/1.0 200 OK\r\nContent-Length: ²\r\n\r\n".encode(), "announces a body"),
    ],
)
def test_bounds(sent: bytes, why: str) -> None:
    with pytest.raises(TransientError, match=why):
        parsed(sent)


def test_a_carriage_return_in_a_value_is_tamed() -> None:
    (message,) = parsed(b"RTSP/1.0 200 OK\r\nSession: 1\rEvil: yes\r\n\r\n")
    assert message.header("session") == "1 Evil: yes"


def test_a_line_break_never_enters_a_header() -> None:
    with pytest.raises(AssertionError):
        encode_message("OPTIONS * RTSP/1.0", {"CSeq": "1\r\nEvil: yes"})
