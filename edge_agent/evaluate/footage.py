"""Footage as frames, each stamped by its own time: a film of any kind, a camera for a while, a photo held still."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import av
from av import error
from av.video.frame import VideoFrame
from pydantic import ValidationError

from edge_agent.capture.failures import failure
from edge_agent.capture.sources.rtsp import RtspSettings, part_credentials
from edge_agent.capture.stamps import Rising
from edge_agent.decode.decoder import Decoder
from edge_agent.errors import PermanentError
from edge_agent.evaluate.pictures import SUFFIXES, read_picture
from edge_agent.values.frame import Frame
from edge_agent.values.time import CLOCK_RATE, Monotonic

STILL = 2.0
"""Seconds that a photo is held still: long enough for a verdict, which needs several looks."""

USUAL_RATE = 25
"""Pictures a second of a film that does not tell."""


@dataclass(frozen=True, slots=True)
class Footage:
    """What is looked at.

    Attributes:
        frames: in the order in which they are shown; ``arrived`` counts from the beginning. Blocks.
        seconds: how long it is, 0 where nobody knows.
        still: whether it is a photo.
    """

    frames: Iterator[Frame]
    seconds: float
    still: bool = False


def open_footage(where: str, decoder: Decoder, *, seconds: float, fps: float, stop: threading.Event) -> Footage:
    """Returns footage, opened as far as is needed to know its length; blocks.

    Args:
        where: ``rtsp://…``, a film's file or a photo's.
        decoder: burns privacy masks in.
        seconds: how much of it to look at, 0 for all; a camera needs an end.
        fps: pictures a second that a photo becomes.
        stop: ends it soon.

    Raises:
        PermanentError: it cannot be opened, is empty, or holds no picture.
        TransientError: the camera is away.
    """
    if where.startswith(("rtsp://", "rtsps://")):
        return Footage(_until(seconds, _watch(_camera(where), decoder, stop)), seconds)
    if "://" in where:
        raise PermanentError(
            f"{where.split('://', maxsplit=1)[0]}:// cannot be watched", "give rtsp://…, or save it as a file first"
        )
    path = Path(where)
    if path.is_dir():
        raise PermanentError(f"{path} is a folder", "name one film or photo in it")
    if path.suffix.lower() in SUFFIXES:
        picture = VideoFrame.from_ndarray(read_picture(path).planes, format="yuv420p")
        return Footage(_hold(decoder.cover(picture, 0, Monotonic(0.0)), fps), STILL, still=True)
    length = _measure(path)
    frames = _until(seconds, _play(path, decoder, stop))
    return Footage(frames, min(seconds, length) if seconds and length else seconds or length)


def _camera(url: str) -> RtspSettings:
    address, credentials = part_credentials(url)
    try:
        return RtspSettings.model_validate({"url": address, **credentials})
    except ValidationError as exc:
        said = exc.errors(include_url=False, include_input=False)[0]["msg"].removeprefix("Value error, ")
        raise PermanentError("the camera's address", said) from None  # the cause repeats the password


def _watch(camera: RtspSettings, decoder: Decoder, stop: threading.Event) -> Iterator[Frame]:
    first = None
    for packet in camera.build().packets(stop):
        first = packet.pts if first is None else first
        # A camera is looked at in its own time too: how fast this machine is must not change what is seen.
        yield from decoder.decode(replace(packet, arrived=Monotonic((packet.pts - first) / CLOCK_RATE)))


def _measure(path: Path) -> float:
    """Returns a film's length in seconds, 0 where it does not tell."""
    if path.exists() and not path.stat().st_size:
        raise PermanentError(f"the film {path} is empty", "record or copy it again")
    try:
        with av.open(f"file:{path}", metadata_errors="replace") as container:
            if not container.streams.video:
                raise PermanentError(f"the film {path} has no picture", "choose a file with video")
            return container.duration / 1_000_000 if container.duration else 0.0
    except error.InvalidDataError:
        raise PermanentError(f"{path} is no film, or a broken one", "record or copy it again") from None
    except error.FFmpegError as exc:
        raise failure(exc, f"the film {path}") from None


def _play(path: Path, decoder: Decoder, stop: threading.Event) -> Iterator[Frame]:
    stamps, first = Rising(), None
    for picture in _pictures(path, decoder, stop):
        ticks = None
        if picture.pts is not None and picture.time_base is not None:
            ticks = round(picture.pts * picture.time_base * CLOCK_RATE)
        pts = stamps.next(ticks, CLOCK_RATE // USUAL_RATE)
        first = pts if first is None else first
        yield decoder.cover(picture, pts - first, Monotonic((pts - first) / CLOCK_RATE))
    if first is None and not stop.is_set():
        raise PermanentError(f"the film {path} holds no picture that can be decoded", "record or copy it again")


def _pictures(path: Path, decoder: Decoder, stop: threading.Event) -> Iterator[VideoFrame]:
    with av.open(f"file:{path}", metadata_errors="replace") as container:
        packets = container.demux(video=0)
        while not stop.is_set():
            try:
                packet = next(packets)
                pictures = packet.decode()
            except StopIteration:
                return
            except error.EOFError:
                return
            except error.FFmpegError:
                decoder.broken += 1
                continue
            for picture in pictures:
                if picture.is_corrupt:
                    decoder.broken += 1
                else:
                    yield picture


def _hold(frame: Frame, fps: float) -> Iterator[Frame]:
    for index in range(round(STILL * fps) + 1):
        yield replace(frame, pts=round(index / fps * CLOCK_RATE), arrived=Monotonic(index / fps))


def _until(seconds: float, frames: Iterator[Frame]) -> Iterator[Frame]:
    for frame in frames:
        if seconds and frame.arrived >= seconds:
            return
        yield frame
