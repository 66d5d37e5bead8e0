"""Trying again for ever, ever less eagerly, never in step with the neighbours."""

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from edge_agent.aio.ending import see_out
from edge_agent.errors import PermanentError, TransientError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before the next try.

    Attributes:
        first: seconds after the first failure.
        most: seconds that no wait exceeds.
        healthy: a run that lasted this many seconds forgives the failures before it.
        jitter: share of a wait that is random; 1 spreads many who begin to wait in the same moment best.
    """

    first: float = 1.0
    most: float = 30.0
    healthy: float = 20.0
    jitter: float = 0.5

    def wait(self, failures: int, rng: random.Random) -> float:
        """Returns doubled and jittered seconds, at most ``first * 2 ** failures`` and ``most``."""
        ceiling = min(self.most, self.first * 2.0 ** min(failures, 30))
        return ceiling * rng.uniform(1.0 - self.jitter, 1.0)

    def longest(self, rng: random.Random) -> float:
        """Returns seconds for what stays wrong until it is mended; jittered, neighbours are often wrong together."""
        return self.most * rng.uniform(1.0 - self.jitter / 2, 1.0)


async def forever(
    once: Callable[[], Awaitable[None]],
    *,
    failed: Callable[[TransientError | PermanentError, float], None],
    backoff: Backoff,
    rng: random.Random,
) -> None:
    """Runs ``once`` again and again; returns never.

    A ``TransientError`` is tried again after the back-off, a ``PermanentError`` after its longest wait: somebody may
    have mended the camera without telling us. Anything else is a fault of ours and ends the owner's TaskGroup.

    Args:
        once: one run; an ordinary return counts as a run that ended and is begun again.
        failed: told of every failure and the seconds until the next try.
        backoff: how long to wait.
        rng: for the jitter.
    """
    loop = asyncio.get_running_loop()
    failures = 0
    while True:
        begun = loop.time()
        wait = backoff.wait(0, rng)
        try:
            await _apart(once)
        except (TransientError, PermanentError) as exc:
            if loop.time() - begun >= backoff.healthy:
                failures = 0
            wait = backoff.longest(rng) if isinstance(exc, PermanentError) else backoff.wait(failures, rng)
            failures += 1
            failed(exc, wait)
        else:
            failures = 0
        await asyncio.sleep(wait)


async def _apart(once: Callable[[], Awaitable[None]]) -> None:
    """Runs it in a task of its own, so that a cancellation of ours ends us whatever it does with one of its own.

    Until Python 3.13 a TaskGroup that is ending with an error swallows a cancellation that comes meanwhile.
    """
    run = asyncio.ensure_future(once())
    try:
        await asyncio.wait([run])
    except asyncio.CancelledError:
        run.cancel()
        # Cancelled again meanwhile, as when all ends while the last viewer leaves: still nothing is left behind.
        with contextlib.suppress(asyncio.CancelledError):
            await see_out(run)
        if not run.cancelled() and (error := run.exception()) is not None:
            log.debug("a run failed while it was ending: %s", error)
        raise
    run.result()
