"""A model that is ready to compute, and that outlives an interpreter which hangs."""

import logging
import threading
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from edge_agent.errors import TransientError
from edge_agent.inference.litert import Interpreter
from edge_agent.inference.manifest import ModelSpec

MOST_LEFT = 3
"""Interpreters that may hang at a time; each holds its memory and a thread, and a fourth would not fare better."""

log = logging.getLogger(__name__)


class _Seat:
    """An interpreter, its tensors, and whether a thread sits in it."""

    def __init__(self, interpreter: Interpreter) -> None:
        self.busy = threading.Lock()
        self._interpreter = interpreter
        self._inputs = [detail["index"] for detail in interpreter.get_input_details()]
        self._outputs = [detail["index"] for detail in interpreter.get_output_details()]

    def run(self, inputs: Sequence[NDArray[np.float32]]) -> tuple[NDArray[np.float32], ...]:
        for index, value in zip(self._inputs, inputs, strict=True):
            self._interpreter.set_tensor(index, value)
        self._interpreter.invoke()
        return tuple(self._interpreter.get_tensor(index) for index in self._outputs)


class Model:
    """A model that is ready to compute; for one thread at a time.

    Args:
        spec: what the manifest says about it.
        open_: makes an interpreter of it; blocks.

    Attributes:
        spec: what the manifest says about it.
        restarted: how often an interpreter that hung was left behind and another one made.
    """

    def __init__(self, spec: ModelSpec, open_: Callable[[], Interpreter]) -> None:
        self.spec = spec
        self.restarted = 0
        self._open = open_
        self._seat = _Seat(open_())
        self._left: list[_Seat] = []
        # The first time takes longest: kernels are chosen and weights packed.
        self.run(np.zeros(spec.input.shape, np.float32))

    def run(self, *inputs: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Computes; blocks. Copies inputs in and outputs out: 2 MB take 0.1 ms, and no view can outlive its tensor.

        Args:
            inputs: float32, in the shapes of the file.

        Raises:
            TransientError: several earlier runs, given up by the worker, are still computing.
        """
        seat = self._seat
        if not seat.busy.acquire(blocking=False):
            seat = self._another()
        try:
            return seat.run(inputs)
        finally:
            seat.busy.release()

    def _another(self) -> _Seat:
        """Returns a new interpreter, taken: a thread that was given up still sits in the last one."""
        self._left = [*(seat for seat in self._left if seat.busy.locked()), self._seat]
        if len(self._left) > MOST_LEFT:
            self._left.pop()
            raise TransientError(
                f"the model {self.spec.name} still computes for {len(self._left) + 1} earlier pictures",
                "restart the agent; if it comes back, choose a smaller detector or fewer cameras, or another "
                "inference.delegate",
            )
        log.error("the interpreter of model %s hangs and was left; a new one takes its place", self.spec.name)
        self.restarted += 1
        self._seat = _Seat(self._open())
        self._seat.busy.acquire()
        return self._seat
