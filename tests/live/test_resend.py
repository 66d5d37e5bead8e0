from hypothesis import given
from hypothesis import strategies as st

from edge_agent.live.payload import Unit
from edge_agent.live.resend import BURST, KEPT, RATE, History
from edge_agent.values.time import Monotonic


def unit(fill: int, packets: int = 3) -> Unit:
    return Unit(b"\0\0\1\x65" + bytes([fill]) * 1150 * packets)


@given(first=st.integers(0, 1 << 20), packets=st.lists(st.integers(1, 5), min_size=1, max_size=20))
def test_every_packet_of_late_is_found_wherever_the_numbers_wrap(first: int, packets: list[int]) -> None:
    history, number, sent = History(), first, {}
    for fill, count in enumerate(packets, 1):
        made = unit(fill, count)
        history.add(made, number, fill, Monotonic(1.0))
        for place, payload in enumerate(made.payloads):
            sent[number + place] = (payload, fill, place == len(made.payloads) - 1)
        number += len(made.payloads)
    for sequence, expected in sent.items():
        found = history.find(sequence & 0xFFFF, Monotonic(1.1))
        assert found is not None
        assert (found.payload, found.stamp, found.marker) == expected
    assert history.find(first - 1 & 0xFFFF, Monotonic(1.1)) is None
    assert history.find(number & 0xFFFF, Monotonic(1.1)) is None


def test_a_key_frame_of_any_size_and_a_second_of_pictures_are_kept() -> None:
    history = History()
    history.add(unit(1, 800), 0, 0, Monotonic(1.0))
    for second in range(25):
        history.add(unit(2, 20), 1000 + 20 * second, 1, Monotonic(1.0 + second / 25))
    assert history.find(0, Monotonic(2.0)) is not None
    history.add(unit(3), 5000, 2, Monotonic(1.1 + KEPT))
    assert history.find(0, Monotonic(1.1 + KEPT)) is None


def test_asking_without_end_is_not_answered_without_end() -> None:
    history = History()
    history.add(unit(1), 0, 0, Monotonic(1.0))
    answered = sum(history.find(0, Monotonic(1.0)) is not None for _ in range(10_000))
    assert answered == BURST
    later = sum(history.find(0, Monotonic(1.5)) is not None for _ in range(10_000))
    assert later == RATE / 2


def test_before_anything_was_sent_nothing_is_found() -> None:
    assert History().find(7, Monotonic(1.0)) is None
