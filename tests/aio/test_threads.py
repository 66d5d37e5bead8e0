"""Threads and their owners."""

import asyncio
import threading

import pytest

from edge_agent.aio.threads import own_thread
from edge_agent.errors import TransientError


async def test_it_returns_what_the_work_returns_in_a_thread_of_that_name() -> None:
    assert await own_thread(lambda _: threading.current_thread().name, name="worker") == "worker"


async def test_it_raises_what_the_work_raises() -> None:
    def work(_: threading.Event) -> None:
        raise TransientError("it broke", "wait")

    with pytest.raises(TransientError, match="it broke"):
        await own_thread(work, name="worker")


async def test_a_cancelled_owner_waits_for_its_thread() -> None:
    begun, ended = threading.Event(), threading.Event()

    def work(stop: threading.Event) -> None:
        begun.set()
        stop.wait()
        ended.set()

    owner = asyncio.create_task(own_thread(work, name="worker"))
    await asyncio.to_thread(begun.wait)
    owner.cancel()
    with pytest.raises(asyncio.CancelledError):
        await owner
    assert ended.is_set()
    assert "worker" not in {thread.name for thread in threading.enumerate()}


async def test_an_owner_that_is_cancelled_twice_still_waits_for_its_thread() -> None:
    begun, asked, release, ended = (threading.Event() for _ in range(4))

    def work(stop: threading.Event) -> None:
        begun.set()
        stop.wait()
        asked.set()
        release.wait()
        ended.set()

    owner = asyncio.create_task(own_thread(work, name="worker"))
    await asyncio.to_thread(begun.wait)
    owner.cancel()
    await asyncio.to_thread(asked.wait)
    owner.cancel()
    asyncio.get_running_loop().call_later(0.05, release.set)
    with pytest.raises(asyncio.CancelledError):
        await owner
    assert ended.is_set()


async def test_a_thread_that_fails_while_ending_is_told(caplog: pytest.LogCaptureFixture) -> None:
    begun = threading.Event()

    def work(stop: threading.Event) -> None:
        begun.set()
        stop.wait()
        raise TransientError("it broke on the way out")

    owner = asyncio.create_task(own_thread(work, name="worker"))
    await asyncio.to_thread(begun.wait)
    owner.cancel()
    with pytest.raises(asyncio.CancelledError):
        await owner
    assert "it broke on the way out" in caplog.text


async def test_a_deaf_thread_is_given_up_with_a_fault(caplog: pytest.LogCaptureFixture) -> None:
    begun, release = threading.Event(), threading.Event()

    def work(_: threading.Event) -> None:
        begun.set()
        release.wait()

    owner = asyncio.create_task(own_thread(work, name="deaf", grace=0.01))
    await asyncio.to_thread(begun.wait)
    owner.cancel()
    with pytest.raises(asyncio.CancelledError):
        await owner
    assert "deaf did not end" in caplog.text
    release.set()
