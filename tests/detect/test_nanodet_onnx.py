import asyncio
import logging
import os
import sys
import threading
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from edge_agent.aio.clock import SystemClock
from edge_agent.detect import CPU
from edge_agent.detect.nanodet import NanodetSettings
from edge_agent.detect.nanodet_onnx import NanodetOnnxSettings, open_network
from edge_agent.detect.tiles import open_detector
from edge_agent.errors import PermanentError, TransientError
from edge_agent.inference.models import InferenceSettings, Models
from edge_agent.inference.worker import Worker
from edge_agent.settings import Settings
from edge_agent.values.ids import CameraId
from tests.detect.pictures import PORTRAIT, frame

onnxruntime: Any = pytest.importorskip("onnxruntime", reason="the `onnx` extra is not installed")

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


def test_the_first_provider_that_is_there_computes(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        open_network(MODELS, (320, 192), ("tensorrt", "cuda", "cpu"))
    assert "computes by CPUExecutionProvider" in caplog.text
    with pytest.raises(PermanentError, match=r"none of tensorrt, cuda.*add cpu to detector\.providers"):
        NanodetOnnxSettings(providers=("tensorrt", "cuda")).build(MODELS)


def test_a_missing_runtime_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(PermanentError, match=r"pip install edge-agent\[onnx\]"):
        NanodetOnnxSettings().build(MODELS)


async def test_a_hung_session_is_left_and_the_next_picture_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    (mine, theirs), hangs = os.pipe(), threading.Event()

    class Session(onnxruntime.InferenceSession):  # type: ignore[misc]  # it is not typed
        """Waits in a system call when it is told to hang, as with a driver that lost its device."""

        def run(self, *asked: Any) -> Any:
            if hangs.is_set():
                hangs.clear()
                os.read(mine, 1)
            return super().run(*asked)

    monkeypatch.setattr(onnxruntime, "InferenceSession", Session)
    network = await asyncio.to_thread(open_network, MODELS, (320, 192), ("cpu",))
    worker = Worker(SystemClock(), name="gpu", timeout=0.2)
    task = asyncio.create_task(worker.run())
    fed = np.zeros((1, 192, 320, 3), np.float32)
    hangs.set()
    with pytest.raises(TransientError, match=r"gpu took more than 0\.2 s"):
        await worker.submit(CameraId("north"), lambda: network.run(fed))
    worker._timeout = 10  # loading and computing take as long as they take
    assert len(await worker.submit(CameraId("north"), lambda: network.run(fed))) == 6
    assert (worker.hung, network.restarted) == (1, 1)
    os.write(theirs, b"1")
    task.cancel()
    await asyncio.wait([task])
    for end in (mine, theirs):
        os.close(end)
