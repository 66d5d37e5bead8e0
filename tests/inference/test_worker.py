import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator

import pytest

from edge_agent.aio.clock import SystemClock
from edge_agent.errors import TransientError
from edge_agent.inference.worker import Worker
from edge_agent.values.ids import CameraId

NORTH, SOUTH, EAST = CameraId("north"), CameraId("south"), CameraId("east")


@contextlib.asynccontextmanager
async def running(worker: Worker) -> AsyncIterator[None]:
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


class Held:
    """Work that ends when it is let go."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.let_go = threading.Event()

    def __call__(self) -> str:
        self.begun.set()
        assert self.let_go.wait(10)
        return "held"

    async def wait(self) -> None:
        assert await asyncio.to_thread(self.begun.wait, 10)


async def test_answers_come_from_one_thread_that_is_not_the_loops() -> None:
    worker = Worker(SystemClock())
    async with running(worker):
        threads = {await worker.submit(NORTH, threading.get_ident) for _ in range(3)}
    assert len(threads) == 1
    assert threads != {threading.get_ident()}
    assert worker.done == 3
    assert 0 <= worker.busy < 5
    assert 0 < worker.latency < 5


async def test_what_work_raises_reaches_the_asker_and_nobody_else() -> None:
    worker = Worker(SystemClock())
    async with running(worker):
        with pytest.raises(ZeroDivisionError):
            await worker.submit(NORTH, lambda: 1 // 0)
        assert await worker.submit(NORTH, lambda: 2) == 2


async def test_cameras_take_turns_however_eager_one_is() -> None:
    worker = Worker(SystemClock())
    order: list[CameraId] = []

    async def ask(camera: CameraId, times: int) -> None:
        for _ in range(times):
            await worker.submit(camera, lambda: order.append(camera))

    held = Held()
    async with running(worker), asyncio.TaskGroup() as group:
        group.create_task(worker.submit(EAST, held))
        await held.wait()
        for camera in (NORTH, SOUTH):
            group.create_task(ask(camera, 4))
        await asyncio.sleep(0)
        held.let_go.set()
    assert order == [NORTH, SOUTH] * 4


async def test_a_camera_asks_once_at_a_time() -> None:
    worker = Worker(SystemClock())
    held = Held()
    async with running(worker), asyncio.TaskGroup() as group:
        group.create_task(worker.submit(NORTH, held))
        await held.wait()
        with pytest.raises(AssertionError, match="north has a request in flight"):
            await worker.submit(NORTH, lambda: None)
        held.let_go.set()


async def test_a_cancelled_request_that_waits_is_never_computed() -> None:
    worker = Worker(SystemClock())
    held, ran = Held(), threading.Event()
    async with running(worker), asyncio.TaskGroup() as group:
        group.create_task(worker.submit(NORTH, held))
        await held.wait()
        gone = group.create_task(worker.submit(SOUTH, ran.set))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.wait([gone])
        held.let_go.set()
        assert await worker.submit(SOUTH, lambda: "back") == "back"
    assert not ran.is_set()


async def test_a_camera_that_went_while_it_was_computed_for_may_come_back() -> None:
    worker = Worker(SystemClock())
    held = Held()
    async with running(worker):
        gone = asyncio.create_task(worker.submit(NORTH, held))
        await held.wait()
        gone.cancel()
        await asyncio.wait([gone])
        back = asyncio.create_task(worker.submit(NORTH, lambda: "back"))
        await asyncio.sleep(0)
        held.let_go.set()
        assert await back == "back"


async def test_a_hung_thread_is_replaced_and_only_its_asker_fails(caplog: pytest.LogCaptureFixture) -> None:
    worker = Worker(SystemClock(), timeout=0.05)
    held = Held()
    with caplog.at_level(logging.ERROR):
        async with running(worker), asyncio.TaskGroup() as group:
            hung = group.create_task(_failure(worker, held))
            await held.wait()
            waiting = group.create_task(worker.submit(SOUTH, threading.get_ident))
            assert "more than 0.05 s" in str(await hung)
            assert await waiting != 0
            held.let_go.set()
    assert worker.hung == 1
    assert worker.done >= 1
    assert "camera north did not end" in caplog.text


async def _failure(worker: Worker, held: Held) -> TransientError:
    with pytest.raises(TransientError) as caught:
        await worker.submit(NORTH, held)
    return caught.value


async def test_ending_waits_for_what_is_being_computed() -> None:
    worker = Worker(SystemClock())
    held = Held()
    task = asyncio.create_task(worker.run())
    asking = asyncio.create_task(worker.submit(NORTH, held))
    await held.wait()
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    held.let_go.set()
    await asyncio.wait([task])
    asking.cancel()
    await asyncio.wait([asking])
