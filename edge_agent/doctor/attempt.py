"""One look at one part: whatever stops it becomes a finding."""

import asyncio
from collections.abc import Awaitable

from edge_agent.doctor import Finding, State
from edge_agent.errors import PermanentError, TransientError

PATIENCE = 30.0
"""Seconds for one part; every part has shorter time-outs of its own, this one is for what hangs all the same."""


async def attempt(part: str, look: Awaitable[Finding | str]) -> Finding:
    """Returns what a look found; a text means that all is well, an ``AgentError`` what is wrong and the remedy."""
    try:
        async with asyncio.timeout(PATIENCE):
            found = await look
    except TimeoutError:
        return Finding(part, State.WRONG, f"no answer within {PATIENCE:g} s", "restart it, and look at its network")
    except (TransientError, PermanentError) as exc:
        return Finding(part, State.WRONG, exc.reason, exc.remedy)
    return found if isinstance(found, Finding) else Finding(part, State.OK, found)
