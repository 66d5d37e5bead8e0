"""Threads that a coroutine owns: it starts them, waits for them, and never leaves one behind unsaid."""

import asyncio
import concurrent.futures
import contextlib
import logging
import threading
from collections.abc import Callable
from typing import TypeVar

from edge_agent.aio.ending import see_out

T = TypeVar("T")

log = logging.getLogger(__name__)


async def own_thread(work: Callable[[threading.Event], T], *, name: str, grace: float = 5.0) -> T:
    """Runs blocking work in a thread of its own and returns what it returns, or raises what it raises.

    When the caller is cancelled the work is asked to stop and waited for; only then does the cancellation go on.

    Args:
        work: called with an event that is set when it should end; every blocking call in it needs a time-out.
        name: of the thread, for debuggers and fault reports.
        grace: seconds to wait for an asked-to-stop thread before it is given up with a logged fault.
    """
    stop = threading.Event()
    outcome: concurrent.futures.Future[T] = concurrent.futures.Future()
    outcome.set_running_or_notify_cancel()

    def body() -> None:
        try:
            outcome.set_result(work(stop))
        except BaseException as exc:  # noqa: BLE001 - carried over to the owner, whatever it is
            outcome.set_exception(exc)

    thread = threading.Thread(target=body, name=name, daemon=True)
    thread.start()
    done = asyncio.wrap_future(outcome)
    try:
        return await asyncio.shield(done)
    except asyncio.CancelledError:
        stop.set()
        with contextlib.suppress(asyncio.CancelledError):  # cancelled once more: the first one goes on below
            await see_out(done, within=grace)
        if not done.done():
            log.error("thread %s did not end within %s s and was given up", name, grace)
        elif (error := done.exception()) is not None:
            log.warning("thread %s failed while it was ending: %s", name, error)
        raise
    finally:
        if done.done():
            thread.join()
