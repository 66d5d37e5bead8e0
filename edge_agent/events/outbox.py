"""Durable outbox: an event is on disk before anybody is told of it, and leaves when the broker has acknowledged it."""

import asyncio
import queue
import threading
from collections import deque
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeAlias, TypeVar
from uuid import uuid4

from edge_agent.aio.clock import Clock
from edge_agent.aio.threads import own_thread
from edge_agent.errors import TransientError
from edge_agent.events.ledger import Ledger
from edge_agent.events.replay import Replayed, Wanted
from edge_agent.events.settings import OutboxSettings
from edge_agent.events.store import Entry, Place
from edge_agent.values.event import Event
from edge_agent.values.ids import AgentId

__all__ = ["Entry", "Outbox", "OutboxSettings", "Place"]

_WAITING = 256  # puts that wait for the disk at once; they share commits, and who comes later waits for room
_LOOK_UP = 0.2  # seconds until the idle thread looks whether it should end

T = TypeVar("T")


class _Put(NamedTuple):
    """An event to be written; all that wait are written in one commit."""

    event: Event
    answer: asyncio.Future[int]


class _Read(NamedTuple):
    """Entries wanted."""

    after: Place
    limit: int
    answer: asyncio.Future[list[Entry]]


class _Again(NamedTuple):
    """Delivered events wanted once more."""

    wanted: Wanted
    answer: asyncio.Future[Replayed]


_Request: TypeAlias = _Put | _Read | _Again


