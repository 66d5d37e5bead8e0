"""What the agent saw, drawn on what it saw: people, faces and verdicts, on a photo or a film."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import av
import cv2
import numpy as np
from av import error
from av.container import OutputContainer
from av.video.stream import VideoStream

from edge_agent.errors import PermanentError
from edge_agent.values.frame import Frame, Pixels
from edge_agent.values.geometry import Box
from edge_agent.values.look import Judgement, Verdict
from edge_agent.values.time import CLOCK_RATE
from edge_agent.values.track import Scene, Track

WIDEST = 1280
"""Pixels of a drawing's width: verdicts can be read, and encoding takes less than looking."""

COLOURS = {
    Verdict.MASK: (80, 190, 60),
    Verdict.NO_MASK: (50, 50, 230),
    Verdict.INCORRECT: (20, 150, 250),
    Verdict.UNSURE: (200, 200, 200),
    None: (220, 160, 70),
}
"""Blue, green, red; of people nothing is said of, and of things, a blue."""


class Drawing(Protocol):
    """Where annotated pictures go."""

    def add(self, frame: Frame, scene: Scene, others: Sequence[Judgement] = ()) -> None:
        """Adds one more picture with what was seen in it, and faces of people who are not followed; blocks."""
        ...


@contextmanager
def open_drawing(target: Path, *, still: bool) -> Iterator[Drawing]:
    """Opens a drawing; the file is there when the block ends without an error.

    Args:
        target: ``.mp4`` for a film, ``.jpg`` or ``.png`` for a photo.
        still: whether it is a photo.

    Raises:
        PermanentError: the file's name does not fit, or it cannot be written.
    """
    allowed = (".jpg", ".png") if still else (".mp4",)
    if target.suffix.lower() not in allowed:
        what = "a photo" if still else "a film"
        raise PermanentError(f"{target.name} cannot hold {what}", f"name it with {' or '.join(allowed)}")
    part = target.with_name(f".{target.name}.part")
    try:
        if still:
            photo = PhotoDrawing()
            yield photo
            part.write_bytes(photo.content(target.suffix))
        else:
            with av.open(str(part), "w", format="mp4") as container:
                film = FilmDrawing(container)
                yield film
                film.finish()
        part.replace(target)
    except (OSError, error.FFmpegError) as exc:
        raise PermanentError(f"{target} cannot be written ({exc.strerror})", "choose another folder") from exc
    finally:
        part.unlink(missing_ok=True)


class PhotoDrawing:
    """See ``Drawing``: the last picture."""

    def __init__(self) -> None:
        self._last: tuple[Frame, Scene, Sequence[Judgement]] | None = None

    def add(self, frame: Frame, scene: Scene, others: Sequence[Judgement] = ()) -> None:
        """See ``Drawing``."""
        self._last = frame, scene, others

    def content(self, suffix: str) -> bytes:
        """Returns what a file with such a name holds, nothing before a picture was added."""
        if self._last is None:
            return b""
        frame, scene, others = self._last
        return cv2.imencode(suffix, annotate(frame, scene, others, *_size(frame)))[1].tobytes()


class FilmDrawing:
    """See ``Drawing``: H.264, in the size of the first picture; where the footage changes its size it is scaled.

    Args:
        container: where it goes.
    """

    def __init__(self, container: OutputContainer) -> None:
        self._container = container
        self._stream: VideoStream | None = None
        self._size = (0, 0)

    def add(self, frame: Frame, scene: Scene, others: Sequence[Judgement] = ()) -> None:
        """See ``Drawing``."""
        if self._stream is None:
            self._size = _size(frame)
            self._stream = self._container.add_stream("libx264", 25, {"preset": "veryfast", "crf": "23", "bf": "0"})
            self._stream.width, self._stream.height = self._size
            self._stream.pix_fmt = "yuv420p"
            self._stream.time_base = self._stream.codec_context.time_base = Fraction(1, CLOCK_RATE)
        picture = av.VideoFrame.from_ndarray(annotate(frame, scene, others, *self._size), format="bgr24")
        picture.pts, picture.time_base = frame.pts, Fraction(1, CLOCK_RATE)
        self._container.mux(self._stream.encode(picture))

    def finish(self) -> None:
        """Writes what the encoder holds back."""
        if self._stream is not None:
            self._container.mux(self._stream.encode(None))


def annotate(frame: Frame, scene: Scene, others: Sequence[Judgement], width: int, height: int) -> Pixels:
    """Returns a picture with boxes and verdicts as uint8 BGR (height, width, 3).

    Hidden people are drawn thin, and of people who are not followed only the face, in the colour of its verdict.
    """
    picture = frame.bgr(width, height)
    for face in others:
        _frame_box(picture, face.face, COLOURS[face.verdict], 1)
    for track in scene.tracks:
        if not track.box.clipped().area:
            continue  # it left the picture, and is waited for
        judgement = scene.judgements.get(track.id)
        colour = COLOURS[judgement.verdict if judgement else None]
        hidden = track.seen < scene.at
        _frame_box(picture, track.box, colour, 1 if hidden else 2)
        # Where the last look saw the face; whoever walked on since has it no longer there.
        if judgement and not hidden and track.box.holds(judgement.face.centre):
            _frame_box(picture, judgement.face, colour, 1)
        _write(picture, track.box, _words(track, judgement), colour)
    return picture


def _words(track: Track, judgement: Judgement | None) -> str:
    verdict = f" {judgement.verdict.replace('_', ' ')} {judgement.confidence:.2f}" if judgement else ""
    return f"{track.label} {track.id}{verdict}"


def _frame_box(picture: Pixels, box: Box, colour: tuple[int, int, int], thickness: int) -> None:
    left, top, right, bottom = box.pixels(picture.shape[1], picture.shape[0])
    cv2.rectangle(picture, (left, top), (right, bottom), colour, thickness)


def _write(picture: Pixels, box: Box, words: str, colour: tuple[int, int, int]) -> None:
    left, top, _, _ = box.pixels(picture.shape[1], picture.shape[0])
    (width, height), below = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, 0.45, 1)
    top, left = max(top, height + below + 2), min(left, max(0, picture.shape[1] - width))
    cv2.rectangle(picture, (left, top - height - below - 2), (left + width, top), colour, -1)
    dark = float(np.mean(colour)) < 130  # noqa: PLR2004 - half of white
    ink = (255, 255, 255) if dark else (0, 0, 0)
    cv2.putText(picture, words, (left, top - below), cv2.FONT_HERSHEY_SIMPLEX, 0.45, ink, 1, cv2.LINE_AA)


def _size(frame: Frame) -> tuple[int, int]:
    """Returns the width and height, even, that a picture is drawn in."""
    width = min(frame.width, WIDEST)
    return width, max(2, round(frame.height * width / frame.width / 2) * 2)
