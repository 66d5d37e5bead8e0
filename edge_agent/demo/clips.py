"""The demo cameras' clips: a street, and a portrait that comes to an entrance without and then with a mask."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from edge_agent.values.frame import Pixels

RATE = 25
SIZE = (1280, 720)
COUNTER = 620
"""Pixels from the top where the entrance's counter begins."""

APPROACH, STAY, EMPTY = 6.0, 4.0, 4.0
"""Seconds that the portrait walks up, stands, and is away: long enough for a verdict, and for the track to end."""

PORTRAIT = Path(__file__).with_name("portrait.webp")
# Corners in the portrait's pixels: bridge of the nose, cheeks, jaw and chin; the straps go to the ears.
MASK = np.array(
    [
        (223, 112),
        (250, 118),
        (271, 128),
        (266, 156),
        (250, 178),
        (223, 189),
        (199, 178),
        (184, 152),
        (181, 124),
        (200, 116),
    ]
)
STRAPS = (((181, 126), (171, 118)), ((271, 130), (279, 120)), ((185, 154), (171, 126)), ((265, 158), (279, 128)))


def make_entrance_clip(target: Path, progress: Callable[[float], None]) -> None:
    """Writes H.264: the portrait comes closer twice, first without a mask, then with one that is drawn on.

    Args:
        target: an MP4 file, replaced whole when it is done.
        progress: told the share that is done, 0 to 1.
    """
    bare = cv2.imread(str(PORTRAIT), cv2.IMREAD_UNCHANGED)
    if bare is None:
        raise AssertionError(f"{PORTRAIT} is part of the package")
    portrait = np.asarray(bare, np.uint8)
    wall = _wall()
    frames = round((APPROACH + STAY + EMPTY) * RATE)

    def pictures() -> Iterator[Pixels]:
        for person in (portrait, _masked(portrait)):
            for index in range(frames):
                yield _place(wall, person, index / RATE)

    _encode(target, pictures(), 2 * frames, progress)


def make_street_clip(target: Path, source: Path, progress: Callable[[float], None]) -> None:
    """Writes Debian's street clip anew as H.264; where ``source`` is not there, a drawn street with moving figures."""
    if not source.exists():
        total = 30 * RATE
        _encode(target, (_street(index / RATE) for index in range(total)), total, progress)
        return
    with av.open(str(source)) as container:
        stream = container.streams.video[0]
        frames = (np.asarray(frame.to_ndarray(format="bgr24"), np.uint8) for frame in container.decode(stream))
        _encode(target, frames, stream.frames or 795, progress, rate=10)


def _encode(
    target: Path, pictures: Iterator[Pixels], total: int, progress: Callable[[float], None], rate: int = RATE
) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    with av.open(str(part), "w", format="mp4") as container:
        stream = None
        for index, picture in enumerate(pictures):
            if stream is None:
                # No B-frames: browsers must be able to play it as it is. A key frame every 2 s, as cameras are set up.
                stream = container.add_stream("libx264", rate, {"preset": "veryfast", "bf": "0", "crf": "23"})
                stream.height, stream.width = picture.shape[:2]
                stream.pix_fmt = "yuv420p"
                stream.gop_size = 2 * rate
                stream.time_base = Fraction(1, rate)
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts = index
            container.mux(stream.encode(frame))
            if index % rate == 0:
                progress(min(1.0, index / total))
        if stream is not None:
            container.mux(stream.encode(None))
    part.replace(target)
    progress(1.0)


def _wall() -> Pixels:
    """Returns an entrance: a lit wall, a door and a counter, with the grain of a real picture."""
    width, height = SIZE
    light = np.linspace(205, 150, width)[None, :, None] * np.array([0.93, 0.97, 1.0])
    picture = np.repeat(light, height, axis=0)
    picture[int(height * 0.12) : COUNTER, 90:330] *= 0.7
    picture[COUNTER:] = (58, 72, 88)
    picture[COUNTER : COUNTER + 10] = (96, 118, 140)
    grain = np.random.default_rng(7).normal(0, 3, picture.shape)
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


def _masked(portrait: Pixels) -> Pixels:
    """Returns the portrait with a surgical mask drawn on: straps, fabric, three folds."""
    drawn = portrait.copy()
    for start, end in STRAPS:
        cv2.line(drawn, start, end, (235, 235, 235, 255), 2, cv2.LINE_AA)
    cv2.fillPoly(drawn, [MASK], (222, 205, 158, 255), cv2.LINE_AA)
    for lower in (0, 14, 28):
        fold = np.array([(186, 137 + lower), (224, 145 + lower), (266, 140 + lower)])
        cv2.polylines(drawn, [fold], isClosed=False, color=(196, 176, 128, 255), thickness=2, lineType=cv2.LINE_AA)
    # Light from the left and a soft edge, or the detector would see a sticker.
    shade = np.linspace(1.04, 0.86, drawn.shape[1])[None, :, None]
    fabric = np.zeros((drawn.shape[0], drawn.shape[1]), np.uint8)
    cv2.fillPoly(fabric, [MASK], (255,))
    inside = cv2.GaussianBlur(fabric, (5, 5), 0)[..., None] / 255
    colour = drawn[..., :3] * (1 - inside) + cv2.GaussianBlur(drawn[..., :3], (3, 3), 0) * shade * inside
    drawn[..., :3] = np.clip(colour, 0, 255)
    return drawn


def _place(wall: Pixels, person: Pixels, seconds: float) -> Pixels:
    """Returns the wall with the person where it is after so many seconds of its visit."""
    if seconds >= APPROACH + STAY:
        return wall
    width, height = SIZE
    near = min(1.0, seconds / APPROACH)
    size = int(height * (0.35 + 0.55 * near))
    sway = int(12 * np.sin(2.2 * seconds))
    left = int(width * (0.30 + 0.22 * near)) - size // 2 + sway
    top = int(height * 0.96) - size + int(4 * np.sin(6 * seconds))
    scaled = cv2.resize(person, (size, size), interpolation=cv2.INTER_AREA)
    picture = wall.copy()
    # The counter stands in front, so a bust needs no legs.
    bottom, right = min(COUNTER, top + size), min(width, left + size)
    part = scaled[: bottom - top, : right - left]
    alpha = part[..., 3:].astype(np.float32) / 255
    under = picture[top:bottom, left:right]
    picture[top:bottom, left:right] = (part[..., :3] * alpha + under * (1 - alpha)).astype(np.uint8)
    return picture


def _street(seconds: float) -> Pixels:
    """Returns a drawn street: a pavement, and figures that walk along it at different paces."""
    picture = np.full((576, 768, 3), (150, 155, 160), np.uint8)
    cv2.rectangle(picture, (0, 330), (768, 576), (95, 95, 95), -1)
    for number, pace in enumerate((55, -70, 40)):
        x = int((number * 260 + pace * seconds) % 900) - 60
        y = 300 + 60 * number
        shirt = ((60, 60, 200), (170, 90, 40), (60, 140, 60))[number]
        stride = int(14 * np.sin(6 * seconds + number))
        cv2.line(picture, (x, y + 60), (x - stride, y + 120), (50, 40, 40), 12, cv2.LINE_AA)
        cv2.line(picture, (x, y + 60), (x + stride, y + 120), (50, 40, 40), 12, cv2.LINE_AA)
        cv2.ellipse(picture, (x, y + 25), (20, 42), 0, 0, 360, shirt, -1, cv2.LINE_AA)
        cv2.circle(picture, (x, y - 30), 15, (150, 175, 215), -1, cv2.LINE_AA)
    return picture
