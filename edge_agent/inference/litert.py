"""The one door to LiteRT: whichever of its two packages is installed."""

import ctypes
import importlib
from collections.abc import Sequence
from enum import StrEnum
from functools import partial
from types import ModuleType
from typing import Any

from edge_agent.errors import PermanentError
from edge_agent.inference.model import Compute, Tensors

PACKAGES = ("ai_edge_litert", "tflite_runtime")
"""The newer first; only the older one runs on 32-bit Arm."""

EDGE_TPU = "libedgetpu.so.1"
"""The name under which Debian's package libedgetpu1-std installs it."""


class Delegate(StrEnum):
    """Who computes what LiteRT hands on."""

    XNNPACK = "xnnpack"
    EDGE_TPU = "edgetpu"
    NONE = "none"


def open_interpreter(content: bytes, *, threads: int, delegate: Delegate = Delegate.XNNPACK) -> Compute:
    """Returns a network that is ready to compute; blocks.

    Args:
        content: a ``.tflite`` file's bytes.
        threads: that one computation may use.
        delegate: who computes.

    Raises:
        PermanentError: no runtime is installed, it cannot read the model, or the delegate is not to be had.
    """
    runtime = _runtime()
    how = _delegation(runtime, delegate)
    try:
        interpreter = runtime.Interpreter(model_content=content, num_threads=threads, **how)
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as exc:
        raise PermanentError(f"LiteRT cannot read the model ({exc})", "install a newer ai-edge-litert") from exc
    return partial(
        _compute,
        interpreter,
        [detail["index"] for detail in interpreter.get_input_details()],
        [detail["index"] for detail in interpreter.get_output_details()],
    )


def _compute(interpreter: Any, fed: Sequence[int], told: Sequence[int], inputs: Tensors) -> Tensors:  # noqa: ANN401 - two runtimes' class
    """See ``Compute``; copies inputs in and outputs out: 2 MB take 0.1 ms, and no view can outlive its tensor."""
    for index, value in zip(fed, inputs, strict=True):
        interpreter.set_tensor(index, value)
    interpreter.invoke()
    return tuple(interpreter.get_tensor(index) for index in told)


def _delegation(runtime: ModuleType, delegate: Delegate) -> dict[str, Any]:
    """Returns what an interpreter is told about who computes."""
    if delegate is Delegate.NONE:
        return {"experimental_op_resolver_type": runtime.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES}
    if delegate is Delegate.EDGE_TPU:
        try:
            # Where it is missing, LiteRT's own complaint ends in a second one that nobody can catch.
            ctypes.CDLL(EDGE_TPU)
            return {"experimental_delegates": [runtime.load_delegate(EDGE_TPU)]}
        except (OSError, ValueError) as exc:
            raise PermanentError(
                f"the Edge TPU cannot be used ({str(exc) or 'no device answers'})",
                "plug the Coral in and install libedgetpu1-std, or set inference.delegate to xnnpack",
            ) from exc
    return {}


def _runtime() -> ModuleType:
    for package in PACKAGES:
        try:
            return importlib.import_module(f"{package}.interpreter")
        except ImportError:
            continue
    raise PermanentError("LiteRT is not installed", "pip install edge-agent[sight]")
