import math
import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.track.tracker import FAMILY, Tracker, TrackSettings
from edge_agent.values.detection import Detection, Label
from edge_agent.values.geometry import Box
from edge_agent.values.ids import TrackId
from edge_agent.values.time import Monotonic
from edge_agent.values.track import Track
from tests.track.scenery import START, Detecting, Walker, straight

HERE = Box(0.4, 0.4, 0.5, 0.8)
SETTINGS = TrackSettings()


def person(box: Box = HERE, score: float = 0.7, label: Label = Label.PERSON) -> Detection:
    return Detection(label, score, box)


def feed(
    tracker: Tracker, pictures: Sequence[Sequence[Detection]], begin: float = START, step: float = 0.2
) -> list[tuple[Track, ...]]:
    return [tracker.update(found, Monotonic(begin + index * step)) for index, found in enumerate(pictures)]


def identities(walkers: Sequence[Walker], detecting: Detecting, seconds: float, seed: int) -> list[list[TrackId]]:
    """Returns the ids that each walker had while in sight and apart from the others, repetitions left out."""
    tracker = Tracker(SETTINGS)
    had: list[list[TrackId]] = [[] for _ in walkers]
    for at, found in detecting.watch(walkers, seconds, random.Random(seed)):  # noqa: S311 - a simulation
        tracks = tracker.update([detection for _, detection in found], at)
        for walker, ids in zip(walkers, had, strict=True):
            box = walker.box(at - START)
            if any(other is not walker and other.box(at - START).overlap(box) > 0.15 for other in walkers):
                continue
            ids += [
                track.id
                for track in tracks
                if track.seen == at and track.box.overlap(box) > 0.4 and track.id not in ids
            ]
    return had


rates = st.sampled_from([2.0, 5.0, 10.0, 25.0])
seeds = st.integers(0, 2**32)


@settings(deadline=None, max_examples=30, derandomize=True)
@given(rates, seeds)
def test_crossing_persons_keep_their_ids(rate: float, seed: int) -> None:
    walkers = [Walker(0.3, straight(0.1, 0.7, 0.8)), Walker(0.27, straight(0.9, 0.67, -0.8))]
    there, back = identities(walkers, Detecting(rate=rate), 5, seed)
    assert len(there) == len(back) == 1
    assert there != back


@settings(deadline=None, max_examples=30, derandomize=True)
@given(rates, seeds)
def test_a_person_hidden_by_another_keeps_the_id(rate: float, seed: int) -> None:
    walkers = [
        Walker(0.3, straight(0.1, 0.7, 0.8)),
        Walker(0.27, straight(0.9, 0.67, -0.8), hidden=lambda seconds: 2.7 < seconds < 3.2),
    ]
    there, back = identities(walkers, Detecting(rate=rate), 5, seed)
    assert len(there) == len(back) == 1
    assert there != back


@settings(deadline=None, max_examples=30, derandomize=True)
@given(st.sampled_from([5.0, 10.0, 25.0]), seeds)
def test_identity_outlasts_two_seconds_of_occlusion(rate: float, seed: int) -> None:
    walker = Walker(0.3, straight(0.1, 0.7, 0.8), hidden=lambda seconds: 2 < seconds < 4)
    (ids,) = identities([walker], Detecting(rate=rate, missed=0.0, jitter=0.03), 7, seed)
    assert len(ids) == 1


@pytest.mark.parametrize(("rate", "minutes"), [(1.0, 10), (5.0, 3), (25.0, 0.5)])
def test_somebody_who_stands_stays_the_same_track(rate: float, minutes: float) -> None:
    walker = Walker(0.1, straight(0.5, 0.7, 0.0))
    (ids,) = identities([walker], Detecting(rate=rate, missed=0.1, jitter=0.06), 60 * minutes, 7)
    assert len(ids) == 1


def test_somebody_who_stands_outlasts_a_stalled_stream_but_not_a_long_one() -> None:
    tracker = Tracker(SETTINGS)
    [(first,)] = feed(tracker, [[person()]] * 10)[-1:]
    [(stalled,)] = feed(tracker, [[person()]], START + 8)
    assert stalled.id == first.id
    assert feed(tracker, [[person()]] * 2, START + 60)[-1][0].id != first.id


