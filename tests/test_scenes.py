"""What a page draws of a scene."""

import pytest

from edge_agent.scenes import draw_scene
from edge_agent.values.detection import Label
from edge_agent.values.geometry import Box
from edge_agent.values.ids import TrackId
from edge_agent.values.look import Judgement, Verdict
from edge_agent.values.time import Monotonic
from edge_agent.values.track import Scene, Track

FACE = Box(0.42, 0.1, 0.46, 0.16)


def drawn(body: Box, *, judged: bool) -> dict[str, object]:
    track = Track(TrackId(7), Label.PERSON, 0.9, body, Monotonic(0.0), Monotonic(9.0))
    scene = Scene(Monotonic(9.0), (track,), {TrackId(7): Judgement(Verdict.NO_MASK, 0.987, 4, FACE)})
    tracks = draw_scene(scene, age=0.12345, judged=judged)["tracks"]
    assert isinstance(tracks, list)
    return dict(tracks[0])


@pytest.mark.parametrize(
    ("body", "face"),
    [
        (Box(0.4, 0.1, 0.5, 0.6), [0.42, 0.1, 0.46, 0.16]),
        (Box(0.6, 0.1, 0.7, 0.6), None),  # it walked on since its face was seen
    ],
)
def test_a_face_is_drawn_where_the_body_still_is(body: Box, face: list[float] | None) -> None:
    shown = drawn(body, judged=True)
    assert (shown["face"], shown["verdict"], shown["confidence"]) == (face, Verdict.NO_MASK, 0.99)


def test_where_verdicts_may_not_be_told_bodies_alone_are_drawn() -> None:
    shown = drawn(Box(0.4, 0.1, 0.5, 0.6), judged=False)
    assert (shown["face"], shown["verdict"], shown["confidence"]) == (None, None, 0.0)
