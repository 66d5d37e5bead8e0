"""Redundant packets taken apart, whole and broken."""

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.live.red import unpacked

OPUS = 111


def packed(packets: list[bytes]) -> bytes:
    """Returns what RFC 2198 makes of packets, the newest first."""
    newest, *before = packets
    oldest_first = list(enumerate(before, 1))[::-1]
    headers = [bytes([0x80 | OPUS]) + (back * 960 << 10 | len(packet)).to_bytes(3) for back, packet in oldest_first]
    return b"".join([*headers, bytes([OPUS]), *(packet for _, packet in oldest_first), newest])


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=8))
def test_what_was_packed_is_unpacked(packets: list[bytes]) -> None:
    assert unpacked(packed(packets)) == packets


@given(st.binary(max_size=1500))
def test_garbage_is_nothing_or_some_of_its_own_bytes(payload: bytes) -> None:
    assert sum(map(len, unpacked(payload))) <= len(payload)


def test_what_ends_too_soon_is_nothing() -> None:
    whole = packed([b"new", b"before"])
    assert [unpacked(whole[:end]) for end in range(11)] == [[]] * 11
