"""What tests of capturing share: reading a source in a thread of its own, as the agent does."""

import asyncio
import random
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import islice

from edge_agent.aio.clock import SystemClock
from edge_agent.aio.restart import Backoff
from edge_agent.aio.ring import Ring
from edge_agent.aio.threads import own_thread
from edge_agent.capture.sources import Source
from edge_agent.capture.stream import Capture
from edge_agent.values.event import CameraState, CameraStatus
from edge_agent.values.packet import Packet

DEADLINE = 20.0
"""Seconds: a machine that tests is busy, and a test that fails may take its time."""


async def read(source: Source, count: int) -> list[Packet]:
    """Returns a source's first packets."""

    def work(stop: threading.Event) -> list[Packet]:
        return list(islice(source.packets(stop), count))

    async with asyncio.timeout(DEADLINE):
        return await own_thread(work, name="read")


class Watched:
    """A running capture and what it told.

    Attributes:
        capture: the subject.
        ring: where its packets go.
        told: every status so far.
    """

    def __init__(self, source: Source, stall: float) -> None:
        self.ring: Ring[Packet] = Ring(seconds=5, limit=10_000_000)
        self.told: list[CameraStatus] = []
        self._news = asyncio.Event()
        self.capture = Capture(
            source,
            self.ring,
            clock=SystemClock(),
            rng=random.Random(1),  # noqa: S311 - no secret
            changed=self._note,
            stall=stall,
            backoff=Backoff(first=0.2, most=0.4),
        )

    async def until(self, state: CameraState, *, after: int = 0) -> CameraStatus:
        """Waits until the camera is said to be in a state, by the status of that number or a later one."""
        async with asyncio.timeout(DEADLINE):
            while True:
                for status in self.told[after:]:
                    if status.state is state:
                        return status
                self._news.clear()
                await self._news.wait()

    def _note(self, status: CameraStatus) -> None:
        self.told.append(status)
        self._news.set()


@asynccontextmanager
async def watched(source: Source, *, stall: float = 8.0) -> AsyncIterator[Watched]:
    """Captures from a source for as long as the block lasts."""
    subject = Watched(source, stall)
    run = asyncio.create_task(subject.capture.run(), name="capture")
    try:
        yield subject
    finally:
        run.cancel()
        await asyncio.wait([run])
