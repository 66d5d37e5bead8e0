"""Live view of one camera in a process, and so in a network, of its own.

Its first argument is the JSON of its live settings. It reads lines of JSON with an offer from its standard input and
prints the answer to each, or why there is none; it leaves at the input's end.
"""

import asyncio
import json
import random
import sys
import time

from edge_agent.aio.clock import SystemClock
from edge_agent.errors import AgentError
from edge_agent.live.sessions import LiveSessions
from edge_agent.live.settings import LiveSettings
from edge_agent.values.ids import CameraId
from tests.live.viewer import FakeCamera, encode, playing


def tell(**what: object) -> None:
    """Prints a line."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


async def main() -> None:
    """Answers offers."""
    loop = asyncio.get_running_loop()
    sessions = LiveSessions(
        LiveSettings.model_validate_json(sys.argv[1]),
        SystemClock(),
        random.Random(1),  # noqa: S311 - jitter
        opened=lambda _: None,
        closed=lambda _, reason, seconds: tell(closed=reason, seconds=seconds),
    )
    camera = FakeCamera(encode())
    running = asyncio.create_task(sessions.run())
    async with playing(camera):
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            begun = time.monotonic()
            try:
                session = await sessions.open(CameraId("street"), json.loads(line)["offer"], camera, "anne")
                tell(answer=session.answer_sdp, seconds=time.monotonic() - begun)
            except AgentError as exc:
                tell(refused=str(exc))
    running.cancel()
    await asyncio.wait([running])


asyncio.run(main())
