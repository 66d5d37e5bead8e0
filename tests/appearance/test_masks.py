"""The shipped network on a public-domain portrait with drawn masks: a sample small enough to travel with the tests."""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.appearance.masks import ORDER, Masks
from edge_agent.inference.models import InferenceSettings, Models
from edge_agent.values.look import Verdict
from tests.appearance.portrait import FACE, framed, masked, portrait

CLOTH = {"blue": (214, 190, 150), "white": (240, 240, 240), "black": (40, 38, 36), "green": (150, 190, 140)}
SLIPPED = {Verdict.MASK: 0.0, Verdict.INCORRECT: 13.0}
SIDES = (24, 40, 64, 120)
"""Pixels of a face's sides."""

Picture = NDArray[np.uint8]


@pytest.fixture(scope="module")
def masks() -> Masks:
    return Masks(Models(InferenceSettings(threads=1)).load("mask-mobilenetv2-96"))


def sample() -> Iterator[tuple[Verdict, Picture, int]]:
    """Yields how the mask is worn, the portrait, and the side of its face in pixels."""
    for side in SIDES:
        yield Verdict.NO_MASK, portrait(), side
        for worn, down in SLIPPED.items():
            for colour in CLOTH.values():
                yield worn, masked(colour, down=down), side


def resized(picture: Picture, side: int) -> tuple[Picture, tuple[float, float, float, float]]:
    """Returns a picture in which the face has a side, and the face's box."""
    scale = side / (FACE[2] - FACE[0])
    size = round(len(picture) * scale / 2) * 2
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    left, top, right, bottom = (edge * scale for edge in FACE)
    return np.asarray(cv2.resize(picture, (size, size), interpolation=how), np.uint8), (left, top, right, bottom)


def said(masks: Masks, picture: Picture, side: int) -> tuple[Verdict, float, float]:
    small, box = resized(picture, side)
    opinion = masks.judge(masks.cut_annotated(framed(small), box))
    best = max(opinion.scores)
    return ORDER[opinion.scores.index(best)], best, opinion.face


def test_bare_masked_and_slipped_are_told_apart_in_all_colours_and_sizes(masks: Masks) -> None:
    verdicts = [(worn, said(masks, picture, side)) for worn, picture, side in sample()]
    for worn in ORDER:
        right = [verdict is worn for truth, (verdict, _, _) in verdicts if truth is worn]
        assert np.mean(right) >= PINNED[worn], f"{worn}: {sum(right)} of {len(right)}"


def test_all_of_them_are_faces(masks: Masks) -> None:
    assert min(said(masks, picture, side)[2] for _, picture, side in sample()) > 0.5


def test_sleeve_flag_and_sky_are_none(masks: Masks) -> None:
    places = [(10.0, 150.0, 60.0, 200.0), (150.0, 150.0, 200.0, 200.0), (200.0, 10.0, 250.0, 60.0)]
    opinions = [masks.judge(masks.cut_annotated(framed(portrait()), box)) for box in places]
    assert max(opinion.face for opinion in opinions) < 0.5


def test_scores_are_shares(masks: Masks) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (96, 96, 3), np.uint8)
    opinion = masks.judge(noise)
    assert sum(opinion.scores) == pytest.approx(1)
    assert 0 <= opinion.face <= 1


PINNED = {Verdict.MASK: 0.9, Verdict.NO_MASK: 1.0, Verdict.INCORRECT: 0.8}
"""Recall that the network keeps on the sample."""
