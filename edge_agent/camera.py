"""One camera's whole path, top to bottom: captured, decoded when looked at, understood, told."""

import asyncio
import logging
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import cv2

from edge_agent.aio.clock import Clock
from edge_agent.aio.latest import Latest
from edge_agent.aio.ring import Ring
from edge_agent.aio.tally import Tally
from edge_agent.aio.threads import own_thread
from edge_agent.appearance.inspector import Inspector
from edge_agent.appearance.settings import AppearanceSettings
from edge_agent.capture.stream import Capture
from edge_agent.decode.decoder import Decoder
from edge_agent.detect import Detector
from edge_agent.errors import AgentError, TransientError
from edge_agent.events.journal import Journal
from edge_agent.inference.worker import Worker
from edge_agent.motion.lookout import Lookout
from edge_agent.policy import Policy
from edge_agent.settings import CameraSettings
from edge_agent.sight import Sight
from edge_agent.track.tracker import TrackSettings
from edge_agent.values.event import CameraState, CameraStatus, EventData, MaskVerdict
from edge_agent.values.frame import Frame
from edge_agent.values.ids import CameraId
from edge_agent.values.packet import Codec, Packet
from edge_agent.values.track import Scene

RING_SECONDS = 10.0
"""What a clip before an event needs, and more than any viewer may lag."""

RING_BYTES = 48 << 20
"""A 20 Mb/s camera with a key frame every 10 s fits twice; a Pi with four cameras keeps most of its memory."""

LAG = 2.0
"""Seconds that the analysis may fall behind before it skips to a newer key frame."""

CHANGES = 32
"""Changes of status that may wait for a stuck disk; beyond that the oldest is forgotten."""

SNAPSHOT_WIDTH = 1280
"""Pixels: faces stay recognisable to a person, and 100 pictures fit into a few megabytes."""

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shared:
    """What all cameras of an agent share.

    Attributes:
        detector: finds people and vehicles.
        inspector: looks at a tracked person's face.
        worker: runs both, one request a camera at a time.
        tracking: how tracks are kept.
        appearance: how looks become a verdict.
        journal: where events are made.
        policy: what may be told.
        clock: stamps and measures.
        rng: jitter.
    """

    detector: Detector
    inspector: Inspector
    worker: Worker
    tracking: TrackSettings
    appearance: AppearanceSettings
    journal: Journal
    policy: Policy
    clock: Clock
    rng: random.Random


@dataclass(slots=True)
class Counts:
    """How much a camera had to do, for heartbeat and metrics; each written by one thread, read by any.

    Attributes:
        decoded: pictures decoded for analysis.
        broken: packets and pictures that could not be decoded, since the path began.
        analysed: pictures understood.
        dropped: pictures that a newer one replaced before they were understood.
        delay: seconds from a picture's arrival until it was understood, the last one's.
    """

    decoded: int = 0
    broken: int = 0
    analysed: int = 0
    dropped: int = 0
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Listeners:
    """Whom a camera tells on the event loop.

    Attributes:
        status: of every change of its status.
        scene: of every analysed picture.
        event: of every event that a rule made, once it is on disk.
    """

    status: Callable[[CameraId, CameraStatus], None]
    scene: Callable[[CameraId, Scene], None]
    event: Callable[[CameraId, EventData], None]


