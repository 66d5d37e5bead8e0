"""What is ending is waited for, however often its owner is cancelled."""

import asyncio
import threading
import time

import pytest

from edge_agent.aio.ending import see_through


async def test_what_blocks_is_over_before_its_cancelled_owner_goes_on() -> None:
    begun, done = threading.Event(), []

    def work() -> None:
        begun.set()
        time.sleep(0.1)
        done.append("written")

    owner = asyncio.create_task(see_through(work))
    assert await asyncio.to_thread(begun.wait, 5)
    owner.cancel()
    await asyncio.sleep(0)
    owner.cancel()
    with pytest.raises(asyncio.CancelledError):
        await owner
    assert done == ["written"]


async def test_its_result_and_its_error_are_the_callers(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise OSError("the disk is full")

    assert await see_through(lambda: 7) == 7
    with pytest.raises(OSError, match="the disk is full"):
        await see_through(fail)
    assert not caplog.records


async def test_an_error_that_nobody_is_left_for_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    begun = threading.Event()

    def fail() -> None:
        begun.set()
        time.sleep(0.05)
        raise OSError("the disk is full")

    owner = asyncio.create_task(see_through(fail))
    assert await asyncio.to_thread(begun.wait, 5)
    owner.cancel()
    with pytest.raises(asyncio.CancelledError):
        await owner
    assert "the disk is full" in caplog.text
