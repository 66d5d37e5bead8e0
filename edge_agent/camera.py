"""One camera's whole path, top to bottom: captured, decoded when looked at, understood, told."""

import asyncio
import logging
import math
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import cv2

from edge_agent.aio.clock import Clock
from edge_agent.aio.latest import Latest
from edge_agent.aio.tally import Tally
from edge_agent.aio.threads import own_thread
from edge_agent.appearance.inspector import Inspector
from edge_agent.appearance.settings import AppearanceSettings
from edge_agent.detect import Detector
from edge_agent.detect.tiles import detect_within
from edge_agent.errors import TransientError
from edge_agent.events.journal import Journal
from edge_agent.inference.worker import Worker
from edge_agent.motion.focus import Focus
from edge_agent.motion.lookout import Lookout
from edge_agent.policy import Policy
from edge_agent.settings import CameraSettings
from edge_agent.sight import Sight
from edge_agent.streams import UNCONNECTED, CameraStream, Eye
from edge_agent.track.tracker import TrackSettings
from edge_agent.values.detection import Detection
from edge_agent.values.event import CameraState, CameraStatus, EventData, MaskVerdict
from edge_agent.values.frame import Frame
from edge_agent.values.geometry import Box
from edge_agent.values.ids import CameraId
from edge_agent.values.time import Monotonic
from edge_agent.values.track import Scene
from edge_agent.values.viewing import StreamName

SMALLEST = 416
"""Pixels across that a sub-stream needs to be watched, for each tile of the detector: with fewer, people far away are
too small in it to be found."""

LINGER = 10.0
"""Seconds that the main stream is still looked at after the last person left: the next one is mostly not far."""

CHANGES = 32
"""Changes of status that may wait for a stuck disk; beyond that the oldest is forgotten."""

SNAPSHOT_WIDTH = 1280
"""Pixels: faces stay recognisable to a person, and 100 pictures fit into a few megabytes."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Shared:
    """What all cameras of an agent share.

    Attributes:
        detector: finds people and vehicles.
        inspector: looks at a tracked person's face.
        worker: runs the inspector, one request a camera at a time.
        detecting: runs the detector; the same worker where the same accelerator computes.
        columns: in how many parts across the detector looks at a picture.
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
    detecting: Worker
    columns: int
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
        streams: see ``live.Pictures``.
        main: what is looked at closely and recorded.
        status: whether its picture arrives, and if not, why and what to do.
        counts: how much it had to do.
    """

    def __init__(self, camera: CameraId, settings: CameraSettings, shared: Shared, listeners: Listeners) -> None:
        self.id = camera
        self.settings = settings
        sources = {StreamName.MAIN: settings.source, StreamName.SUB: settings.sub}
        self.streams: Mapping[StreamName, CameraStream] = {
            name: CameraStream(name, source, settings, clock=shared.clock, rng=shared.rng, changed=self._compare)
            for name, source in sources.items()
            if source is not None
        }
        self.main = self.streams[StreamName.MAIN]
        self.status = UNCONNECTED
        self.counts = Counts()
        self._shared = shared
        self._listeners = listeners
        # These outlive a restart of the path: no track's id is used again, no window of counts is lost.
        self._sight = Sight(
            self._detect,
            shared.inspector,
            partial(shared.worker.submit, camera),
            tracking=shared.tracking,
            appearance=shared.appearance,
            focus=Focus() if settings.motion.area == "moving" else None,
            rules=[rule.build(shared.policy, shared.clock) for rule in settings.rules.values()],
        )
        self._tally = Tally(log, shared.clock)
        self._changes: asyncio.Queue[CameraStatus] = asyncio.Queue(CHANGES)

    async def run(self) -> None:
        """Watches; when one part of the path fails, all of it ends, so no camera looks alive and is blind."""
        frames: Latest[Frame] = Latest()
        lookout = Lookout(self.settings.motion, self.settings.fps)
        async with asyncio.TaskGroup() as path:
            for stream in self.streams.values():
                path.create_task(stream.capture.run(), name=f"{self.id}: capture {stream.name}")
            path.create_task(
                own_thread(partial(self._look, lookout, frames), name=f"{self.id}: decode"), name=f"{self.id}: decode"
            )
            path.create_task(self._understand(lookout, frames), name=f"{self.id}: understand")
            path.create_task(self._tick(), name=f"{self.id}: rules")
            path.create_task(self._report(), name=f"{self.id}: report")

    def _look(self, lookout: Lookout, frames: Latest[Frame], stop: threading.Event) -> None:
        """Decodes what is worth it and passes on what is worth understanding; the analysis thread."""
        eye, broken = Eye(self.main, borrows=True), 0
        followed = Monotonic(-math.inf)
        while not stop.is_set():
            now = self._shared.clock.monotonic()
            if lookout.followed:
                followed = now
            watched = self._watched(closely=now - followed < LINGER)
            if watched is not eye.stream:
                eye, broken = Eye(watched, borrows=True), broken + eye.broken
            for frame in eye.look(lookout.wants):
                self.counts.decoded += not eye.borrowed
                self.counts.broken = broken + eye.broken
                if lookout.passes(frame):
                    frames.put(frame)

    def _watched(self, *, closely: bool) -> CameraStream:
        """Returns the stream to look at: the small one until somebody is followed, whichever is there at all."""
        sub = self.streams.get(StreamName.SUB)
        if sub is None or sub.trouble():
            return self.main
        return (
            self.main
            if self.main.trouble() is None and (closely or max(sub.size) < SMALLEST * self._shared.columns)
            else sub
        )

    async def _understand(self, lookout: Lookout, frames: Latest[Frame]) -> None:
        while True:
            frame = await frames.get()
            try:
                scene = await self._sight.understand(frame, lookout.moving)
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

    async def _detect(self, frame: Frame, part: Box | None, /) -> Sequence[Detection]:
        look = partial(detect_within, self._shared.detector, frame, part)
        return await self._shared.detecting.submit(self.id, look)

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

    def _compare(self) -> None:
        """Makes one status of those of its streams: without the small one a camera is worse, but it is there."""
        status = self.main.status
        sub = self.streams.get(StreamName.SUB)
        if status.state is CameraState.ONLINE and sub and sub.trouble() and sub.status is not UNCONNECTED:
            reason = f"its sub-stream does not arrive: {sub.status.reason}"
            status = CameraStatus(CameraState.DEGRADED, reason, f"{sub.status.remedy}; it is watched by the main one")
        if status != self.status:
            self.change_status(status)

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
