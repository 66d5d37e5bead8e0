"""The thread that computes, one per accelerator, shared fairly by the cameras."""

import asyncio
import contextlib
import logging
import queue
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias, TypeVar

from edge_agent.aio.clock import Clock
from edge_agent.aio.threads import own_thread
from edge_agent.errors import TransientError
from edge_agent.values.ids import CameraId

T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Job:
    """One request; all but ``work`` is touched by the loop only."""

    camera: CameraId
    work: Callable[[], Any]
    answer: asyncio.Future[Any]
    computed: asyncio.Event = field(default_factory=asyncio.Event)


_Jobs: TypeAlias = "queue.SimpleQueue[_Job | None]"
"""One job at most, or None: the thread should end."""


class Worker:
    """Computes for all cameras, one request after the other; each camera has at most one, so that the order is fair.

    Args:
        clock: measures.
        name: of the accelerator, for debuggers and fault reports.
        timeout: seconds for one computation; then its thread is given up and a new one takes its place.

    Attributes:
        done: how many requests were computed.
        hung: how many threads were given up.
        busy: seconds spent computing.
        latency: seconds from asking to the answer, of the last request.
    """

    def __init__(self, clock: Clock, *, name: str = "inference", timeout: float = 10.0) -> None:
        self.done = 0
        self.hung = 0
        self.busy = 0.0
        self.latency = 0.0
        self._clock = clock
        self._name = name
        self._timeout = timeout
        self._waiting: deque[_Job] = deque()
        self._asked = asyncio.Event()
        self._asking: set[CameraId] = set()

    async def run(self) -> None:
        """Computes what is submitted until it is cancelled; then the thread is waited for."""
        loop = asyncio.get_running_loop()
        while True:
            jobs: _Jobs = queue.SimpleQueue()
            thread = asyncio.create_task(
                own_thread(partial(self._compute, jobs, loop), name=self._name, grace=self._timeout / 2),
                name=f"{self._name} thread",
            )
            try:
                await self._hand_over(jobs)
            finally:
                jobs.put(None)
                thread.cancel()
                await asyncio.wait([thread])

    async def submit(self, camera: CameraId, work: Callable[[], T]) -> T:
        """Has the thread do ``work`` and returns what it returns, or raises what it raises.

        When the caller is cancelled a request that waits is withdrawn; the answer to one that is being computed is
        thrown away.

        Args:
            camera: who asks; a second request at the same time is an error of its code.
            work: blocks, and touches nothing that belongs to the loop.

        Raises:
            TransientError: it took too long.
        """
        if camera in self._asking:
            raise AssertionError(f"camera {camera} has a request in flight already")
        job = _Job(camera, work, asyncio.get_running_loop().create_future())
        asked = self._clock.monotonic()
        self._asking.add(camera)
        self._waiting.append(job)
        self._asked.set()
        try:
            answer: T = await job.answer
        finally:
            self._asking.discard(camera)
            with contextlib.suppress(ValueError):
                self._waiting.remove(job)
        self.latency = self._clock.monotonic() - asked
        return answer

    async def _hand_over(self, jobs: _Jobs) -> None:
        """Gives the thread one job at a time; returns when one hangs."""
        while True:
            while not self._waiting:
                self._asked.clear()
                await self._asked.wait()
            job = self._waiting.popleft()
            jobs.put(job)
            try:
                async with asyncio.timeout(self._timeout):
                    await job.computed.wait()
            except TimeoutError:
                self.hung += 1
                log.error("a computation for camera %s did not end within %s s", job.camera, self._timeout)
                remedy = "if it comes back, choose a smaller detector, or look whether the box is too hot"
                self._settle(job, None, TransientError(f"{self._name} took more than {self._timeout:g} s", remedy))
                return

    def _compute(self, jobs: _Jobs, loop: asyncio.AbstractEventLoop, _stop: threading.Event) -> None:
        """The thread: does one job after the other until it is handed None."""
        while (job := jobs.get()) is not None:
            begun = self._clock.monotonic()
            answer, error = None, None
            try:
                answer = job.work()
            except Exception as exc:  # noqa: BLE001 - carried over to whoever asked, whatever it is
                error = exc
            loop.call_soon_threadsafe(self._computed, job, self._clock.monotonic() - begun)
            loop.call_soon_threadsafe(self._settle, job, answer, error)

    def _computed(self, job: _Job, seconds: float) -> None:
        self.done += 1
        self.busy += seconds
        job.computed.set()

    @staticmethod
    def _settle(job: _Job, answer: object, error: Exception | None) -> None:
        if job.answer.done():
            return
        if error is not None:
            job.answer.set_exception(error)
        else:
            job.answer.set_result(answer)
