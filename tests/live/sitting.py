"""Sessions of viewers in the hands of a test, and nothing of them left behind."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from edge_agent.aio.clock import SystemClock
from edge_agent.live.sessions import LiveSessions
from edge_agent.live.settings import LiveSettings
from edge_agent.live.viewer import Session
from edge_agent.values.ids import CameraId
from edge_agent.values.viewing import StreamName
from tests.live.viewer import (
    PATIENCE,
    FakeCamera,
    Viewer,
    until,
)

STREET = CameraId("street")


class Live:
    """Sessions, and what they told."""

    def __init__(self, **settings: object) -> None:
        self.opened: list[Session] = []
        self.closed: list[tuple[Session, str, float]] = []
        self.moved: list[tuple[Session, StreamName, str]] = []
        self.viewers: list[Viewer] = []
        self.ended = asyncio.Event()
        self.sessions = LiveSessions(
            LiveSettings(**settings),  # type: ignore[arg-type] # a test names the fields
            SystemClock(),
            random.Random(1),  # noqa: S311 - jitter of a back-off
            opened=self.opened.append,
            closed=self._close,
            moved=lambda *told: self.moved.append(told),
        )

    def viewer(self) -> Viewer:
        self.viewers.append(Viewer())
        return self.viewers[-1]

    async def watch(self, camera: FakeCamera, actor: str = "anne") -> tuple[Viewer, Session]:
        viewer = self.viewer()
        session = await self.sessions.open(STREET, await viewer.offer(), camera, actor)
        await viewer.accept(session.answer_sdp)
        return viewer, session

    async def one_end(self) -> str:
        async with asyncio.timeout(PATIENCE):
            await self.ended.wait()
        return self.closed[-1][1]

    def _close(self, session: Session, reason: str, seconds: float) -> None:
        self.closed.append((session, reason, seconds))
        self.ended.set()


@asynccontextmanager
async def live(**chosen: object) -> AsyncIterator[Live]:
    """Runs sessions as long as the block runs; what the library closes a moment later is waited for."""
    before = asyncio.all_tasks()
    made = Live(**chosen)
    task = asyncio.create_task(made.sessions.run())
    await asyncio.sleep(0)
    try:
        yield made
    finally:
        task.cancel()
        await asyncio.wait([task])
        for viewer in made.viewers:
            await viewer.close()
        assert task.cancelled()
        await until(lambda: asyncio.all_tasks() <= before)


def newest(camera: FakeCamera) -> int:
    """Returns which frame of the clip the camera sent last."""
    return (camera.number - 1) % len(camera.packets)
