"""A loudspeaker that sounds until it is told to finish, and its queue with everything around it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from edge_agent.aio.clock import SystemClock
from edge_agent.errors import AgentError
from edge_agent.talkdown.announcer import Announcer
from edge_agent.talkdown.cache import SoundCache
from edge_agent.talkdown.ear import Ear
from edge_agent.talkdown.manners import Manners
from edge_agent.talkdown.performer import Performer
from edge_agent.talkdown.request import Playing, Request
from edge_agent.talkdown.settings import TalkdownSettings
from edge_agent.talkdown.voice import Voice
from edge_agent.values.event import Outcome, TalkdownReceipt
from edge_agent.values.ids import CameraId
from edge_agent.values.speech import Sound, Speech

DEADLINE = 5.0


class FakeSpeaker:
    """Sounds until it is told to finish or to fail."""

    def __init__(self) -> None:
        self.playing = 0
        self.most = 0
        self.error: AgentError | None = None
        self.finish = asyncio.Semaphore(0)
        self.idle = asyncio.Event()
        self.peaks: list[int] = []

    async def play(self, sound: Sound, started: Callable[[], None]) -> None:
        self.playing += 1
        self.most = max(self.most, self.playing)
        try:
            if self.error is not None:
                raise self.error
            blocks = [sound.samples] if isinstance(sound, Speech) else list(sound.blocks(8000, 160))
            self.peaks.append(max(int(np.abs(block).max()) for block in blocks))
            started()
            await self.finish.acquire()
        finally:
            self.playing -= 1
            self.idle.set()

    async def probe(self) -> str:
        return "anything"


class Site:
    """An announcer with everything around it."""

    def __init__(self, settings: TalkdownSettings, folder: Path, manners: Manners, ear: Ear | None) -> None:
        self.speaker = FakeSpeaker()
        self.receipts: list[TalkdownReceipt] = []
        self.changes: list[Playing | None] = []
        self._news = asyncio.Event()
        voice = Voice(settings, SoundCache(folder))
        performer = Performer(self.speaker, voice, manners, SystemClock(), changed=self._changed, ear=ear)
        self.announcer = Announcer(CameraId("gate"), performer, told=self._told)

    async def _told(self, receipt: TalkdownReceipt) -> None:
        self.receipts.append(receipt)
        self._news.set()

    def _changed(self, playing: Playing | None) -> None:
        self.changes.append(playing)
        self._news.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def until_told(self, count: int) -> list[TalkdownReceipt]:
        await self.until(lambda: len(self.receipts) >= count)
        return self.receipts

    async def until_sounding(self, utterance: UUID) -> None:
        await self.until(lambda: any(now is not None and now.utterance == utterance for now in self.changes[-1:]))

    async def say(self, priority: int | None = None, message: str = "m") -> UUID:
        return await self.announcer.say(Request("anna", message=message, priority=priority))

    def outcomes(self) -> dict[UUID, Outcome]:
        assert len({receipt.utterance for receipt in self.receipts}) == len(self.receipts), "two receipts for one"
        return {receipt.utterance: receipt.outcome for receipt in self.receipts}


@asynccontextmanager
async def started(
    settings: TalkdownSettings, tmp_path: Path, manners: Manners | None = None, ear: Ear | None = None
) -> AsyncIterator[Site]:
    if manners is None:
        manners = await asyncio.to_thread(Manners, settings, SystemClock())
    site = Site(settings, tmp_path / "voice", manners, ear)
    task = asyncio.create_task(site.announcer.run())
    try:
        yield site
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@dataclass
class FakeTalk:
    """A voice of a few blocks."""

    broken: str = ""

    def blocks(self, rate: int, size: int) -> Iterator[NDArray[np.int16]]:
        assert rate == 8000
        for _ in range(5):
            yield np.full(size, 10_000, np.int16)
