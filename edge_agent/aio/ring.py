"""A bounded memory of keyed items that many readers follow, each at its own pace and with its own losses."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Generic, Protocol, TypeVar

from edge_agent.values.time import Monotonic


class Keyed(Protocol):
    """What a ring may hold: reading can start only at an item that is ``key``."""

    @property
    def key(self) -> bool:
        """Whether a reader can start here."""
        ...

    @property
    def arrived(self) -> Monotonic:
        """When it came."""
        ...

    @property
    def size(self) -> int:
        """Bytes."""
        ...


T = TypeVar("T", bound=Keyed)

Rouse = Callable[[], None]
"""Wakes a reader that sleeps; must not raise, since others sleep beside it."""


class Ring(Generic[T]):
    """Keeps the newest items, always from a key item on; one writer thread, any number of readers.

    Items are shared, never copied. Old groups (a key item and what follows it) are forgotten whole, as soon as what
    remains still spans ``seconds``; a single group larger than ``limit`` bytes is given up until the next key item.

    Args:
        seconds: how far back the ring remembers at least, given room.
        limit: bytes that it holds at most.
    """

    def __init__(self, *, seconds: float, limit: int) -> None:
        self._seconds = seconds
        self._limit = limit
        self._changed = threading.Condition()
        self._items: deque[T] = deque()
        self._first = 0
        self._bytes = 0
        self._keys: deque[int] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sleepers: set[Rouse] = set()

    def append(self, item: T) -> None:
        """Adds the newest item; callable from any thread. Items before the first key item are not kept."""
        with self._changed:
            if not self._items and not item.key:
                return
            if item.key:
                self._keys.append(self._first + len(self._items))
            self._items.append(item)
            self._bytes += item.size
            self._trim()
            self._wake()

    def clear(self) -> None:
        """Forgets everything, so that nobody starts with a picture from before an interruption."""
        with self._changed:
            self._forget(len(self._items))

    def reader(self, *, lag: float) -> "Reader[T]":
        """Returns a reader that starts at the newest key item.

        Args:
            lag: seconds that it may fall behind before it skips to a newer key item, where there is one.
        """
        with self._changed:
            return Reader(self, self._keys[-1] if self._keys else self._first + len(self._items), lag)

    def _trim(self) -> None:
        newest = self._items[-1].arrived
        while len(self._keys) > 1 and (
            self._bytes > self._limit or newest - self._items[self._keys[1] - self._first].arrived >= self._seconds
        ):
            self._forget(self._keys[1] - self._first)
        if self._bytes > self._limit:
            self._forget(len(self._items))

    def _forget(self, count: int) -> None:
        for _ in range(count):
            self._bytes -= self._items.popleft().size
        self._first += count
        while self._keys and self._keys[0] < self._first:
            self._keys.popleft()

    def _wake(self) -> None:
        self._changed.notify_all()
        if self._sleepers and self._loop is not None:
            sleepers, self._sleepers = self._sleepers, set()
            self._loop.call_soon_threadsafe(_wake_all, sleepers)


class Reader(Generic[T]):
    """One reader's place in a ring; used by one thread or one coroutine, made by ``Ring.reader``.

    Attributes:
        skipped: how many items it lost because it was too slow or the ring forgot them.
    """

    def __init__(self, ring: Ring[T], position: int, lag: float) -> None:
        self.skipped = 0
        self._ring = ring
        self._next = position
        self._lag = lag

    def take(self, timeout: float) -> T | None:
        """Blocks until there is an item and returns it, or None after ``timeout`` seconds. For threads."""
        with self._ring._changed:  # noqa: SLF001 - a reader is the ring's other half
            # Waits on where an item was taken and trimmed at once: it is not this reader's then.
            return self._ring._changed.wait_for(self._advance, timeout)  # noqa: SLF001

    async def get(self) -> T:
        """Waits for the next item. For coroutines."""
        while True:
            roused = asyncio.Event()
            item = self.poll(roused.set)
            if item is not None:
                return item
            try:
                await roused.wait()
            finally:
                self.forget(roused.set)

    def poll(self, rouse: Rouse) -> T | None:
        """Returns the next item, or None and calls ``rouse`` once on the loop when there may be one.

        Who does not wait for it any more takes it back with ``forget``.
        """
        ring = self._ring
        with ring._changed:  # noqa: SLF001
            item = self._advance()
            if item is None:
                ring._loop = asyncio.get_running_loop()  # noqa: SLF001
                ring._sleepers.add(rouse)  # noqa: SLF001
            return item

    def forget(self, rouse: Rouse) -> None:
        """Takes back what ``poll`` was given: who gave up while a camera was away leaves no trace of each try."""
        with self._ring._changed:  # noqa: SLF001
            self._ring._sleepers.discard(rouse)  # noqa: SLF001

    @property
    def waiting(self) -> int:
        """Bytes that have come and were not taken."""
        ring = self._ring
        with ring._changed:  # noqa: SLF001
            begin = max(self._next - ring._first, 0)  # noqa: SLF001
            return sum(item.size for item in islice(ring._items, begin, None))  # noqa: SLF001

    def _behind(self) -> float:
        ring = self._ring
        index = max(self._next - ring._first, 0)  # noqa: SLF001
        items = ring._items  # noqa: SLF001
        return items[-1].arrived - items[index].arrived if index < len(items) else 0.0

    def _advance(self) -> T | None:
        ring = self._ring
        newest_key = ring._keys[-1] if ring._keys else None  # noqa: SLF001
        lost = self._next < ring._first  # noqa: SLF001
        if newest_key is None:
            target = ring._first if lost else self._next  # noqa: SLF001
        elif lost or (self._next < newest_key and self._behind() > self._lag):
            target = newest_key
        else:
            target = self._next
        self.skipped += target - self._next
        self._next = target
        index = target - ring._first  # noqa: SLF001
        if index >= len(ring._items):  # noqa: SLF001
            return None
        self._next += 1
        return ring._items[index]  # noqa: SLF001


def _wake_all(sleepers: set[Rouse]) -> None:
    for rouse in sleepers:
        rouse()
