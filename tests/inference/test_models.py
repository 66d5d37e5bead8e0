import hashlib
from pathlib import Path

import numpy as np
import pytest

from edge_agent.errors import PermanentError
from edge_agent.inference import litert
from edge_agent.inference.litert import Delegate, open_interpreter
from edge_agent.inference.models import InferenceSettings, Models

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


def test_the_edge_tpu_that_is_not_there_is_named_with_the_remedy(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(litert, "EDGE_TPU", "libedgetpu-that-is-not-there.so.1")
    models = Models(InferenceSettings(directory=folder, delegate=Delegate.EDGE_TPU))
    with pytest.raises(PermanentError, match=r"that-is-not-there.*libedgetpu1-std, or set inference\.delegate"):
        models.load(FACES)


def test_every_way_to_compute_computes_the_same(folder: Path) -> None:
    picture = np.random.default_rng(1).normal(size=(1, 128, 128, 3)).astype(np.float32)
    fast, plain = (
        Models(InferenceSettings(directory=folder, delegate=delegate)).load(FACES).run(picture)
        for delegate in (Delegate.XNNPACK, Delegate.NONE)
    )
    for one, other in zip(fast, plain, strict=True):
        np.testing.assert_allclose(one, other, atol=0.05)
