"""The one door to LiteRT: whichever of its two packages is installed."""

import importlib
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edge_agent.errors import PermanentError

PACKAGES = ("ai_edge_litert", "tflite_runtime")
"""The newer first; only the older one runs on 32-bit Arm."""


class Interpreter(Protocol):
    """What the agent uses of LiteRT's interpreter; not for two threads at once."""

    def get_input_details(self) -> list[dict[str, Any]]:
        """Returns ``index`` and ``shape`` of every input."""
        ...

    def get_output_details(self) -> list[dict[str, Any]]:
        """Returns ``index`` and ``shape`` of every output."""
        ...

    def set_tensor(self, tensor_index: int, value: NDArray[np.float32]) -> None:
        """Copies an input in."""
        ...

    def get_tensor(self, tensor_index: int) -> NDArray[np.float32]:
        """Returns a copy of an output."""
        ...

    def invoke(self) -> None:
        """Computes; blocks without holding the GIL."""
        ...


def open_interpreter(content: bytes, *, threads: int) -> Interpreter:
    """Returns an interpreter that is ready to compute; blocks.

    Args:
        content: a ``.tflite`` file's bytes.
        threads: that one computation may use.

    Raises:
        PermanentError: no runtime is installed, or it cannot read the model.
    """
    make = _runtime()
    try:
        interpreter = make(model_content=content, num_threads=threads)
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as exc:
        raise PermanentError(f"LiteRT cannot read the model ({exc})", "install a newer ai-edge-litert") from exc
    ready: Interpreter = interpreter
    return ready


def _runtime() -> Any:  # noqa: ANN401 - neither package is typed
    for package in PACKAGES:
        try:
            return importlib.import_module(f"{package}.interpreter").Interpreter
        except ImportError:
            continue
    raise PermanentError("LiteRT is not installed", "pip install edge-agent[sight]")
