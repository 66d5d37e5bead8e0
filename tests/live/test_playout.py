"""The jitter buffer against made-up networks in made-up time: minutes pass in a moment."""

import random
from collections import deque
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.errors import TransientError
from edge_agent.live.conceal import FADE, Concealment
from edge_agent.live.opus import RATE
from edge_agent.live.playout import BLOCK, HIGH, LOW, MOST, Playout
from edge_agent.values.time import Monotonic

PACKET = 0.02


def tone(number: int) -> NDArray[np.int16]:
    """Packet ``number`` of an endless tone of 200 Hz."""
    return (8000 * np.sin(2 * np.pi * 200 * (number * BLOCK + np.arange(BLOCK)) / RATE)).astype(np.int16)


def numbered(payload: bytes) -> NDArray[np.int16]:
    return tone(int(payload))


class Line:
    """A sender, a network and a listener, each with its own clock.

    Attributes:
        depths: seconds that waited after each block.
        heard: the last minute's blocks.
    """

    def __init__(self, decode: Callable[[bytes], NDArray[np.int16]] = numbered) -> None:
        self.playout = Playout(decode)
        self.depths: list[float] = []
        self.heard: deque[NDArray[np.int16]] = deque(maxlen=3000)
        self._sent = 0
        self._time = 0.0
        self._late: list[tuple[float, int]] = []

    def run(
        self,
        seconds: float,
        *,
        faster: float = 0.0,
        jitter: Callable[[], float] = lambda: 0.0,
        lost: Callable[[int], bool] = lambda _: False,
        bite: int = 1,
        along: int = 0,
    ) -> None:
        """Lets so many seconds pass for the listener, who takes ``bite`` blocks at a time.

        Each packet brings ``along`` so many of those before it.
        """
        until = self._time + seconds
        while self._time < until:
            self._time += PACKET * bite
            while self._sent * PACKET / (1 + faster) <= self._time:
                if not lost(self._sent):
                    self._late.append((self._sent * PACKET / (1 + faster) + jitter(), self._sent))
                self._sent += 1
            self._late.sort()
            while self._late and self._late[0][0] <= self._time:
                arrived, number = self._late.pop(0)
                packets = [str(number - back).encode() for back in range(along + 1)]
                self.playout.put(number & 0xFFFF, packets, Monotonic(arrived))
            for _ in range(bite):
                self.heard.append(self.playout.take(Monotonic(self._time)))
            self.depths.append(self.playout.waiting)

    @property
    def sound(self) -> NDArray[np.int16]:
        return np.concatenate(self.heard)


CHANCE = random.Random(5)  # noqa: S311 - a network of the test's own


def silences(sound: NDArray[np.int16]) -> float:
    """Returns the longest stretch without sound in seconds, after it began."""
    loud = np.flatnonzero(np.abs(sound) > 400)
    return float(np.diff(loud).max()) / RATE


def test_on_a_quiet_line_every_sample_is_heard_as_it_was_said() -> None:
    line = Line()
    line.run(10.0)
    sound = line.sound
    begun = int(np.flatnonzero(sound)[0]) // BLOCK * BLOCK
    said = np.concatenate([tone(number) for number in range(600)])
    assert begun / RATE < 0.1
    assert np.array_equal(sound[begun + BLOCK :], said[BLOCK : len(sound) - begun])
    assert line.playout.lost == 0


@pytest.mark.parametrize("faster", [200e-6, -200e-6])
def test_for_half_an_hour_clocks_that_differ_make_no_gap_and_no_delay(faster: float) -> None:
    line = Line()
    line.run(1800.0, faster=faster)
    assert line.playout.lost == 0
    assert max(line.depths[-10_000:]) < HIGH + 2 * PACKET
    assert max(line.depths) < HIGH + 2 * PACKET


def test_without_correction_they_would() -> None:
    """The simulation itself: 200 ppm are 240 ms in twenty minutes, as much as any buffer here holds."""
    line = Line()
    line.playout._note = lambda _: None  # type: ignore[method-assign, assignment]
    line.run(1200.0, faster=200e-6)
    assert line.playout.lost > 0


def test_the_delay_grows_with_the_jitter_and_shrinks_after_it() -> None:
    line = Line()
    line.run(5.0)
    quiet = line.depths[-1]
    line.run(60.0, jitter=lambda: CHANCE.uniform(0, 0.12))
    lost = line.playout.lost
    line.run(30.0, jitter=lambda: CHANCE.uniform(0, 0.12))
    assert line.playout.lost - lost <= 15  # of 1500: it has learnt
    line.run(60.0)
    assert line.depths[-1] <= quiet + HIGH - LOW


