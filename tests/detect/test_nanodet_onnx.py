import sys
import threading
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from edge_agent.detect import CPU
from edge_agent.detect.nanodet import NanodetSettings
from edge_agent.detect.nanodet_onnx import NanodetOnnxSettings, OnnxNetwork
from edge_agent.detect.tiles import open_detector
from edge_agent.errors import PermanentError, TransientError
from edge_agent.inference.models import InferenceSettings, Models
from edge_agent.settings import Settings
from tests.detect.pictures import PORTRAIT, frame

pytest.importorskip("onnxruntime", reason="the `onnx` extra is not installed")

MODELS = Models(InferenceSettings(threads=1))


def picture(width: int, height: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    canvas = np.full((height, width, 3), 128, np.uint8)
    canvas[:256, :256] = PORTRAIT
    canvas[height - 256 :, width - 256 :] = PORTRAIT
    return canvas


@pytest.mark.parametrize("size", [320, 416])
@pytest.mark.parametrize(("width", "height"), [(512, 512), (1280, 720)])
def test_both_runtimes_find_the_same(size: Any, width: int, height: int) -> None:
    seen = frame(picture(width, height))
    ours = open_detector(NanodetOnnxSettings(size=size, providers=("cpu",)), MODELS).detect(seen)
    theirs = open_detector(NanodetSettings(size=size, precision="fp16"), MODELS).detect(seen)
    assert len(ours) == len(theirs) > 0
    for one, other in zip(ours, theirs, strict=True):
        assert one.label is other.label
        assert one.score == pytest.approx(other.score, abs=1e-3)
        assert one.box.overlap(other.box) > 0.99


def test_it_is_chosen_by_its_kind_alone_and_has_a_worker_of_its_own() -> None:
    field = Settings.model_fields["detector"]
    chosen: Any = TypeAdapter(field.rebuild_annotation()).validate_python({"kind": "nanodet-onnx"})
    assert chosen == NanodetOnnxSettings()
    assert chosen.accelerator == "gpu"
    assert NanodetOnnxSettings(providers=("cpu",)).accelerator == NanodetSettings().accelerator == CPU


def test_the_first_provider_that_is_there_computes() -> None:
    assert OnnxNetwork(MODELS, (320, 192), ("tensorrt", "cuda", "cpu")).provider == "CPUExecutionProvider"
    with pytest.raises(PermanentError, match=r"none of tensorrt, cuda.*add cpu to detector\.providers"):
        NanodetOnnxSettings(providers=("tensorrt", "cuda")).build(MODELS)


def test_a_missing_runtime_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(PermanentError, match=r"pip install edge-agent\[onnx\]"):
        NanodetOnnxSettings().build(MODELS)


def test_a_network_that_still_computes_is_not_entered_twice() -> None:
    network = OnnxNetwork(MODELS, (320, 192), ("cpu",))
    real, entered, let_go = network._session, threading.Event(), threading.Event()

    class Slow:
        def run(self, *asked: Any) -> Any:
            entered.set()
            assert let_go.wait(10)
            return real.run(*asked)

    network._session = Slow()
    fed = np.zeros((1, 192, 320, 3), np.float32)
    first = threading.Thread(target=network.run, args=(fed,))
    first.start()
    assert entered.wait(10)
    with pytest.raises(TransientError, match="still computes"):
        network.run(fed)
    let_go.set()
    first.join(10)
    assert len(network.run(fed)) == 6
