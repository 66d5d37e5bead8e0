"""A runtime that hangs in native code, as an accelerator does whose driver lost it."""

import asyncio
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.aio.clock import SystemClock
from edge_agent.errors import TransientError
from edge_agent.inference.litert import open_interpreter
from edge_agent.inference.manifest import read_manifest
from edge_agent.inference.model import MOST_LEFT, Compute, Model, Tensors
from edge_agent.inference.worker import Worker
from edge_agent.values.ids import CameraId

MODELS = Path(__file__).parents[2] / "models"
SPEC = read_manifest(MODELS)["face-blazeface-short-128"]
NORTH = CameraId("north")


class Runtime:
    """LiteRT, whose computations wait in a system call without end while it is told to hang."""

    def __init__(self) -> None:
        self.pipe = os.pipe()
        self.entered = threading.Semaphore(0)
        self.hangs = False

    def open(self) -> Compute:
        real = open_interpreter((MODELS / SPEC.file).read_bytes(), threads=1)

        def compute(inputs: Tensors) -> Tensors:
            if self.hangs:
                self.entered.release()
                os.read(self.pipe[0], 1)
            return real(inputs)

        return compute

    def let_go(self, threads: int) -> None:
        os.write(self.pipe[1], bytes(threads))


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    made = Runtime()
    yield made
    for end in made.pipe:
        os.close(end)


def picture(seed: int = 1) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=SPEC.input.shape).astype(np.float32)


async def test_a_hung_interpreter_is_left_and_the_next_picture_is_understood(runtime: Runtime) -> None:
    model = await asyncio.to_thread(Model, SPEC, runtime.open)
    expected = model.run(picture())
    worker = Worker(SystemClock(), timeout=0.2)
    task = asyncio.create_task(worker.run())
    runtime.hangs = True
    with pytest.raises(TransientError, match=r"more than 0\.2 s"):
        await worker.submit(NORTH, lambda: model.run(picture(2)))
    runtime.hangs = False
    answer = await worker.submit(NORTH, lambda: model.run(picture()))
    for one, other in zip(answer, expected, strict=True):
        np.testing.assert_array_equal(one, other)
    assert (worker.hung, model.restarted) == (1, 1)
    runtime.let_go(1)
    assert len(await worker.submit(NORTH, lambda: model.run(picture()))) == 2
    assert model.restarted == 1
    task.cancel()
    await asyncio.wait([task])


def test_so_many_may_hang_and_no_more(runtime: Runtime) -> None:
    model = Model(SPEC, runtime.open)
    runtime.hangs = True
    stuck = [threading.Thread(target=model.run, args=(picture(),)) for _ in range(MOST_LEFT + 1)]
    for thread in stuck:
        thread.start()
        assert runtime.entered.acquire(timeout=10)
    with pytest.raises(TransientError, match=r"4 earlier pictures.*restart the agent"):
        model.run(picture())
    assert model.restarted == MOST_LEFT
    runtime.hangs = False
    runtime.let_go(MOST_LEFT + 1)
    for thread in stuck:
        thread.join(10)
    assert len(model.run(picture())) == 2
    assert model.restarted == MOST_LEFT


def test_it_is_loaded_again_once_at_a_time_however_long_that_takes() -> None:
    hung, entered, loading, go_on = (threading.Event() for _ in range(4))
    loaded: list[Compute] = []

    def slow(_: Tensors) -> Tensors:
        if hung.is_set():
            entered.set()
            assert go_on.wait(10)
        return ()

    def open_() -> Compute:
        if loaded:
            loading.set()
            assert go_on.wait(10)
            return lambda _: (picture(),)
        loaded.append(slow)
        return slow

    model = Model(SPEC, open_)
    hung.set()
    given_up = [threading.Thread(target=model.run, args=(picture(),)) for _ in range(2)]
    given_up[0].start()
    assert entered.wait(10)
    given_up[1].start()
    assert loading.wait(10)
    with pytest.raises(TransientError, match=r"is being loaded again.*wait"):
        model.run(picture())
    go_on.set()
    for thread in given_up:
        thread.join(10)
    assert len(model.run(picture())) == 1
    assert model.restarted == 1
