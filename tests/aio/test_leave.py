"""Leaving when a signal asks for it."""

import asyncio
import os
import signal

import pytest

from edge_agent.aio.leave import run_until_signal
from edge_agent.errors import PermanentError


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
async def test_a_second_signal_does_not_cut_short_what_the_first_began(name: signal.Signals) -> None:
    heard = asyncio.Event()
    ended = False

    async def agent() -> None:
        nonlocal ended
        os.kill(os.getpid(), name)
        try:
            await asyncio.Event().wait()
        finally:
            asyncio.get_running_loop().call_later(0.1, heard.set)
            os.kill(os.getpid(), name)
            os.kill(os.getpid(), name)
            await heard.wait()
            ended = True

    await run_until_signal(agent())
    assert ended


async def test_what_ended_the_agent_comes_out_of_its_groups() -> None:
    async def agent() -> None:
        async with asyncio.TaskGroup() as outer:

            async def inner() -> None:
                async with asyncio.TaskGroup() as group:
                    group.create_task(fail())

            outer.create_task(inner())

    async def fail() -> None:
        raise PermanentError("it does not work", "mend it")

    with pytest.raises(PermanentError, match="it does not work"):
        await run_until_signal(agent())