class Outbox:
    """Keeps events until the broker has them; everything that blocks happens in one thread, which ``run`` owns.

    Args:
        path: the database's file; its folder is made.
        agent: whose events these are.
        limits: how much may wait.
        clock: for stamps.

    Attributes:
        boot: names this run of the agent; with the sequence number it tells consumers what they miss.
        limits: how much may wait.
    """

    def __init__(self, path: Path, *, agent: AgentId, limits: OutboxSettings, clock: Clock) -> None:
        self.boot = uuid4().hex[:12]
        self.limits = limits
        self._begin = partial(Ledger, path, agent=agent, boot=self.boot, limits=limits, clock=clock)
        self._ledger: Ledger | None = None
        self._depth = 0  # the thread's count, told between its commits: within one rows and acknowledgements disagree
        self._requests: queue.SimpleQueue[_Request] = queue.SimpleQueue()
        # Acknowledgements wait here until the thread comes by: waking it for each would cost more than all the rest.
        self._acknowledged: deque[int] = deque()
        self._room = asyncio.Semaphore(_WAITING)
        self._news = asyncio.Event()
        self._closed = False

    @property
    def depth(self) -> int:
        """How many events wait for the broker."""
        return max(0, self._depth - len(self._acknowledged))

    @property
    def size(self) -> int:
        """Bytes that they take, about."""
        return self._ledger.size if self._ledger else 0

    @property
    def dropped(self) -> int:
        """How many events were dropped in this run because a bound was reached."""
        return self._ledger.dropped if self._ledger else 0

    @property
    def commits(self) -> int:
        """How often the disk was written in this run."""
        return self._ledger.commits if self._ledger else 0

    @property
    def trouble(self) -> str:
        """Why events wait in memory instead of on disk; empty when all is well."""
        return self._ledger.trouble if self._ledger else ""

    async def run(self) -> None:
        """Serves until it is cancelled; then finishes what waits and leaves one whole file.

        Cancel it last: what others want to tell after it is refused.
        """
        try:
            await own_thread(partial(self._work, asyncio.get_running_loop()), name="outbox")
        finally:
            self._closed = True
            self._refuse_what_is_left()

    async def put(self, event: Event) -> int:
        """Returns an event's sequence number once it is durable.

        Raises:
            TransientError: when the outbox has been closed.
            ValueError: if a number in the event is not finite, which JSON cannot say.
        """
        async with self._room:
            answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
            self._ask(_Put(event, answer))
            return await answer

    async def replay(self, wanted: Wanted) -> Replayed:
        """Lets delivered events that are still kept be sent again, with their id and data, behind what waits.

        Raises:
            TransientError: when the disk refuses, too much waits already, or the outbox has been closed.
        """
        answer: asyncio.Future[Replayed] = asyncio.get_running_loop().create_future()
        self._ask(_Again(wanted, answer))
        return await answer

    async def batch(self, after: Place, limit: int) -> list[Entry]:
        """Waits for entries beyond a place and returns the next of them, alarms first; for one reader.

        Args:
            after: behind the last entries that the reader has, ``Place()`` to begin with the oldest not acknowledged.
            limit: most entries wanted, at least one.
        """
        while True:
            self._news.clear()
            answer: asyncio.Future[list[Entry]] = asyncio.get_running_loop().create_future()
            self._ask(_Read(after, limit, answer))
            if found := await answer:
                return found
            await self._news.wait()

    def done(self, position: int) -> None:
        """Notes that the broker has an entry and its snapshot; it leaves the disk with a later commit."""
        if not self._closed:
            self._acknowledged.append(position)

    def _ask(self, request: _Request) -> None:
        if self._closed:
            raise _closed()
        self._requests.put(request)

    def _work(self, loop: asyncio.AbstractEventLoop, stop: threading.Event) -> None:
        ledger = self._ledger = self._begin()
        ledger.open()
        self._depth = ledger.depth
        while True:
            ending = stop.is_set()
            last = ledger.position
            self._serve(loop, ledger, self._waiting())
            if ending:
                break
            ledger.tidy()
            self._depth = ledger.depth
            if ledger.position != last:
                loop.call_soon_threadsafe(self._news.set)
        ledger.close()

    def _waiting(self) -> list[_Request]:
        """Blocks for a moment until there are requests and returns all of them."""
        found: list[_Request] = []
        try:
            found.append(self._requests.get(timeout=_LOOK_UP))
            while True:
                found.append(self._requests.get_nowait())
        except queue.Empty:
            return found

    def _serve(self, loop: asyncio.AbstractEventLoop, ledger: Ledger, requests: list[_Request]) -> None:
        ledger.forget([self._acknowledged.popleft() for _ in range(len(self._acknowledged))])
        self._depth = ledger.depth
        if puts := [request for request in requests if isinstance(request, _Put)]:
            entries, answers = [], []
            for put in puts:
                try:
                    entries.append(ledger.number(put.event))
                except ValueError as exc:
                    loop.call_soon_threadsafe(_refuse, put.answer, exc)
                else:
                    answers.append(put.answer)
            ledger.write(entries)
            self._depth = ledger.depth
            loop.call_soon_threadsafe(
                _settle, [(answer, entry.sequence) for answer, entry in zip(answers, entries, strict=True)]
            )
        for request in requests:
            if isinstance(request, _Again):
                try:
                    replayed = ledger.replay(request.wanted)
                    self._depth = ledger.depth
                except TransientError as exc:
                    loop.call_soon_threadsafe(_refuse, request.answer, exc)
                else:
                    loop.call_soon_threadsafe(_settle, [(request.answer, replayed)])
            elif isinstance(request, _Read):
                entries = ledger.after(request.after, request.limit)
                loop.call_soon_threadsafe(_settle, [(request.answer, entries)])

    def _refuse_what_is_left(self) -> None:
        while True:
            try:
                request = self._requests.get_nowait()
            except queue.Empty:
                return
            _refuse(request.answer, _closed())


def _closed() -> TransientError:
    return TransientError("the outbox is closed", "the agent is ending; start it again")


def _settle(answers: Iterable[tuple[asyncio.Future[T], T]]) -> None:
    for answer, value in answers:
        if not answer.done():  # whoever asked may have been cancelled
            answer.set_result(value)


def _refuse(
    answer: asyncio.Future[int] | asyncio.Future[list[Entry]] | asyncio.Future[Replayed], exc: Exception
) -> None:
    if not answer.done():
        answer.set_exception(exc)
