"""The model files are those of the manifest, and answer in the shapes that it promises."""

import hashlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge_agent.inference.manifest import read_tables

MODELS = Path(__file__).parents[2] / "models"
MANIFEST = read_tables(MODELS / "manifest.toml")

LITERT = [model for model in MANIFEST if model["file"].endswith(".tflite")]
"""What LiteRT reads; the detector of another runtime has tests of its own."""

every_model = pytest.mark.parametrize("model", MANIFEST, ids=[model["name"] for model in MANIFEST])
every_litert_model = pytest.mark.parametrize("model", LITERT, ids=[model["name"] for model in LITERT])


def test_every_file_is_in_the_manifest_and_every_entry_has_its_file() -> None:
    files = (path.name for path in MODELS.iterdir() if path.suffix in {".tflite", ".onnx"})
    assert sorted(model["file"] for model in MANIFEST) == sorted(files)
    assert len({model["name"] for model in MANIFEST}) == len(MANIFEST)


@every_model
def test_the_file_is_the_one_described(model: dict[str, Any]) -> None:
    content = (MODELS / model["file"]).read_bytes()
    assert (len(content), hashlib.sha256(content).hexdigest()) == (model["bytes"], model["sha256"])


@every_model
def test_every_model_has_its_card(model: dict[str, Any]) -> None:
    cards = "\n".join(path.read_text() for path in (MODELS / "cards").glob("*.md"))
    assert model["file"] in cards


@every_model
def test_origin_and_licence_are_told(model: dict[str, Any]) -> None:
    assert all(model[key] for key in ("licence", "source", "labels"))
    assert len(model["source_sha256"]) == 64
    assert model["task"] in {"person", "face", "mask", "pose"}


@every_litert_model
def test_the_tensors_are_those_described(model: dict[str, Any]) -> None:
    runtime = pytest.importorskip("ai_edge_litert.interpreter", reason="the `sight` extra is not installed")
    interpreter = runtime.Interpreter(model_path=str(MODELS / model["file"]), num_threads=1)
    interpreter.allocate_tensors()
    [taken] = interpreter.get_input_details()
    assert (taken["shape"].tolist(), np.dtype(taken["dtype"]).name) == (
        model["input"]["shape"],
        model["input"]["dtype"],
    )
    assert len(model["input"]["mean"]) == len(model["input"]["std"]) == model["input"]["shape"][-1]
    given = [(output["index"], output["shape"]) for output in model["output"]]
    assert given == [(place, tensor["shape"].tolist()) for place, tensor in enumerate(interpreter.get_output_details())]


@every_litert_model
def test_the_answer_to_a_grey_picture_is_finite(model: dict[str, Any]) -> None:
    runtime = pytest.importorskip("ai_edge_litert.interpreter", reason="the `sight` extra is not installed")
    interpreter = runtime.Interpreter(model_path=str(MODELS / model["file"]), num_threads=1)
    interpreter.allocate_tensors()
    grey = (np.full(model["input"]["shape"], 128.0) - model["input"]["mean"]) / model["input"]["std"]
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], grey.astype(np.float32))
    interpreter.invoke()
    answers = [interpreter.get_tensor(tensor["index"]) for tensor in interpreter.get_output_details()]
    assert all(np.isfinite(answer).all() for answer in answers)
    if model["task"] != "face":
        assert all(answer.min() >= 0 and answer.max() <= 1 for answer in answers if answer.shape[-1] in {3, 80})


def test_a_bodys_points_are_where_they_are() -> None:
    runtime = pytest.importorskip("ai_edge_litert.interpreter", reason="the `sight` extra is not installed")
    interpreter = runtime.Interpreter(model_path=str(MODELS / "pose-movenet-192.tflite"), num_threads=1)
    interpreter.allocate_tensors()
    portrait = cv2.imread(str(MODELS.parent / "tests/data/astronaut.jpg"))
    assert portrait is not None
    picture = cv2.resize(portrait, (192, 192), interpolation=cv2.INTER_AREA)[None, :, :, ::-1]
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], picture.astype(np.float32))
    interpreter.invoke()
    labels = next(model["labels"] for model in MANIFEST if model["task"] == "pose")
    points = dict(zip(labels, interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0, 0], strict=True))
    y, x = {name: point[0] for name, point in points.items()}, {name: point[1] for name, point in points.items()}
    assert x["right ear"] < x["right eye"] < x["nose"] < x["left eye"] < x["left ear"]
    assert y["left eye"] < y["nose"] < y["left shoulder"]
    assert min(points[name][2] for name in ("nose", "left eye", "right eye", "left shoulder")) > 0.5
