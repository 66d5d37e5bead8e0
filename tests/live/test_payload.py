import itertools

from aiortc.codecs.h264 import h264_depayload
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.live.payload import ABREAST, LARGEST, Train, Unit

HEADER, TAG = 20, 16

BODY = bytes(range(1, 256))

# A unit of any kind that has a meaning in a stream; its body free of start codes and of zeros at its end.
KINDS = st.sampled_from([1, 5, 6, 7, 8]).map(lambda kind: 0x60 | kind)
SIZES = st.one_of(st.integers(1, 60), st.integers(1, 8000), st.integers(1155, 1165), st.just(60_000))


@st.composite
def nals(draw: st.DrawFn) -> bytes:
    size = draw(SIZES)
    return bytes([draw(KINDS)]) + (BODY * (size // len(BODY) + 1))[:size]


def annex_b(units: list[bytes]) -> bytes:
    return b"".join((b"\0\0\0\1" if number % 2 else b"\0\0\1") + unit for number, unit in enumerate(units))


def packets(train: Train) -> list[bytes]:
    return [train.image[start : start + train.size] for start in range(0, len(train.image), train.size)]


@given(st.lists(nals(), max_size=8))
def test_what_goes_in_comes_out_in_packets_that_every_path_carries(units: list[bytes]) -> None:
    cut = Unit(annex_b(units)).payloads
    assert all(0 < len(payload) <= LARGEST for payload in cut)
    assert b"".join(h264_depayload(payload) for payload in cut) == annex_b(units).replace(
        b"\0\0\0\1", b"\0\0\1"
    ).replace(b"\0\0\1", b"\0\0\0\1")


@given(st.lists(nals(), min_size=1, max_size=8))
def test_a_train_is_of_one_size_but_for_its_last_packet(units: list[bytes]) -> None:
    unit = Unit(annex_b(units))
    trains = unit.trains(HEADER, TAG)
    assert [one[HEADER:-TAG] for train in trains for one in packets(train)] == list(unit.payloads)
    for train in trains:
        sizes = [len(one) for one in packets(train)]
        assert len(sizes) == train.count <= ABREAST
        assert set(sizes[:-1]) <= {train.size}
        assert sizes[-1] == train.last <= train.size
    assert [train.ends for train in trains] == [False] * (len(trains) - 1) + [True]


def test_a_large_picture_needs_few_calls() -> None:
    unit = Unit(annex_b([bytes([0x65]) + b"\1" * 250_000]))
    trains = unit.trains(HEADER, TAG)
    assert len(trains) <= len(unit.payloads) / ABREAST + 1
    assert {train.size for train in trains} == {trains[0].size}


def test_parameter_sets_travel_together_and_delimiters_stay_at_home() -> None:
    delimiter, sequence, picture, slices = b"\x09\xf0", b"\x67ab", b"\x68c", b"\x65" + b"\1" * 3000
    unit = Unit(annex_b([delimiter, sequence, picture, slices]))
    assert unit.payloads[0] == b"\x78" + b"\0\3" + sequence + b"\0\2" + picture
    assert len(unit.payloads) == 4


def test_nothing_in_nothing_out() -> None:
    for data in (b"", b"\0\0\1", b"no start code", annex_b([b"\x09\xf0"])):
        unit = Unit(data)
        assert (unit.payloads, unit.trains(HEADER, TAG)) == ((), ())


def test_each_layout_is_built_once() -> None:
    unit = Unit(annex_b([b"\x65" + b"\1" * 3000]))
    trains = [unit.trains(HEADER, TAG) for _ in range(3)] + [unit.trains(12, 10)]
    assert [one is other for one, other in itertools.pairwise(trains)] == [True, True, False]
