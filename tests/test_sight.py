from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from edge_agent.appearance.settings import AppearanceSettings
from edge_agent.detect.tiles import detect_within
from edge_agent.motion.focus import Focus
from edge_agent.sight import Sight
from edge_agent.track.tracker import TrackSettings
from edge_agent.values.detection import Detection, Label
from edge_agent.values.frame import Frame
from edge_agent.values.geometry import Box
from edge_agent.values.time import Monotonic

CAR = Box(0.4, 0.4, 0.5, 0.5)


class Bright:
    """A detector that finds the bright rectangle, and remembers how large its pictures were."""

    def __init__(self) -> None:
        self.widths: list[int] = []

    def detect(self, frame: Frame) -> Sequence[Detection]:
        self.widths.append(frame.width)
        rows, columns = np.nonzero(frame.luma > 200)
        left, right = columns.min() / frame.width, (columns.max() + 1) / frame.width
        top, bottom = rows.min() / frame.height, (rows.max() + 1) / frame.height
        return [Detection(Label.CAR, 0.9, Box(left, top, right, bottom))]


def street(at: float) -> Frame:
    planes = np.full((300, 200), 100, np.uint8)
    planes[80:100, 80:100] = 240
    return Frame(planes, 0, Monotonic(at))


@pytest.mark.parametrize(("focus", "narrower"), [(None, False), (Focus(), True)])
async def test_what_moves_is_looked_at_alone_and_told_where_it_is(
    focus: Focus | None,
    narrower: bool,  # noqa: FBT001 - the expectation
) -> None:
    detector = Bright()

    async def detect(frame: Frame, part: Box | None, /) -> Sequence[Detection]:
        return detect_within(detector, frame, part)

    async def compute(work: Any, /) -> Any:
        return work()

    inspector: Any = None  # looks at people only
    sight = Sight(
        detect, inspector, compute, tracking=TrackSettings(), appearance=AppearanceSettings(), rules=(), focus=focus
    )
    for index in range(4):
        scene = await sight.understand(street(index / 5), CAR)
        [track] = scene.tracks
        assert track.box.overlap(CAR) > 0.9
        assert track.id == 1
    assert detector.widths[0] == 200
    assert all((width < 100) == narrower for width in detector.widths[1:])
