import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import ValidationError

from edge_agent.detect.nanodet import BINS, STRIDES, Decoder, NanodetSettings
from edge_agent.errors import PermanentError
from edge_agent.inference.manifest import InputSpec, ModelSpec
from edge_agent.inference.models import InferenceSettings, Models
from edge_agent.values.detection import Detection, Label
from edge_agent.values.geometry import Box
from tests.detect.pictures import PORTRAIT, frame

WIDTH, HEIGHT = 96, 64
LABELS = ("person", "bicycle", "car", "dog")
SPEC = ModelSpec(
    "n", "n", "", "person", "", "", InputSpec((1, HEIGHT, WIDTH, 3), "BGR", (0.0,) * 3, (1.0,) * 3), LABELS
)
WANTED = {Label.CAR: 0.5, Label.PERSON: 0.4}


def outputs(seed: int, things: int) -> list[NDArray[np.float32]]:
    """What a network might answer: little everywhere, and a few things that score."""
    random = np.random.default_rng(seed)
    cells = [(WIDTH // stride) * (HEIGHT // stride) for stride in STRIDES]
    scores = [random.uniform(0, 0.1, (1, count, len(LABELS))).astype(np.float32) for count in cells]
    sides = [random.normal(0, 3, (1, count, 4 * BINS)).astype(np.float32) for count in cells]
    for _ in range(things):
        level = random.integers(3)
        scores[level][0, random.integers(cells[level]), random.integers(len(LABELS))] = random.uniform(0.2, 1)
    return scores + sides


def naive(answer: list[NDArray[np.float32]], width: int, height: int) -> list[Detection]:
    """The same, a cell at a time."""
    found: list[tuple[float, Label, Box]] = []
    for stride, scores, sides in zip(STRIDES, answer[:3], answer[3:], strict=True):
        for cell in range(scores.shape[1]):
            for label, least in WANTED.items():
                score = float(scores[0, cell, LABELS.index(label)])
                if score < least:
                    continue
                x, y = (cell % (WIDTH // stride) + 0.5) * stride, (cell // (WIDTH // stride) + 0.5) * stride
                away = []
                for side in range(4):
                    weights = [math.exp(logit) for logit in sides[0, cell, side * BINS : (side + 1) * BINS]]
                    away.append(stride * sum(bin_ * weight for bin_, weight in enumerate(weights)) / sum(weights))
                found.append((score, label, Box(x - away[0], y - away[1], x + away[2], y + away[3])))
    kept: list[tuple[float, Label, Box]] = []
    for score, label, box in sorted(found, key=lambda one: -one[0]):
        if all(label is not other[1] or box.overlap(other[2]) <= 0.5 for other in kept):
            kept.append((score, label, box))
    fractions = [
        Detection(label, score, Box(b.left / width, b.top / height, b.right / width, b.bottom / height).clipped())
        for score, label, b in kept
    ]
    return [detection for detection in fractions if detection.box.area > 0]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), things=st.integers(0, 40), size=st.sampled_from([(96, 64), (96, 40), (50, 64)]))
def test_the_naive_way_finds_the_same(seed: int, things: int, size: tuple[int, int]) -> None:
    answer = outputs(seed, things)
    found = Decoder(SPEC, WANTED).decode(answer, size)
    expected = naive(answer, *size)
    assert [one.label for one in found] == [one.label for one in expected]
    assert [one.score for one in found] == pytest.approx([one.score for one in expected])
    for one, other in zip(found, expected, strict=True):
        assert one.box.overlap(other.box) > 0.999


@pytest.mark.parametrize("precision", ["int8", "fp16"])
@pytest.mark.parametrize("size", [320, 416])
@pytest.mark.parametrize(("width", "height", "left"), [(256, 256, 0), (640, 256, 300), (256, 400, 0)])
def test_a_person_is_found_where_she_is(size: Any, precision: Any, width: int, height: int, left: int) -> None:
    detector = NanodetSettings(size=size, precision=precision).build(Models(InferenceSettings()))
    picture = np.full((height, width, 3), 128, np.uint8)
    picture[:256, left : left + 256] = PORTRAIT
    people = [found for found in detector.detect(frame(picture)) if found.label is Label.PERSON]
    expected = Box((left + 10) / width, 7 / height, (left + 180) / width, 254 / height)
    assert people[0].box.overlap(expected) > 0.7
    assert people[0].score > 0.5


def test_nothing_is_found_where_nothing_is() -> None:
    detector = NanodetSettings(size=320).build(Models(InferenceSettings()))
    assert list(detector.detect(frame(np.full((180, 320, 3), 90, np.uint8)))) == []


def test_settings_tell_what_is_wrong(tmp_path: Path) -> None:
    wrongs: tuple[dict[str, object], ...] = (
        {"scores": {"unicorn": 0.5}},
        {"scores": {"person": 2}},
        {"scores": {}},
        {"size": 300},
        {"sise": 320},
    )
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            NanodetSettings.model_validate(wrong)
    with pytest.raises(PermanentError, match="manifest"):
        NanodetSettings().build(Models(InferenceSettings(directory=tmp_path)))
