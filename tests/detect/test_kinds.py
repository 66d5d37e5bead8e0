import sys
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter

import edge_agent.detect
from edge_agent.detect import DetectorSettings
from edge_agent.detect.tiles import open_detector
from edge_agent.inference.models import InferenceSettings, Models
from edge_agent.kinds import OneOf
from edge_agent.values.detection import Label
from tests.detect.pictures import PORTRAIT, frame

NEW_FILE = """
from typing import Literal

from edge_agent.detect import DetectorSettings
from edge_agent.values.detection import Detection
from edge_agent.values.geometry import Box


class LampSettings(DetectorSettings):
    kind: Literal["lamp"] = "lamp"
    brightness: int = 128

    def build(self, models):
        return Lamp(self.brightness, self.scores)


class Lamp:
    def __init__(self, brightness, scores):
        self.brightness, self.scores = brightness, scores

    def detect(self, frame):
        bright = frame.luma.mean() > self.brightness
        return [Detection(label, 0.9, Box(0.1, 0.1, 0.9, 0.9)) for label in self.scores if bright]
"""


def test_a_new_detector_is_one_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lamp.py").write_text(NEW_FILE)
    monkeypatch.setitem(sys.modules, "edge_agent.detect.lamp", None)  # forgotten again afterwards
    del sys.modules["edge_agent.detect.lamp"]
    monkeypatch.setattr(edge_agent.detect, "__path__", [*edge_agent.detect.__path__, str(tmp_path)])
    field: Any = Annotated[DetectorSettings, OneOf("edge_agent.detect", default="nanodet")]
    settings = TypeAdapter(field).validate_python(
        {"kind": "lamp", "brightness": 50, "scores": {"person": 0.5}, "tiles": [2, 1]}
    )
    found = open_detector(settings, Models(InferenceSettings())).detect(frame(PORTRAIT))
    assert {each.label for each in found} == {Label.PERSON}
    assert len(found) > 1