def test_a_track_needs_two_pictures_or_a_sure_one() -> None:
    assert [len(tracks) for tracks in feed(Tracker(SETTINGS), [[person()]] * 2)] == [0, 1]
    assert [len(tracks) for tracks in feed(Tracker(SETTINGS), [[person(score=0.9)]])] == [1]


def test_a_single_false_alarm_is_never_told() -> None:
    assert not any(feed(Tracker(SETTINGS), [[person()], [], [], [], [], [person()]]))


def test_weak_detections_continue_a_track_and_begin_none() -> None:
    weak = [person(score=0.3)]
    assert not any(feed(Tracker(SETTINGS), [weak] * 5))
    pictures = feed(Tracker(SETTINGS), [[person()], [person()], *[weak] * 20])
    assert [len(tracks) for tracks in pictures] == [0, *[1] * 21]
    assert pictures[-1][0].seen == START + 21 * 0.2


def test_weak_detections_alone_keep_a_track_for_a_while_and_not_for_good() -> None:
    """As of a street sign that somebody was followed past: seen on a labelled street for the rest of the film."""
    pictures = feed(Tracker(SETTINGS), [[person()], [person()], *[[person(score=0.35)]] * 30])
    assert [len(tracks) for tracks in pictures] == [0, *[1] * 26, *[0] * 5]


def test_weak_detections_after_a_stall_are_not_held_against_whoever_stands() -> None:
    tracker = Tracker(SETTINGS)
    feed(tracker, [[person()]] * 10)
    assert feed(tracker, [[person(score=0.35)]] * 5, START + 8)[-1]


def test_a_hidden_track_is_told_with_when_it_was_seen_and_then_ends() -> None:
    pictures = feed(Tracker(SETTINGS), [[person()], [person()], *[[]] * 15])
    assert pictures[2][0].seen == START + 0.2
    assert pictures[2][0].started == START
    assert pictures[11]
    assert not pictures[13]


def test_the_label_is_the_majority() -> None:
    wavering = [
        [person(label=label)]
        for label in (Label.TRUCK, Label.CAR, Label.CAR, Label.TRUCK, Label.CAR, Label.TRUCK, Label.CAR)
    ]
    pictures = feed(Tracker(SETTINGS), wavering)
    assert {track.id for tracks in pictures for track in tracks} == {1}
    assert pictures[-1][0].label is Label.CAR


def test_a_thing_found_twice_is_one_track() -> None:
    twice = [person(label=Label.CAR, score=0.7), person(label=Label.TRUCK, score=0.6)]
    assert [len(tracks) for tracks in feed(Tracker(SETTINGS), [twice] * 3)] == [0, 1, 1]


def test_rider_and_bicycle_in_one_place_are_two_tracks() -> None:
    both = [person(), person(label=Label.BICYCLE)]
    assert [len(tracks) for tracks in feed(Tracker(SETTINGS), [both] * 3)] == [0, 2, 2]


def test_every_label_has_a_family() -> None:
    assert set(FAMILY) == set(Label)


numbers = st.floats(-0.5, 1.5)
boxes = st.builds(Box, numbers, numbers, numbers, numbers) | st.builds(lambda x, y: Box(x, y, x, y), numbers, numbers)
detections = st.builds(Detection, st.sampled_from(Label), st.floats(0, 1), boxes)


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 12), st.lists(detections, max_size=8)), max_size=20))
def test_whatever_comes_ids_are_new_and_numbers_are_numbers(pictures: list[tuple[float, list[Detection]]]) -> None:
    tracker, at = Tracker(SETTINGS), START
    ended: set[TrackId] = set()
    alive: set[TrackId] = set()
    for step, found in pictures:
        at += step
        tracks = tracker.update(found, Monotonic(at))
        now = {track.id for track in tracks}
        assert len(now) == len(tracks)
        ended |= alive - now
        alive = now
        assert not ended & alive
        for track in tracks:
            assert all(map(math.isfinite, (track.box.left, track.box.top, track.box.right, track.box.bottom)))
            assert track.started <= track.seen <= at
            assert 0 <= track.score <= 1