class Camera:
    """Watches one camera for as long as ``run`` runs.

    Attributes:
        ring: its newest packets, for viewers and recorder.
        status: whether its picture arrives, and if not, why and what to do.
        counts: how much it had to do.
        ask_for_key: asks the camera for a key frame, for a viewer that lost the picture; None where it cannot be asked.
    """

    def __init__(self, camera: CameraId, settings: CameraSettings, shared: Shared, listeners: Listeners) -> None:
        self.id = camera
        self.settings = settings
        self.ring: Ring[Packet] = Ring(seconds=RING_SECONDS, limit=RING_BYTES)
        self.status = CameraStatus(CameraState.OFFLINE, "it was not connected yet", "wait a few seconds")
        self.counts = Counts()
        self.capture = Capture(
            settings.source.build(), self.ring, clock=shared.clock, rng=shared.rng, changed=self.change_status
        )
        self.ask_for_key: Callable[[], None] | None = None
        self._shared = shared
        self._listeners = listeners
        # These outlive a restart of the path: no track's id is used again, no window of counts is lost.
        self._sight = Sight(
            shared.detector,
            shared.inspector,
            self._compute,
            tracking=shared.tracking,
            appearance=shared.appearance,
            rules=[rule.build(shared.policy, shared.clock) for rule in settings.rules.values()],
        )
        self._tally = Tally(log, shared.clock)
        self._changes: asyncio.Queue[CameraStatus] = asyncio.Queue(CHANGES)

    @property
    def needs_transcoding(self) -> bool:
        """Whether viewers get an encoder's picture: masks must be burned in, or a browser lacks the codec."""
        stream = self.capture.stream
        return bool(self.settings.privacy.masks) or (stream is not None and stream.codec is not Codec.H264)

    async def run(self) -> None:
        """Watches; when one part of the path fails, all of it ends, so no camera looks alive and is blind."""
        frames: Latest[Frame] = Latest()
        lookout = Lookout(self.settings.motion, self.settings.fps)
        async with asyncio.TaskGroup() as path:
            path.create_task(self.capture.run(), name=f"{self.id}: capture")
            path.create_task(
                own_thread(partial(self._look, lookout, frames), name=f"{self.id}: decode"), name=f"{self.id}: decode"
            )
            path.create_task(self._understand(lookout, frames), name=f"{self.id}: understand")
            path.create_task(self._tick(), name=f"{self.id}: rules")
            path.create_task(self._report(), name=f"{self.id}: report")

    def trouble(self) -> AgentError | None:
        """Returns why there is no picture now, None when there is one."""
        if self.status.state is CameraState.ONLINE:
            return None
        return TransientError(f"the camera is {self.status.state}: {self.status.reason}", self.status.remedy)

    def open_frames(self, stop: threading.Event) -> Iterator[Frame]:
        """Decodes every picture from the newest key frame on, masks burned in; for an encoder's thread.

        Args:
            stop: ends the iterator within half a second.
        """
        decoder = Decoder(self.settings.privacy.masks)
        reader = self.ring.reader(lag=LAG)
        while not stop.is_set():
            packet = reader.take(timeout=0.5)
            if packet is not None:
                yield from decoder.decode(packet)

    def _look(self, lookout: Lookout, frames: Latest[Frame], stop: threading.Event) -> None:
        """Decodes what is worth it and passes on what is worth understanding; the analysis thread."""
        decoder = Decoder(self.settings.privacy.masks)
        reader = self.ring.reader(lag=LAG)
        missed = False
        while not stop.is_set():
            packet = reader.take(timeout=0.5)
            if packet is None:
                continue
            if not lookout.wants(packet):
                missed = True
                continue
            if missed and not packet.key:
                # Woken between key frames: catch up from the last one, what follows it cannot be decoded without.
                reader, missed = self.ring.reader(lag=LAG), False
                continue
            missed = False
            for frame in decoder.decode(packet):
                self.counts.decoded += 1
                self.counts.broken = decoder.broken
                if lookout.passes(frame):
                    frames.put(frame)

    async def _understand(self, lookout: Lookout, frames: Latest[Frame]) -> None:
        while True:
            frame = await frames.get()
            try:
                scene = await self._sight.understand(frame)
            except TransientError as exc:
                self._tally.warn(f"camera {self.id}: a picture was not understood", exc)
                continue
            lookout.followed = bool(scene.tracks)
            self.counts.analysed += 1
            self.counts.dropped = frames.replaced
            self.counts.delay = self._shared.clock.monotonic() - frame.arrived
            self._listeners.scene(self.id, scene)
            for data in self._sight.judge(scene):
                await self._tell(data, frame)

    async def _compute(self, work: Callable[[], T], /) -> T:
        return await self._shared.worker.submit(self.id, work)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(1)
            for data in self._sight.tick():
                await self._tell(data, None)

    async def _tell(self, data: EventData, frame: Frame | None) -> None:
        snapshot = None
        if frame is not None and self._shared.policy.snapshots and isinstance(data, MaskVerdict):
            snapshot = await asyncio.to_thread(encode_snapshot, frame)
        await self._shared.journal.tell(self.id, data, snapshot)
        self._listeners.event(self.id, data)

    def change_status(self, status: CameraStatus) -> None:
        """Takes a new status and tells of it."""
        self.status = status
        if status.state is CameraState.ONLINE:
            log.info("camera %s is online", self.id)
        else:
            log.warning("camera %s is %s: %s: %s", self.id, status.state, status.reason, status.remedy)
        if self._changes.full():
            self._changes.get_nowait()
        self._changes.put_nowait(status)
        self._listeners.status(self.id, status)

    async def _report(self) -> None:
        while True:
            await self._shared.journal.tell(self.id, await self._changes.get())


def encode_snapshot(frame: Frame) -> bytes:
    """Returns a picture as JPEG, at most ``SNAPSHOT_WIDTH`` pixels wide; takes some 10 ms, so call it in a thread."""
    width = min(frame.width, SNAPSHOT_WIDTH)
    _, data = cv2.imencode(
        ".jpg", frame.bgr(width, round(frame.height * width / frame.width / 2) * 2), [cv2.IMWRITE_JPEG_QUALITY, 80]
    )
    return data.tobytes()
