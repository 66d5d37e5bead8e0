"""NanoDet by ONNX Runtime: on a Jetson's GPU by TensorRT or CUDA, elsewhere on the processor; its only door."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from edge_agent.detect import CPU, Detector, DetectorSettings
from edge_agent.detect.nanodet import SHAPES, Nanodet
from edge_agent.errors import PermanentError, TransientError
from edge_agent.inference.manifest import ModelSpec
from edge_agent.inference.models import Models

Floats: TypeAlias = NDArray[np.float32]

MODEL = "person-nanodet-onnx"

LARGE = {640: ((640, 640), (640, 384))}
"""What a GPU has time for, by ``size`` as in ``SHAPES``."""

PROVIDERS = {"tensorrt": "TensorrtExecutionProvider", "cuda": "CUDAExecutionProvider", "cpu": "CPUExecutionProvider"}

Provider: TypeAlias = Literal["tensorrt", "cuda", "cpu"]


class NanodetOnnxSettings(DetectorSettings):
    """NanoDet-g by ONNX Runtime, for a Jetson or another box with an NVIDIA GPU."""

    kind: Literal["nanodet-onnx"] = "nanodet-onnx"
    size: Literal[320, 416, 640] = Field(
        default=416,
        description="pixels of the network's side; 640 sees people further away and loses some who fill the picture",
    )
    providers: tuple[Provider, ...] = Field(
        default=("tensorrt", "cuda", "cpu"),
        min_length=1,
        description="who computes, the first of them that is there",
    )

    @property
    @override
    def accelerator(self) -> str:
        """See ``DetectorSettings``."""
        return CPU if self.providers == (CPU,) else "gpu"

    @override
    def build(self, models: Models) -> Detector:
        """See ``DetectorSettings``."""
        shapes = {**SHAPES, **LARGE}[self.size]
        return Nanodet([OnnxNetwork(models, shape, self.providers) for shape in shapes], self.scores)


class OnnxNetwork:
    """See ``Network``; for one thread at a time.

    Args:
        models: where the file is.
        shape: of the input, width and height, multiples of 32.
        providers: who may compute, in order of preference.

    Attributes:
        spec: see ``Network``.
        provider: who computes.

    Raises:
        PermanentError: the file is missing or another one, ONNX Runtime is not installed, or none of the providers.
    """

    def __init__(self, models: Models, shape: tuple[int, int], providers: Sequence[Provider]) -> None:
        spec, content = models.read(MODEL)
        width, height = shape
        self.spec: ModelSpec = replace(spec, input=replace(spec.input, shape=(1, height, width, 3)))
        self._session = _open(content, providers, threads=models.threads)
        self.provider = str(self._session.get_providers()[0])
        self._busy = threading.Lock()
        # The first time takes longest; TensorRT builds its engine, for minutes on a Jetson.
        self.run(np.zeros(self.spec.input.shape, np.float32))

    def run(self, fed: Floats, /) -> Sequence[Floats]:
        """See ``Network``.

        Raises:
            TransientError: an earlier run, given up by the worker, is still computing.
        """
        if not self._busy.acquire(blocking=False):
            raise TransientError(f"{self.provider} still computes for an earlier picture", "restart the agent")
        try:
            answers: Sequence[Floats] = self._session.run(None, {"image": fed})
            return answers
        finally:
            self._busy.release()


def _open(content: bytes, providers: Sequence[Provider], *, threads: int) -> Any:  # noqa: ANN401 - it is not typed
    """Returns a session by the first provider that is there."""
    try:
        import onnxruntime  # noqa: PLC0415 - heavy, and only there where somebody chose it
    except ImportError as exc:
        raise PermanentError("ONNX Runtime is not installed", "pip install edge-agent[onnx], or JetPack's") from exc
    runtime: Any = onnxruntime
    there = runtime.get_available_providers()
    wanted = [PROVIDERS[name] for name in providers if PROVIDERS[name] in there]
    if not wanted:
        raise PermanentError(
            f"this ONNX Runtime computes by {', '.join(there)}, and none of {', '.join(providers)} is among them",
            "add cpu to detector.providers, or install the ONNX Runtime of this JetPack",
        )
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return runtime.InferenceSession(content, options, providers=wanted)
