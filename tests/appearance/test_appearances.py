import dataclasses

import numpy as np

from edge_agent.appearance.appearances import Appearances
from edge_agent.appearance.settings import AppearanceSettings
from edge_agent.values.detection import Label
from edge_agent.values.frame import Frame
from edge_agent.values.geometry import Box
from edge_agent.values.ids import TrackId
from edge_agent.values.look import Look, Verdict
from edge_agent.values.time import Monotonic
from edge_agent.values.track import Track

STANDING = Box(0.4, 0.2, 0.5, 0.8)


def frame(at: float) -> Frame:
    return Frame(np.zeros((1080, 1280), np.uint8), 0, Monotonic(at))


def person(number: int, at: float, box: Box = STANDING) -> Track:
    return Track(TrackId(number), Label.PERSON, 0.9, box, Monotonic(0.0), Monotonic(at))


def look(at: float, scores: tuple[float, float, float] = (0.02, 0.96, 0.02)) -> Look:
    return Look(Monotonic(at), STANDING, 40.0, 0.8, scores)


def times(appearances: Appearances, until: float, scores: tuple[float, float, float] | None) -> list[float]:
    """Returns when the one person was looked at, ten pictures a second."""
    looked = []
    for at in np.arange(0, until, 0.1).tolist():
        for track in appearances.due([person(1, at)], frame(at)):
            looked.append(at)
            appearances.add(track.id, look(at, scores) if scores else None)
    return looked


def test_a_person_is_looked_at_often_until_judged_then_seldom() -> None:
    appearances = Appearances(AppearanceSettings())
    looked = times(appearances, 10, (0.02, 0.96, 0.02))
    assert np.allclose(looked[:3], [0, 0.4, 0.8])
    assert np.diff(looked[2:]).min() >= 1.99
    assert appearances.judgements()[TrackId(1)].verdict is Verdict.NO_MASK


def test_who_shows_no_face_is_looked_at_less_and_less() -> None:
    appearances = Appearances(AppearanceSettings())
    gaps = np.diff(times(appearances, 20, None))
    assert (np.diff(gaps) > -0.15).all()
    assert gaps[0] < 0.5
    assert 1.9 < gaps[-1] < 2.2
    assert appearances.judgements() == {}


def test_a_contradiction_brings_looks_back() -> None:
    appearances = Appearances(AppearanceSettings())
    times(appearances, 5, (0.02, 0.96, 0.02))
    (track,) = appearances.due([person(1, 8)], frame(8))
    appearances.add(track.id, look(8, (0.96, 0.02, 0.02)))
    assert appearances.due([person(1, 8.2)], frame(8.2)) == []
    assert appearances.due([person(1, 8.4)], frame(8.4)) == [person(1, 8.4)]


def test_only_people_seen_now_and_large_enough_get_a_look() -> None:
    appearances = Appearances(AppearanceSettings())
    car = dataclasses.replace(person(1, 5), label=Label.CAR)
    hidden = person(2, 4.9)
    far = person(3, 5, Box(0.5, 0.5, 0.515, 0.56))
    at_the_bottom = person(4, 5, Box(0.3, 0.985, 0.4, 1.0))
    near = person(5, 5, Box(0.0, 0.0, 1.0, 1.0))
    assert appearances.due([car, hidden, far, at_the_bottom, near], frame(5)) == [near]


def test_everybody_has_a_turn() -> None:
    appearances = Appearances(AppearanceSettings(looks_at_once=2))
    crowd = [person(number, 0) for number in range(5)]
    turns = []
    for at in (0.0, 0.1, 0.2, 0.3, 0.4):
        due = appearances.due([dataclasses.replace(track, seen=Monotonic(at)) for track in crowd], frame(at))
        turns.append([track.id for track in due])
        for track in due:
            appearances.add(track.id, None)
    assert turns == [[0, 1], [2, 3], [4], [], [0, 1]]


def test_who_left_is_forgotten() -> None:
    appearances = Appearances(AppearanceSettings())
    times(appearances, 3, (0.96, 0.02, 0.02))
    assert set(appearances.judgements()) == {1}
    appearances.forget({TrackId(2)})
    assert appearances.judgements() == {}
