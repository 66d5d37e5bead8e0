"""Leaving in order when a signal asks for it, and at once when something refuses to."""

import asyncio
import logging
import signal
from collections.abc import Coroutine

from edge_agent.errors import AgentError

DEADLINE = 5.0
"""Seconds from the signal until the process is gone, one way or the other."""

log = logging.getLogger(__name__)


async def run_until_signal(agent: Coroutine[object, object, None]) -> None:
    """Runs the agent until SIGTERM or SIGINT, then gives it ``DEADLINE`` seconds to leave in order.

    Raises:
        AgentError: the one that ended the agent, out of whatever group of tasks it came.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(agent)
    asked = False

    def leave() -> None:
        nonlocal asked
        if asked:
            return  # an impatient second Ctrl-C must not cut short what is being put in order
        asked = True
        task.cancel()
        loop.call_later(DEADLINE, _give_up)

    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, leave)
    try:
        await task
    except asyncio.CancelledError:
        if not asked:
            raise
    except BaseExceptionGroup as group:
        raise _first(group) from group


def _give_up() -> None:
    """Leaves at once: something ignored its cancellation, and whoever asked us to stop waits no longer."""
    log.critical(
        "the agent did not end within %s s and leaves now; tasks: %s",
        DEADLINE,
        sorted(t.get_name() for t in asyncio.all_tasks()),
    )
    signal.raise_signal(signal.SIGKILL)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Returns the error that a person can do something about, if there is one."""
    matching, _ = group.split(AgentError)
    found: BaseException | None = matching
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found or group
