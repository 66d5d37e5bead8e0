"""Waiting for what is ending, so that nothing is left behind by whoever is cancelled twice."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

log = logging.getLogger(__name__)


async def see_out(work: "asyncio.Future[Any]", *, within: float | None = None) -> None:
    """Waits until something is done, whatever it comes to, even where the caller is cancelled meanwhile.

    Args:
        work: what is ending: whoever owns it has asked it to.
        within: seconds after which it is waited for no longer; None for as long as it takes.

    Raises:
        CancelledError: the caller was cancelled; only once there is nothing more to wait for.
    """
    loop = asyncio.get_running_loop()
    until = None if within is None else loop.time() + within
    cancelled: asyncio.CancelledError | None = None
    while not work.done():
        left = None if until is None else until - loop.time()
        if left is not None and left <= 0:
            break
        try:
            await asyncio.wait([work], timeout=left)
        except asyncio.CancelledError as exc:
            cancelled = exc
    if cancelled is not None:
        raise cancelled


async def see_through(work: Callable[[], T]) -> T:
    """Runs what blocks in a thread and returns what it returns; a cancelled caller goes on only when it is over.

    ``asyncio.to_thread`` leaves the thread behind, beside whatever its cancelled caller does next with the same file.

    Raises:
        CancelledError: the caller was cancelled; what the work failed of by then is logged.
    """
    run = asyncio.create_task(asyncio.to_thread(work))
    try:
        await see_out(run)
    except asyncio.CancelledError:
        if not run.cancelled() and (error := run.exception()) is not None:
            log.warning("what was still done while its owner was ending failed: %s", error)
        raise
    return run.result()
