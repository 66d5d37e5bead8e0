"""Trying again, in fake time."""

import asyncio
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.aio.restart import Backoff, forever
from edge_agent.errors import PermanentError, TransientError

BACKOFF = Backoff(first=1.0, most=30.0, healthy=20.0)


@given(failures=st.integers(0, 10_000), seed=st.integers())
def test_waits_double_with_jitter_up_to_the_longest(failures: int, seed: int) -> None:
    ceiling = min(30.0, 2.0 ** min(failures, 30))
    assert ceiling / 2 <= BACKOFF.wait(failures, random.Random(seed)) <= ceiling  # noqa: S311 - no secret


class Subject:
    """A thing that fails as a test says, and what was told of it."""

    def __init__(self, *runs: Callable[[], Exception | None], lasting: float = 0.0) -> None:
        self.waits: list[float] = []
        self._runs = iter(runs)
        self._lasting = lasting

    async def once(self) -> None:
        await asyncio.sleep(self._lasting)
        outcome = next(self._runs, None)
        if outcome is None:
            raise LookupError("the script has ended")
        error = outcome()
        if error is not None:
            raise error

    async def play(self) -> list[float]:
        with pytest.raises(LookupError):
            await forever(
                self.once,
                failed=lambda _, wait: self.waits.append(wait),
                backoff=BACKOFF,
                rng=random.Random(1),  # noqa: S311 - no secret
            )
        return self.waits


def away() -> Exception:
    return TransientError("it is away")


def wrong() -> Exception:
    return PermanentError("it is wrong", "mend it")


@pytest.mark.looptime
async def test_failures_in_a_row_wait_ever_longer() -> None:
    waits = await Subject(away, away, away, away).play()
    assert all(2**n / 2 <= wait <= 2**n for n, wait in enumerate(waits))


@pytest.mark.looptime
async def test_a_permanent_failure_waits_longest_but_is_tried_again() -> None:
    assert all(22.5 <= wait <= 30 for wait in await Subject(wrong, wrong).play())


@pytest.mark.looptime
async def test_a_healthy_run_forgives_the_failures_before_it() -> None:
    waits = await Subject(away, away, away, lasting=25.0).play()
    assert all(wait <= 1 for wait in waits)


@pytest.mark.looptime
async def test_a_run_that_just_ends_is_begun_again() -> None:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    assert await Subject(lambda: None, lambda: None).play() == []
    assert 1 <= loop.time() - begun <= 2


@pytest.mark.looptime
async def test_a_fault_of_ours_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        await Subject(ZeroDivisionError).play()


async def test_a_cancellation_that_a_task_group_swallowed_still_ends_it() -> None:
    """Until Python 3.13 a TaskGroup that ends with an error loses a cancellation that comes meanwhile."""
    tried = 0

    async def once() -> None:
        nonlocal tried
        tried += 1
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise TransientError("it failed while it was ending") from None

    running = asyncio.create_task(forever(once, failed=lambda *_: None, backoff=BACKOFF, rng=random.Random(1)))  # noqa: S311
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait([running], timeout=5)
    assert running.cancelled()
    assert tried == 1


async def test_whoever_is_cancelled_twice_leaves_no_run_behind() -> None:
    ending, may_end = asyncio.Event(), asyncio.Event()

    async def once() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ending.set()
            await may_end.wait()

    running = asyncio.create_task(forever(once, failed=lambda *_: None, backoff=BACKOFF, rng=random.Random(1)))  # noqa: S311
    await asyncio.sleep(0)
    running.cancel()
    await ending.wait()
    running.cancel()
    await asyncio.sleep(0)
    assert not running.done()
    may_end.set()
    await asyncio.wait([running], timeout=5)
    assert running.cancelled()
