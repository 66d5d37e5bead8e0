"""A scene as a page draws it over the picture."""

from collections.abc import Mapping

from edge_agent.values.geometry import Box
from edge_agent.values.look import Judgement
from edge_agent.values.track import Scene, Track


def draw_scene(scene: Scene, *, age: float, judged: bool) -> Mapping[str, object]:
    """Returns the members of the feed's and the broker's ``scene``.

    Args:
        scene: who is there.
        age: seconds since the picture came.
        judged: whether verdicts may be told: one drawn over a face is a judgement of one person, as much as an event.
    """
    judgements = scene.judgements if judged else {}
    tracks = [_draw_track(track, judgements.get(track.id)) for track in scene.tracks]
    return {"age": round(age, 3), "tracks": tracks}


def _draw_track(track: Track, judgement: Judgement | None) -> Mapping[str, object]:
    # The face is where the last look saw it; whoever walked on since has it no longer there.
    seen = judgement is not None and track.box.holds(judgement.face.centre)
    return {
        "id": track.id,
        "label": track.label,
        "box": _corners(track.box),
        "face": _corners(judgement.face) if judgement and seen else None,
        "verdict": judgement.verdict if judgement else None,
        "confidence": round(judgement.confidence, 2) if judgement else 0.0,
    }


def _corners(box: Box) -> list[float]:
    """Left, top, right and bottom, fractions of the picture."""
    return [round(side, 4) for side in (box.left, box.top, box.right, box.bottom)]
