"""A model that is ready to compute, and that outlives a runtime which hangs."""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge_agent.errors import TransientError
from edge_agent.inference.manifest import ModelSpec

Tensors: TypeAlias = Sequence[NDArray[np.float32]]

Compute: TypeAlias = Callable[[Tensors], Tensors]
"""A network in some runtime: takes inputs in the shapes of the file and returns outputs of its own; blocks without
holding the GIL, and is for one thread at a time."""

MOST_LEFT = 3
"""Networks that may hang at a time; each holds its memory and a thread, and a fourth would not fare better."""

log = logging.getLogger(__name__)


class _Seat:
    """A network, and whether a thread sits in it."""

    def __init__(self, compute: Compute) -> None:
        self.compute = compute
        self.busy = threading.Lock()


class Model:
    """A model that is ready to compute; for one thread at a time.

    Args:
        spec: what the manifest says about it.
        open_: loads it into its runtime; blocks.

    Attributes:
        spec: what the manifest says about it.
        restarted: how often a network that hung was left behind and another one loaded.
    """

    def __init__(self, spec: ModelSpec, open_: Callable[[], Compute]) -> None:
        self.spec = spec
        self.restarted = 0
        self._open = open_
        self._seat = _Seat(open_())
        self._left: list[_Seat] = []
        self._opening = threading.Lock()
        # The first time takes longest: kernels are chosen and weights packed; TensorRT builds its engine, for minutes.
        self.run(np.zeros(spec.input.shape, np.float32))

    def run(self, *inputs: NDArray[np.float32]) -> Tensors:
        """Computes; blocks.

        Args:
            inputs: float32, in the shapes of the file.

        Raises:
            TransientError: several earlier runs, given up by the worker, are still computing, or it is being loaded
                again.
        """
        seat = self._seat
        if not seat.busy.acquire(blocking=False):
            seat = self._another()
        try:
            return seat.compute(inputs)
        finally:
            seat.busy.release()

    def _another(self) -> _Seat:
        """Loads it again and returns it, taken: a thread that was given up still sits in the last one."""
        if not self._opening.acquire(blocking=False):
            reason = f"the model {self.spec.name} hung and is being loaded again"
            raise TransientError(reason, "wait a few minutes; if it does not come back, restart the agent")
        try:
            self._left = [*(seat for seat in self._left if seat.busy.locked()), self._seat]
            if len(self._left) > MOST_LEFT:
                self._left.pop()
                raise TransientError(
                    f"the model {self.spec.name} still computes for {len(self._left) + 1} earlier pictures",
                    "restart the agent; if it comes back, choose a smaller detector or fewer cameras, or another "
                    "inference.delegate or detector.providers",
                )
            log.error("model %s hangs and was left; it is loaded again in its place", self.spec.name)
            self.restarted += 1
            seat = _Seat(self._open())
            seat.busy.acquire()
            self._seat = seat
            return seat
        finally:
            self._opening.release()
