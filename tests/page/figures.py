"""Drawn people who walk past drawn cameras: where they are is known exactly, to hold boxes against pictures."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 640, 360
VERDICTS = ("mask", "no_mask", None, "incorrect", "unsure")
COATS = ((96, 72, 58), (60, 84, 120), (110, 104, 92), (70, 60, 96), (56, 92, 84))

Fractions = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Figure:
    """One person at one moment; boxes in fractions of the picture."""

    id: int
    verdict: str | None
    box: Fractions
    face: Fractions


def figures(camera: int, at: float) -> list[Figure]:
    """Returns who walks past a camera at a time in seconds."""
    people = []
    for i in range(2 + camera % 3):
        tall = 0.34 + 0.09 * i
        wide = tall * 0.2
        x = 0.5 + 0.4 * math.sin(at * (0.22 + 0.06 * i) + 1.9 * i + camera)
        foot = 0.62 + 0.1 * i
        head = tall * 0.16
        face = (x - head * 0.28, foot - tall, x + head * 0.28, foot - tall + head)
        verdict = VERDICTS[(i + camera) % len(VERDICTS)]
        people.append(Figure(10 * camera + i, verdict, (x - wide / 2, foot - tall, x + wide / 2, foot), face))
    return people


def street(camera: int) -> NDArray[np.uint8]:
    """Returns a picture without people, uint8 BGR (360, 640, 3)."""
    sky = np.linspace((150, 140, 128), (196, 190, 182), 190)[:, None, :].repeat(WIDTH, axis=1)
    road = np.linspace((104, 106, 108), (64, 66, 70), HEIGHT - 190)[:, None, :].repeat(WIDTH, axis=1)
    picture = np.vstack((sky, road)).astype(np.uint8)
    dice = np.random.default_rng(camera)
    left = 0
    while left < WIDTH:
        wide, tall = int(dice.integers(60, 130)), int(dice.integers(70, 160))
        shade = np.array((118, 132, 146)) + dice.integers(-24, 24)
        cv2.rectangle(picture, (left, 190 - tall), (left + wide, 190), shade.tolist(), -1)
        for row in range(190 - tall + 12, 176, 28):
            for column in range(left + 10, left + wide - 16, 24):
                cv2.rectangle(picture, (column, row), (column + 12, row + 16), (84, 80, 74), -1)
        left += wide
    for stripe in range(-40, WIDTH, 90):
        corners = np.array([[stripe, 330], [stripe + 46, 330], [stripe + 36, 340], [stripe - 12, 340]], np.int32)
        cv2.fillPoly(picture, [corners], (170, 172, 174))
    return picture


def drawn(picture: NDArray[np.uint8], people: list[Figure]) -> NDArray[np.uint8]:
    """Returns a copy of a picture with people in it."""
    picture = picture.copy()
    for person in people:
        coat = COATS[person.id % len(COATS)]
        left, top, right, bottom = _pixels(person.box)
        face_left, _, face_right, chin = _pixels(person.face)
        middle = (left + right) // 2
        legs = top + (bottom - top) * 6 // 10
        for side in (-1, 1):
            foot = middle + side * (right - left) // 4
            cv2.line(picture, (middle, legs), (foot, bottom), (46, 44, 42), max(3, (right - left) // 5))
        cv2.rectangle(picture, (left + 2, chin + 2), (right - 2, legs), coat, -1)
        head = ((face_right - face_left) // 2 + 1, (chin - top) // 2 + 1)
        cv2.ellipse(picture, (middle, (top + chin) // 2), head, 0, 0, 360, (150, 178, 214), -1, cv2.LINE_AA)
        if person.verdict in {"mask", "incorrect"}:
            upper = top + (chin - top) * (5 if person.verdict == "mask" else 8) // 10
            cv2.rectangle(picture, (face_left + 1, upper), (face_right - 1, chin), (226, 206, 160), -1)
    return picture


def _pixels(box: Fractions) -> tuple[int, int, int, int]:
    left, top, right, bottom = box
    return round(left * WIDTH), round(top * HEIGHT), round(right * WIDTH), round(bottom * HEIGHT)
