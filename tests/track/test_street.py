"""Tracks on a labelled street where people pass, cross, circle each other, and hide behind a sign.

One stretch the thresholds were chosen on, the other nobody looked at until they were; see ``tests/data``.
"""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.track.tracker import Tracker, TrackSettings
from edge_agent.values.detection import Detection, Label
from edge_agent.values.geometry import Box
from edge_agent.values.time import Monotonic
from tests.track.score import Score, read_labels, score

DATA = Path(__file__).parents[1] / "data"
WIDTH, HEIGHT, FPS = 768, 576, 10


def found(stretch: str) -> dict[int, list[Detection]]:
    """What the detector found, by picture."""
    pictures: dict[int, list[Detection]] = {}
    with (DATA / f"{stretch}-detections.csv").open() as lines:
        for row in csv.reader(lines):
            left, top, wide, high, sure = (float(value) for value in row[2:])
            box = Box(left / WIDTH, top / HEIGHT, (left + wide) / WIDTH, (top + high) / HEIGHT)
            pictures.setdefault(int(row[0]), []).append(Detection(Label.PERSON, sure, box))
    return pictures


def follow(stretch: str) -> Score:
    tracker, told = Tracker(TrackSettings()), {}
    for number, detections in found(stretch).items():
        at = Monotonic(number / FPS)
        told[number] = {int(track.id): track.box for track in tracker.update(detections, at) if track.seen == at}
    return score(read_labels(DATA / f"{stretch}.csv", WIDTH, HEIGHT), told)


def test_people_in_a_street_are_followed_and_nobody_becomes_somebody_else() -> None:
    reached = follow("street")
    assert reached.mota > 0.89, reached
    assert reached.idf1 > 0.93, reached
    assert reached.switches == 0


def test_so_are_those_whom_no_threshold_was_chosen_for_if_less_well() -> None:
    reached = follow("street-held-out")
    assert reached.mota > 0.85, reached
    assert reached.idf1 > 0.83, reached
    assert reached.switches <= 6


LEFT, RIGHT = Box(0.1, 0.1, 0.2, 0.4), Box(0.6, 0.1, 0.7, 0.4)


def test_the_measure_knows_what_is_wrong() -> None:
    truth = {number: {1: LEFT, 2: RIGHT} for number in range(10)}
    perfect = score(truth, truth)
    assert (perfect.mota, perfect.idf1) == (1, 1)
    swapped = score(truth, {number: {1: LEFT, 2: RIGHT} if number < 6 else {2: LEFT, 1: RIGHT} for number in range(10)})
    assert (swapped.switches, swapped.misses, swapped.false) == (2, 0, 0)
    assert swapped.idf1 == pytest.approx(0.6)
    half = score(truth, {number: {7: LEFT} for number in range(10)})
    assert half.mota == pytest.approx(0.5)
    assert half.idf1 == pytest.approx(2 / 3)
    ghost = score(truth, {number: {1: LEFT, 2: RIGHT, 3: Box(0.4, 0.5, 0.5, 0.9)} for number in range(10)})
    assert ghost.mota == pytest.approx(0.5)
    assert score(truth, {}).mota == 0


@given(st.permutations([1, 2]), st.integers(1, 9))
def test_names_of_tracks_do_not_matter(names: list[int], pictures: int) -> None:
    truth = {number: {1: LEFT, 2: RIGHT} for number in range(pictures)}
    told = {number: {names[0]: LEFT, names[1]: RIGHT} for number in range(pictures)}
    assert (score(truth, told).mota, score(truth, told).idf1) == (1, 1)