def test_two_of_a_hundred_lost_are_not_heard_as_gaps() -> None:
    line = Line()
    line.run(60.0, lost=lambda _: CHANCE.random() < 0.02)
    assert 30 <= line.playout.lost <= 90
    assert silences(line.sound[RATE:]) <= 0.04
    assert max(line.depths) < HIGH + 2 * PACKET


@pytest.mark.parametrize("jitter", [0.0, 0.01])
def test_a_lost_packet_that_comes_along_with_the_next_is_heard_as_it_was_said(jitter: float) -> None:
    line, late = Line(), lambda: CHANCE.uniform(0, jitter)
    line.run(20.0, lost=lambda number: number % 50 == 7, along=1, jitter=late)
    assert line.playout.lost == 0
    said = np.concatenate([tone(number) for number in range(100)])
    sound = line.sound[-len(said) :]
    assert (
        max(np.corrcoef(sound[: -RATE // 200], said[at:][: len(sound) - RATE // 200])[0, 1] for at in range(240))
        > 0.9999
    )
    assert max(line.depths) < HIGH + 2 * PACKET
    line.run(20.0, lost=lambda number: number % 50 in {7, 8}, along=1, jitter=late)
    assert line.playout.lost == 20  # of two in a row the second comes along


def test_after_a_second_without_a_word_it_is_not_a_second_late() -> None:
    line = Line()
    line.run(3.0)
    line.run(1.0, jitter=lambda: 1.0)
    line.run(2.0)
    assert max(line.depths) <= MOST + PACKET
    line.run(60.0)
    assert line.depths[-1] < HIGH + 2 * PACKET


def test_pauses_are_where_the_delay_changes_at_once() -> None:
    line = Line(lambda payload: numbered(payload) if int(payload) % 100 < 90 else np.zeros(BLOCK, np.int16))
    line.run(20.0, jitter=lambda: 0.2 if CHANCE.random() < 0.05 else 0.0)
    assert line.depths[-1] > 0.1
    line.run(12.0)
    assert line.depths[-1] < HIGH + 2 * PACKET


def test_a_listener_that_takes_three_packets_at_a_time_gets_them_all() -> None:
    line = Line()
    line.run(20.0, bite=3)
    assert line.playout.lost == 0
    assert silences(line.sound[10 * RATE :]) < 0.004  # a tone of 200 Hz crosses zero every 2.5 ms


def test_numbers_wrap_and_a_new_stream_begins_anew() -> None:
    line = Line()
    line._sent, line._time = 65_000, 65_000 * PACKET
    line.run(20.0)
    assert line.playout.lost == 0
    line.playout.put(30_000, [b"7"], Monotonic(line._time))
    assert line.playout.waiting <= 3 * PACKET


def test_an_empty_packet_that_comes_along_takes_no_late_ones_place() -> None:
    line = Line()
    line.run(2.0)
    number, now = line._sent, Monotonic(line._time)
    line.playout.put(number + 1, [str(number + 1).encode(), b""], now)
    waits = line.playout.waiting
    line.playout.put(number, [str(number).encode()], now)
    assert line.playout.waiting == pytest.approx(waits + PACKET)


def test_garbage_is_a_lost_packet() -> None:
    def decode(_: bytes) -> NDArray[np.int16]:
        raise TransientError("no Opus")

    line = Line(decode)
    line.run(1.0)
    assert not line.sound.any()
    assert line.playout.lost > 40


def test_what_is_made_up_goes_on_in_pitch_and_fades() -> None:
    conceal = Concealment()
    said = np.concatenate([tone(number) for number in range(5)])
    conceal.real(said[: 3 * BLOCK])
    made = conceal.made_up(BLOCK)
    assert np.corrcoef(made, said[3 * BLOCK : 4 * BLOCK])[0, 1] > 0.98
    joined = np.concatenate([said[: 3 * BLOCK], made, conceal.real(said[4 * BLOCK :])])
    assert np.abs(np.diff(joined.astype(int))).max() < 2 * np.abs(np.diff(said.astype(int))).max()
    conceal.made_up(FADE)
    assert not conceal.made_up(BLOCK).any()
