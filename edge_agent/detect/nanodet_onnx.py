"""NanoDet by ONNX Runtime: on a Jetson's GPU by TensorRT or CUDA, elsewhere on the processor; its only door."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Literal, TypeAlias

from pydantic import Field
from typing_extensions import override

from edge_agent.detect import CPU, Detector, DetectorSettings
from edge_agent.detect.nanodet import SHAPES, Nanodet
from edge_agent.errors import PermanentError
from edge_agent.inference.model import Compute, Model
from edge_agent.inference.models import Models

MODEL = "person-nanodet-onnx"

LARGE = {640: ((640, 640), (640, 384))}
"""What a GPU has time for, by ``size`` as in ``SHAPES``."""

PROVIDERS = {"tensorrt": "TensorrtExecutionProvider", "cuda": "CUDAExecutionProvider", "cpu": "CPUExecutionProvider"}

Provider: TypeAlias = Literal["tensorrt", "cuda", "cpu"]

log = logging.getLogger(__name__)


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
        return Nanodet([open_network(models, shape, self.providers) for shape in shapes], self.scores)


def open_network(models: Models, shape: tuple[int, int], providers: Sequence[Provider]) -> Model:
    """Returns NanoDet for one input shape; blocks.

    Args:
        models: where the file is.
        shape: of the input, width and height, multiples of 32.
        providers: who may compute, in order of preference.

    Raises:
        PermanentError: the file is missing or another one, ONNX Runtime is not installed, or none of the providers.
    """
    spec, content = models.read(MODEL)
    width, height = shape
    shaped = replace(spec, input=replace(spec.input, shape=(1, height, width, 3)))
    return Model(shaped, partial(_open, content, providers, threads=models.threads))


def _open(content: bytes, providers: Sequence[Provider], *, threads: int) -> Compute:
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
    session = runtime.InferenceSession(content, options, providers=wanted)
    # A provider whose driver is missing is left out without an error.
    log.info("ONNX Runtime computes by %s", session.get_providers()[0])
    return lambda inputs: session.run(None, {"image": inputs[0]})
