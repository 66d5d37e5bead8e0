"""Looking at footage from its beginning to its end: opened, understood, told, drawn."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge_agent.appearance.inspector import Inspector
from edge_agent.decode.decoder import Decoder
from edge_agent.detect.tiles import open_detector
from edge_agent.errors import PermanentError
from edge_agent.evaluate.analysis import Analysis, Line, summarise, tell_face
from edge_agent.evaluate.drawing import Drawing, open_drawing
from edge_agent.evaluate.footage import Footage, open_footage
from edge_agent.inference.models import Models
from edge_agent.settings import CameraSettings, Settings

CAMERA_SECONDS = 60.0
"""Seconds that a camera is looked at where nobody says how long: it has no end of its own."""


@dataclass(frozen=True, slots=True)
class Told:
    """Whom an analysis tells.

    Attributes:
        line: of every event and every track that ended.
        remark: a sentence about the footage or, at the end, about what was seen.
        progress: of the share of it that was looked at, 0 to 1, where its length is known.
    """

    line: Callable[[Line], None]
    remark: Callable[[str], None]
    progress: Callable[[float], None]


def watch(
    settings: Settings,
    camera: CameraSettings,
    where: str,
    told: Told,
    *,
    seconds: float = 0.0,
    draw: Path | None = None,
) -> None:
    """Looks at footage; blocks until its end.

    Args:
        settings: of the site.
        camera: whose masks and rules hold.
        where: ``rtsp://…``, a film's file or a photo's.
        told: of what is seen.
        seconds: how much of it to look at, 0 for all of a film and a minute of a camera.
        draw: file for the annotated film or photo.

    Raises:
        PermanentError: it cannot be opened, holds no picture, or may not be drawn.
        TransientError: the camera is away.
    """
    if draw is not None and not settings.allowed.individual_events:
        raise PermanentError(
            f"drawing shows the verdict on each person, which the profile {settings.policy.profile} forbids",
            "leave --draw out, or use --profile site for footage of a place whose operator has a legal ground",
        )
    if "://" in where and not seconds:
        seconds = CAMERA_SECONDS
    models, stop, decoder = (
        Models(settings.inference),
        threading.Event(),
        Decoder(camera.privacy.masks, camera.rotation),
    )
    detector, inspector = open_detector(settings.detector, models), Inspector(models, settings.appearance)
    analysis = Analysis(settings, camera, detector, inspector)
    footage = open_footage(where, decoder, seconds=seconds, fps=camera.fps, stop=stop)
    everybody = footage.still and settings.allowed.individual_events
    begun = time.monotonic()
    try:
        with _opened(draw, footage) as drawing:
            asyncio.run(_follow(footage, analysis, drawing, told, everybody=everybody))
    finally:
        stop.set()
    for line in analysis.end():
        told.line(line)
    if not settings.allowed.individual_events:
        told.remark(f"the profile {settings.policy.profile} allows counts only: nothing about single people is told")
    spent = time.monotonic() - begun
    for sentence in summarise(analysis.seen, settings.allowed, spent, decoder.broken, still=footage.still):
        told.remark(sentence)


async def _follow(
    footage: Footage, analysis: Analysis, drawing: Drawing | None, told: Told, *, everybody: bool
) -> None:
    before = None
    while (frame := await asyncio.to_thread(next, footage.frames, None)) is not None:
        if before and (before.width, before.height) != (frame.width, frame.height):
            told.remark(f"{frame.arrived:.1f} s: the picture's size changes to {frame.width}x{frame.height}")
        before = frame
        for line in await analysis.see(frame):
            told.line(line)
        if drawing is not None:
            await asyncio.to_thread(drawing.add, frame, analysis.scene)
        if footage.seconds:
            told.progress(min(1.0, frame.arrived / footage.seconds))
    if before and everybody:
        faces = await asyncio.to_thread(analysis.others, before)
        for face in faces:
            told.line(tell_face(face))
        if drawing is not None:
            await asyncio.to_thread(drawing.add, before, analysis.scene, faces)


@contextmanager
def _opened(draw: Path | None, footage: Footage) -> Iterator[Drawing | None]:
    if draw is None:
        yield None
        return
    with open_drawing(draw, still=footage.still) as drawing:
        yield drawing
