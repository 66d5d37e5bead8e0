"""Layers of tasks: what a block needs runs beside it, and ends after it."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager


@asynccontextmanager
async def background(**tasks: Coroutine[object, object, object]) -> AsyncIterator[None]:
    """Runs coroutines for as long as the block runs; nested blocks end in the reverse of the order they began in.

    When the block ends the coroutines are cancelled and waited for. When one of them fails the block is cancelled and
    the failure comes out in an ``ExceptionGroup``.

    Args:
        tasks: coroutines by the name of their task.
    """
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(coroutine, name=name) for name, coroutine in tasks.items()]
        yield
        for task in running:
            task.cancel()
