"""Where viewers' packets come from: the camera's own ring, or a transcoder that runs as long as somebody looks."""

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from edge_agent.aio.clock import Clock
from edge_agent.aio.restart import Backoff, forever
from edge_agent.aio.ring import Ring
from edge_agent.errors import PermanentError, TransientError
from edge_agent.live import AskForKey, Picture, Pictures
from edge_agent.live.encoder import Encoders
from edge_agent.live.settings import LiveSettings
from edge_agent.live.transcode import Transcoder
from edge_agent.values.ids import CameraId
from edge_agent.values.packet import Packet
from edge_agent.values.viewing import StreamName

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Supply:
    """Where one viewer's packets come from now.

    Attributes:
        stream: which stream it sees.
        ring: H.264 in Annex B form.
        ask_for_key: asks whoever encodes for a key frame.
        leave: says that the viewer is served no more; called once.
    """

    stream: StreamName
    ring: Ring[Packet]
    ask_for_key: AskForKey
    leave: Callable[[], None]


@dataclass(slots=True)
class _Running:
    transcoder: Transcoder
    task: asyncio.Task[None]
    viewers: int = 0


class Supplies:
    """Serves viewers; starts a transcoder for the first one who needs it and stops it after the last.

    A camera without a sub-stream has one made of its main stream where somebody is to be served with it.

    Args:
        settings: of the encoder.
        clock: stamps packets.
        rng: for the back-off when the camera is away.
    """

    def __init__(self, settings: LiveSettings, clock: Clock, rng: random.Random) -> None:
        self._settings = settings
        self._encoders = Encoders(settings, clock)
        self._rng = rng
        self._running: dict[tuple[CameraId, StreamName], _Running] = {}

    @property
    def transcoders(self) -> int:
        """How many run now."""
        return len(self._running)

    def small(self, camera: CameraId, pictures: Pictures) -> bool:
        """Tells whether a small stream may be had: the camera's own, or one that is made while the box can."""
        if StreamName.SUB in pictures.streams or (camera, StreamName.SUB) in self._running:
            return True
        return self.transcoders < self._settings.thin_transcoders

    def take(self, camera: CameraId, pictures: Pictures, stream: StreamName, group: asyncio.TaskGroup) -> Supply:
        """Returns where one more viewer of a stream gets its packets; ``group`` owns what is started for it."""
        picture = pictures.streams.get(stream)
        if picture is not None and not picture.needs_transcoding:
            return Supply(stream, picture.ring, picture.ask_for_key, _nothing)
        running = self._running.get((camera, stream))
        if running is None:
            running = self._start(camera, stream, picture or pictures.streams[StreamName.MAIN], group)
            self._running[camera, stream] = running
        running.viewers += 1
        return Supply(
            stream, running.transcoder.ring, running.transcoder.ask_for_key, partial(self._leave, camera, stream)
        )

    def _start(self, camera: CameraId, stream: StreamName, picture: Picture, group: asyncio.TaskGroup) -> _Running:
        name = f"{camera}: transcode {stream}"
        quality = self._settings.quality(stream)
        transcoder = Transcoder(picture.open_frames, quality, self._encoders, name=name)
        return _Running(transcoder, group.create_task(self._run(camera, stream, transcoder), name=name))

    def _leave(self, camera: CameraId, stream: StreamName) -> None:
        running = self._running[camera, stream]
        running.viewers -= 1
        if running.viewers == 0:
            del self._running[camera, stream]
            running.task.cancel()

    async def _run(self, camera: CameraId, stream: StreamName, transcoder: Transcoder) -> None:
        def failed(exc: TransientError | PermanentError, wait: float) -> None:
            log.warning("camera %s has no picture to transcode, next try in %.0f s: %s", camera, wait, exc)

        log.info("camera %s is transcoded for viewers of its %s stream", camera, stream)
        try:
            await forever(transcoder.run, failed=failed, backoff=Backoff(most=5.0), rng=self._rng)
        finally:
            log.info("camera %s is not transcoded any more for viewers of its %s stream", camera, stream)


def _nothing() -> None:
    """A camera's own ring runs whether somebody looks or not."""
