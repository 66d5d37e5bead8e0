"""The transcoders that run now, each as long as somebody looks."""

import asyncio
import logging
import random
from dataclasses import dataclass

from edge_agent.aio.clock import Clock
from edge_agent.aio.restart import Backoff, forever
from edge_agent.errors import PermanentError, TransientError
from edge_agent.live import Picture
from edge_agent.live.settings import LiveSettings
from edge_agent.live.transcode import Transcoder
from edge_agent.values.ids import CameraId

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Running:
    transcoder: Transcoder
    task: asyncio.Task[None]
    viewers: int = 0


class SharedTranscoders:
    """Starts a camera's transcoder for its first viewer and stops it after its last.

    Args:
        settings: of the encoder.
        clock: stamps packets.
        rng: for the back-off when the camera is away.
    """

    def __init__(self, settings: LiveSettings, clock: Clock, rng: random.Random) -> None:
        self._settings = settings
        self._clock = clock
        self._rng = rng
        self._running: dict[CameraId, _Running] = {}

    def join(self, camera: CameraId, picture: Picture, group: asyncio.TaskGroup) -> Transcoder:
        """Returns the camera's transcoder for one more viewer; ``group`` owns its task."""
        running = self._running.get(camera)
        if running is None:
            name = f"{camera}: transcode"
            transcoder = Transcoder(picture.open_frames, self._settings, self._clock, name=name)
            running = _Running(transcoder, group.create_task(self._run(camera, transcoder), name=name))
            self._running[camera] = running
        running.viewers += 1
        return running.transcoder

    def leave(self, camera: CameraId) -> None:
        """Takes back one ``join``."""
        running = self._running[camera]
        running.viewers -= 1
        if running.viewers == 0:
            del self._running[camera]
            running.task.cancel()

    async def _run(self, camera: CameraId, transcoder: Transcoder) -> None:
        def failed(exc: TransientError | PermanentError, wait: float) -> None:
            log.warning("camera %s has no picture to transcode, next try in %.0f s: %s", camera, wait, exc)

        log.info("camera %s is transcoded for its viewers", camera)
        try:
            await forever(transcoder.run, failed=failed, backoff=Backoff(most=5.0), rng=self._rng)
        finally:
            log.info("camera %s is not transcoded any more", camera)
