"""Parameter sets in front of key frames."""

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.capture.annexb import ParameterSets
from edge_agent.values.packet import Codec

START = b"\x00\x00\x00\x01"
SPS, PPS, DELIMITER, SLICE = b"\x67sps", b"\x68pps", b"\x09\x10", b"\x65picture"


def unit(*nals: bytes) -> bytes:
    return b"".join(START + nal for nal in nals)


def test_missing_sets_go_behind_the_delimiter() -> None:
    sets = ParameterSets(Codec.H264, unit(SPS, PPS))
    assert sets.complete(unit(SLICE)) == unit(SPS, PPS, SLICE)
    assert sets.complete(unit(DELIMITER, SLICE)) == unit(DELIMITER, SPS, PPS, SLICE)
    assert sets.complete(b"\x00\x00\x01" + SLICE) == unit(SPS, PPS) + b"\x00\x00\x01" + SLICE


def test_sets_in_band_replace_those_of_the_sdp() -> None:
    sets = ParameterSets(Codec.H264, unit(SPS, PPS))
    newer = unit(b"\x67new", PPS, SLICE)
    assert sets.complete(newer) == newer
    assert sets.complete(unit(SLICE)) == unit(b"\x67new", PPS, SLICE)
    assert sets.data == unit(b"\x67new", PPS)


def test_only_the_kind_that_is_missing_is_added() -> None:
    assert ParameterSets(Codec.H264, unit(SPS, PPS)).complete(unit(SPS, SLICE)) == unit(PPS, SPS, SLICE)


def test_h265_has_three_kinds() -> None:
    vps, sps, pps, picture = b"\x40\x01v", b"\x42\x01s", b"\x44\x01p", b"\x26\x01picture"
    assert ParameterSets(Codec.H265, unit(vps, sps, pps)).complete(unit(picture)) == unit(vps, sps, pps, picture)


def test_what_follows_the_picture_is_not_searched() -> None:
    sets = ParameterSets(Codec.H264, b"")
    assert sets.complete(unit(SLICE, SPS, PPS)) == unit(SLICE, SPS, PPS)
    assert sets.data == b""


@given(extradata=st.binary(max_size=60), data=st.binary(max_size=200), codec=st.sampled_from([Codec.H264, Codec.H265]))
def test_no_bytes_break_it_and_none_get_lost(extradata: bytes, data: bytes, codec: Codec) -> None:
    sets = ParameterSets(codec, extradata)
    completed = sets.complete(data)
    assert len(completed) >= len(data)
    assert sets.complete(completed) == completed or not data


@given(pieces=st.lists(st.sampled_from([SPS, PPS, DELIMITER, SLICE, b"\x06sei"]), max_size=8))
def test_completing_twice_changes_nothing(pieces: list[bytes]) -> None:
    sets = ParameterSets(Codec.H264, unit(SPS, PPS))
    once = sets.complete(unit(*pieces))
    assert sets.complete(once) == once
