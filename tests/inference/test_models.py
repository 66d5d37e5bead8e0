import hashlib
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.errors import PermanentError, TransientError
from edge_agent.inference import litert
from edge_agent.inference.litert import open_interpreter
from edge_agent.inference.manifest import InputSpec, ModelSpec
from edge_agent.inference.models import InferenceSettings, Model, Models

FACES = "face-blazeface-short-128"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of one model, an exact copy of ours."""
    ours = Path(__file__).parents[2] / "models"
    name = f"{FACES}.tflite"
    (tmp_path / name).write_bytes((ours / name).read_bytes())
    (tmp_path / "manifest.toml").write_text(
        f"""
        [[model]]
        name = "{FACES}"
        file = "{name}"
        sha256 = "{hashlib.sha256((ours / name).read_bytes()).hexdigest()}"
        task = "face"
        licence = "MIT"
        source = "a test"
        labels = ["face"]
        [model.input]
        shape = [1, 128, 128, 3]
        colour = "RGB"
        mean = [127.5, 127.5, 127.5]
        std = [127.5, 127.5, 127.5]
        """
    )
    return tmp_path


def test_all_our_models_are_the_ones_of_the_manifest() -> None:
    findings = Models(InferenceSettings()).verify()
    assert [finding.name for finding in findings if finding.problem] == []
    assert FACES in {finding.name for finding in findings}


def test_a_model_computes_and_keeps_no_hold_of_what_it_returned(folder: Path) -> None:
    model = Models(InferenceSettings(directory=folder, threads=1)).load(FACES)
    first = model.run(np.zeros(model.spec.input.shape, np.float32))
    before = [output.copy() for output in first]
    model.run(np.ones(model.spec.input.shape, np.float32))
    assert [output.shape for output in first] == [(1, 896, 16), (1, 896, 1)]
    for now, then in zip(first, before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_a_changed_file_is_not_loaded(folder: Path) -> None:
    path = folder / f"{FACES}.tflite"
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    models = Models(InferenceSettings(directory=folder))
    with pytest.raises(PermanentError, match=rf"{path} is not the one.*edge-agent models verify"):
        models.load(FACES)
    (finding,) = models.verify()
    assert (finding.name, finding.path) == (FACES, path)
    assert "not the one" in finding.problem


def test_a_missing_file_and_an_unknown_name_are_told_apart(folder: Path) -> None:
    models = Models(InferenceSettings(directory=folder))
    with pytest.raises(PermanentError, match="has no model person"):
        models.load("person")
    (folder / f"{FACES}.tflite").unlink()
    with pytest.raises(PermanentError, match=r"short-128\.tflite cannot be read"):
        models.load(FACES)


def test_a_file_that_is_no_model_is_refused() -> None:
    with pytest.raises(PermanentError, match="cannot read the model"):
        open_interpreter(b"no model at all", threads=1)


def test_without_a_runtime_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(litert, "PACKAGES", ("no_such_runtime",))
    with pytest.raises(PermanentError, match=r"pip install edge-agent\[sight\]"):
        open_interpreter(b"", threads=1)


class StuckInterpreter:
    """An accelerator that answers when it is let go."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.let_go = threading.Event()

    def get_input_details(self) -> list[dict[str, Any]]:
        return [{"index": 0}]

    def get_output_details(self) -> list[dict[str, Any]]:
        return [{"index": 1}]

    def set_tensor(self, tensor_index: int, value: NDArray[np.float32]) -> None:
        pass

    def get_tensor(self, tensor_index: int) -> NDArray[np.float32]:
        return np.full(1, tensor_index, np.float32)

    def invoke(self) -> None:
        self.entered.set()
        self.let_go.wait(10)


def test_a_model_that_still_computes_is_not_entered_twice() -> None:
    stuck = StuckInterpreter()
    model = Model(ModelSpec("m", "m", "", "", "", "", InputSpec((1, 1, 1, 1), "RGB", (0.0,), (1.0,)), ()), stuck)
    picture = np.zeros(1, np.float32)
    first = threading.Thread(target=model.run, args=(picture,))
    first.start()
    assert stuck.entered.wait(10)
    with pytest.raises(TransientError, match="still computes"):
        model.run(picture)
    stuck.let_go.set()
    first.join(10)
    assert model.run(picture)[0].shape == (1,)
