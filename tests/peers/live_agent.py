"""This agent's live view of one camera in a process of its own, as it is measured: captured, never decoded, sent."""

import asyncio
import gc
import random
import threading
from collections.abc import Iterator, Mapping
from multiprocessing import get_context
from multiprocessing.connection import Connection

from edge_agent.aio.background import background
from edge_agent.aio.clock import SystemClock
from edge_agent.aio.ring import Ring
from edge_agent.capture.sources.rtsp import RtspSettings
from edge_agent.capture.stream import Capture
from edge_agent.errors import AgentError
from edge_agent.live import AskForKey, Picture, nobody_to_ask
from edge_agent.live.sessions import LiveSessions
from edge_agent.live.settings import LiveSettings
from edge_agent.values.frame import Frame
from edge_agent.values.ids import CameraId
from edge_agent.values.packet import Packet
from edge_agent.values.viewing import StreamName

STREET = CameraId("street")


class LiveAgent:
    """Serves a camera to viewers.

    Args:
        url: of the camera.
    """

    def __init__(self, url: str) -> None:
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_run, args=(theirs, url), daemon=True)
        self._process.start()

    @property
    def pid(self) -> int:
        """Its process id."""
        return int(self._process.pid or 0)

    async def open(self, offer: str) -> tuple[str, str]:
        """Returns a viewer's session and the answer to its offer."""
        session, answer = (await self._ask("open", offer)).split(" ", 1)
        return session, answer

    async def leave(self, session: str) -> None:
        """Ends a viewer."""
        await self._ask("close", session)

    async def tasks(self) -> int:
        """Returns how many tasks there are, after collecting garbage."""
        return int(await self._ask("tasks"))

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.join()

    async def _ask(self, *what: str) -> str:
        self._pipe.send(what)
        answer = await asyncio.get_running_loop().run_in_executor(None, self._pipe.recv)
        if isinstance(answer, Exception):
            raise answer
        return str(answer)


class _Camera:
    """See ``Picture`` and ``Pictures``."""

    def __init__(self, ring: Ring[Packet]) -> None:
        self.ring = ring
        self.needs_transcoding = False
        self.ask_for_key: AskForKey = nobody_to_ask

    @property
    def streams(self) -> Mapping[StreamName, Picture]:
        return {StreamName.MAIN: self}

    def trouble(self) -> AgentError | None:
        return None

    def open_frames(self, stop: threading.Event) -> Iterator[Frame]:
        raise NotImplementedError(stop)


def _run(pipe: Connection, url: str) -> None:
    asyncio.run(_serve(pipe, url))


async def _serve(pipe: Connection, url: str) -> None:
    clock, rng = SystemClock(), random.Random(1)  # noqa: S311 - jitter
    camera = _Camera(Ring(seconds=10.0, limit=48 << 20))
    capture = Capture(RtspSettings(url=url).build(), camera.ring, clock=clock, rng=rng, changed=lambda _: None)
    sessions = LiveSessions(
        LiveSettings(viewers=100, box_viewers=100, idle=300.0),
        clock,
        rng,
        opened=lambda _: None,
        closed=lambda *_: None,
    )
    loop = asyncio.get_running_loop()
    async with background(capture=capture.run(), sessions=sessions.run()):
        while True:
            request, *given = await loop.run_in_executor(None, pipe.recv)
            try:
                pipe.send(await _answer(request, given, sessions, camera))
            except Exception as exc:  # noqa: BLE001 - carried over to the other process, whatever it is
                pipe.send(exc)


async def _answer(request: str, given: list[str], sessions: LiveSessions, camera: _Camera) -> str:
    if request == "open":
        session = await sessions.open(STREET, given[0], camera, "bench")
        return f"{session.id} {session.answer_sdp}"
    if request == "close":
        await sessions.close(given[0])
    gc.collect()
    return str(len(asyncio.all_tasks()))
