"""Something said is found again in what a made-up room makes of it, and in nothing else."""

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.talkdown.hearing import HEARD, RATE, UNHEARD, find
from tests.talkdown.conftest import babble

SECONDS = 4.0
CHANCE = np.random.default_rng(7)


def room(said: NDArray[np.float64], late: float, gain: float, noise: float, fast: float = 1e-4) -> NDArray[np.float64]:
    """Returns what is recorded from a second before to two seconds after: echoes, noise, by a clock of its own."""
    echoes = CHANCE.standard_normal(RATE // 4) * np.exp(-np.arange(RATE // 4) / (0.05 * RATE))
    echoes[0] = 3.0
    sound = np.convolve(said, echoes / np.sqrt((echoes**2).sum()))
    heard = noise * CHANCE.standard_normal(len(said) + 3 * RATE)
    begun = RATE + round(late * RATE)
    heard[begun : begun + len(sound)] += gain * sound[: len(heard) - begun]
    return np.asarray(np.rint(np.interp(np.arange(0, len(heard), 1 + fast), np.arange(len(heard)), heard)))


@pytest.mark.parametrize(("late", "gain", "noise"), [(0.1, 1.0, 1.0), (0.9, 0.01, 5.0), (1.9, 0.01, 60.0)])
def test_faint_late_and_in_noise_it_is_found(late: float, gain: float, noise: float) -> None:
    said = babble(SECONDS, RATE).samples.astype(float)
    likeness, delay = find(said, room(said, late, gain, noise), RATE)
    assert likeness > HEARD
    assert delay == pytest.approx(late, abs=0.02)


def test_a_recording_that_lacks_its_beginning_or_its_end_is_enough() -> None:
    said = babble(SECONDS, RATE).samples.astype(float)
    heard = room(said, 0.5, 0.1, 5.0)
    for part, start in ((heard[2 * RATE :], -RATE), (heard[: 3 * RATE], RATE)):
        likeness, delay = find(said, part, start)
        assert likeness > HEARD
        assert delay == pytest.approx(0.5, abs=0.02)


def test_noise_and_other_voices_are_not_taken_for_it() -> None:
    said = babble(SECONDS, RATE).samples.astype(float)
    for seed in range(20):
        other = room(babble(SECONDS, RATE, seed=seed + 1).samples.astype(float), 0.5, 0.1, 5.0)
        assert find(said, other, RATE)[0] < HEARD
        assert find(said, room(said, 0.0, 0.0, 50.0), RATE)[0] < UNHEARD


def test_nothing_is_like_nothing() -> None:
    said = babble(SECONDS, RATE).samples.astype(float)
    assert find(said, np.zeros(0), 0)[0] == 0
    assert find(said, np.zeros(5 * RATE), 0)[0] == 0
    assert find(np.zeros(RATE), np.zeros(5 * RATE), 0)[0] == 0
