"""A place for one item: the newest replaces the unread."""

import asyncio
from typing import Generic, TypeVar

T = TypeVar("T")


class Latest(Generic[T]):
    """Hands the newest item from any thread to one coroutine; nothing queues up.

    Attributes:
        replaced: how many items were never read.
    """

    def __init__(self) -> None:
        self.replaced = 0
        self._loop = asyncio.get_running_loop()
        self._item: T | None = None
        self._there = asyncio.Event()

    def put(self, item: T) -> None:
        """Leaves an item; callable from any thread, never blocks."""
        self._loop.call_soon_threadsafe(self._place, item)

    async def get(self) -> T:
        """Waits for an item that was not read yet and takes it."""
        await self._there.wait()
        self._there.clear()
        item, self._item = self._item, None
        if item is None:
            raise AssertionError("Latest.get has one reader only")
        return item

    def _place(self, item: T) -> None:
        self.replaced += self._item is not None
        self._item = item
        self._there.set()
