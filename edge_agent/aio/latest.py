"""A place for one item: the newest replaces the unread."""

import asyncio
import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Latest(Generic[T]):
    """Hands the newest item from any thread to one coroutine; nothing queues up, not even while the loop is busy.

    Attributes:
        replaced: how many items were never read.
    """

    def __init__(self) -> None:
        self.replaced = 0
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._item: T | None = None
        self._there = asyncio.Event()

    def put(self, item: T) -> None:
        """Leaves an item; callable from any thread, never blocks."""
        with self._lock:
            unread, self._item = self._item is not None, item
            self.replaced += unread
        if not unread:
            self._loop.call_soon_threadsafe(self._there.set)

    async def get(self) -> T:
        """Waits for an item that was not read yet and takes it."""
        while True:
            with self._lock:
                item, self._item = self._item, None
                self._there.clear()
            if item is not None:
                return item
            await self._there.wait()
