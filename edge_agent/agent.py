"""The composition root: everything the agent is, built from settings, in the order in which it starts and ends."""

import asyncio
import logging
import random
import signal
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from pathlib import Path

from edge_agent.aio.background import background
from edge_agent.aio.clock import Clock
from edge_agent.aio.restart import Backoff, forever
from edge_agent.appearance.inspector import Inspector
from edge_agent.camera import Camera, Listeners, Shared
from edge_agent.controls import Controls
from edge_agent.desk import Desk
from edge_agent.detect import CPU
from edge_agent.detect.tiles import open_detector
from edge_agent.errors import AgentError, PermanentError, TransientError
from edge_agent.events.journal import Journal
from edge_agent.events.outbox import Outbox
from edge_agent.events.trail import Trail
from edge_agent.figures import collect_figures, describe_health
from edge_agent.health.vitals import Vitals
from edge_agent.inference.models import Models
from edge_agent.inference.worker import Worker
from edge_agent.live.sessions import LiveSessions
from edge_agent.live.viewer import Session
from edge_agent.live.voice import Talking, Voices
from edge_agent.loudspeakers import Loudspeakers
from edge_agent.orders import Orders
from edge_agent.scenes import draw_scene
from edge_agent.settings import Settings
from edge_agent.talkdown.request import Playing
from edge_agent.uplink.link import Uplink
from edge_agent.uplink.moments import Moments
from edge_agent.uplink.topics import CAMERA_SCENE, CAMERA_SPEECH, CAMERA_STATUS, CAMERA_VIEWER, HEALTH, INFO
from edge_agent.values.event import CameraState, CameraStatus, EventData
from edge_agent.values.ids import CameraId
from edge_agent.values.track import Scene
from edge_agent.values.viewing import StreamName
from edge_agent.web.feed import Feed
from edge_agent.web.layouts import Layouts
from edge_agent.web.server import Server
from edge_agent.web.token import Token

TRAIL = "audit"
"""Folder of the audit trail, below ``agent.state``."""

HEARTBEAT = 5.0
"""Seconds between two reports of health: a control room sees a sick box before anybody calls."""

_ANSWERED = 0.2  # seconds after which a command that opened a view is answered

LAST_WORDS = 1.0
"""Seconds that what remains to be written down may take when the agent ends."""

log = logging.getLogger(__name__)


class Agent:
    """One box. Building it reads model files and makes the state folder, and blocks; ``run`` does the rest.

    Args:
        settings: what it is to be.
        clock: tells all its parts the time.
        rng: jitter for all its parts.

    Raises:
        PermanentError: a model file is missing or wrong, or the state folder cannot be written.
    """

    def __init__(self, settings: Settings, *, clock: Clock, rng: random.Random) -> None:
        self.settings = settings
        self._clock = clock
        self._rng = rng
        state = state_folder(settings.agent.state)
        models = Models(settings.inference)
        self._workers = {CPU: Worker(clock)}
        accelerator = settings.detector.accelerator
        detecting = self._workers.setdefault(accelerator, Worker(clock, name=f"{accelerator} inference"))
        self.outbox = Outbox(state / "outbox.sqlite", agent=settings.agent.id, limits=settings.outbox, clock=clock)
        self.journal = Journal(self.outbox, settings.agent.id, clock, Trail(state / TRAIL))
        self.feed = Feed()
        self.live = LiveSessions(settings.live, clock, rng, opened=self._opened, closed=self._closed, moved=self._moved)
        self.voices = Voices(settings.live, clock, closed=self._talked)
        shared = Shared(
            detector=open_detector(settings.detector, models),
            inspector=Inspector(models, settings.appearance),
            worker=self._workers[CPU],
            detecting=detecting,
            columns=settings.detector.tiles[0],
            tracking=settings.tracking,
            appearance=settings.appearance,
            journal=self.journal,
            policy=settings.allowed,
            clock=clock,
            rng=rng,
        )
        self.loudspeakers = Loudspeakers(settings, state / "spoken", clock, tell=self._tell, changed=self._sounds)
        self.controls = Controls(settings, clock, rng, changed=self._can_otherwise)
        listeners = Listeners(status=self._camera_changed, scene=self._seen, event=self.loudspeakers.consider)
        self.cameras = {name: Camera(name, camera, shared, listeners) for name, camera in settings.cameras.items()}
        for name, keys in self.controls.keys.items():
            self.cameras[name].main.ask_for_key = keys.ask
        self.vitals = Vitals(state, clock)
        self.desk = Desk(
            settings,
            self.cameras,
            self.loudspeakers.announcers,
            self.controls.ptzs,
            self.live,
            self.voices,
            self.journal,
            Layouts(state),
            changed=self._can_otherwise,
            healthy=lambda: self._group is not None,
            metrics=lambda: self.figures.render(),  # noqa: PLW0108 - made below, it reads the uplink too
        )
        orders = Orders(self.desk, leave=partial(signal.raise_signal, signal.SIGTERM))
        self.uplink = Uplink(
            settings.mqtt,
            settings.agent.id,
            self.outbox,
            clock=clock,
            rng=rng,
            obey=orders.obey,
            refused=orders.refuse,
            tell=partial(self.journal.tell, None),
        )
        self._moments = Moments(self.uplink.report)
        self.figures = collect_figures(self.cameras, self._workers, self.outbox, self.uplink, self.live)
        token = settings.web.token
        door = Token(token.get_secret_value() if token else None, clock)
        self.server = Server(settings.web, self.desk, self.feed, door)
        self._group: asyncio.TaskGroup | None = None
        self._soons: set[asyncio.Task[None]] = set()

    async def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Runs until cancelled. What is needed longest starts first and ends last.

        Args:
            ready: called once the page answers and the cameras are being connected.

        Raises:
            PermanentError: a part cannot start; the sentence says why.
        """
        self.uplink.retain(INFO, self.desk.inform())
        self.uplink.introduce(
            self.settings.agent.name, {name: each.name for name, each in self.settings.cameras.items()}
        )
        async with (
            background(
                outbox=self.outbox.run(),
                **self.controls.connections(),
                **{f"{name} inference": worker.run() for name, worker in self._workers.items()},
            ),
            background(uplink=self.uplink.run()),
            asyncio.TaskGroup() as group,
        ):
            self._group = group
            try:
                async with (
                    background(
                        live=self.live.run(),
                        talks=self.voices.run(),
                        health=self._report(),
                        vitals=self.vitals.watch_loop(),
                        events=self._follow(),
                        moments=self._moments.run(),
                        **self.loudspeakers.tasks(),
                        **self.controls.tasks(),
                    ),
                    background(web=self.server.run()),
                    background(**{name: self._keep(camera) for name, camera in self.cameras.items()}),
                ):
                    await self.server.listening.wait()
                    ready()
                    await asyncio.Event().wait()
            finally:
                # What people did in the last second is written down before the outbox closes.
                if self._soons:
                    await asyncio.wait(self._soons, timeout=LAST_WORDS)
                self._group = None

    async def _keep(self, camera: Camera) -> None:
        """Keeps one camera watched; a fault in its path restarts that path and leaves the others alone."""

        async def once() -> None:
            try:
                await camera.run()
            except Exception as exc:  # a fault of ours in one camera must not blind the others
                log.exception("camera %s: its path failed", camera.id)
                raise TransientError(
                    "a fault in the agent stopped this camera", "it restarts by itself; send the log"
                ) from exc

        def failed(exc: AgentError, wait: float) -> None:
            log.warning("camera %s starts again in %.0f s", camera.id, wait)
            camera.change_status(CameraStatus(CameraState.DEGRADED, exc.reason, exc.remedy))

        await forever(once, failed=failed, backoff=Backoff(), rng=self._rng)

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT)
            health = self.vitals.sample() | describe_health(self.cameras, self.outbox, self.uplink, self.live)
            self.feed.publish("health", health, key="health")
            await self.uplink.report(HEALTH, health)

    async def _follow(self) -> None:
        """Hands every event to the pages that are open."""
        with self.journal.listen() as listener:
            while True:
                told = await listener.get()
                self.feed.publish("event", self.desk.present(told.envelope))

    def _camera_changed(self, name: CameraId, status: CameraStatus) -> None:
        told = {"state": status.state, "reason": status.reason, "remedy": status.remedy}
        self.uplink.retain(CAMERA_STATUS.format(name), told | {"viewers": self.live.viewers(name)})
        self.feed.publish("camera", self.desk.describe_camera(self.cameras[name]), key=name)

    def _can_otherwise(self, name: CameraId) -> None:
        self.uplink.retain(INFO, self.desk.inform())
        self.uplink.introduce(
            self.settings.agent.name, {name: each.name for name, each in self.settings.cameras.items()}
        )
        self.feed.publish("camera", self.desk.describe_camera(self.cameras[name]), key=name)

    def _seen(self, name: CameraId, scene: Scene) -> None:
        self.loudspeakers.see(name, scene)
        if self.feed.listening:
            self.feed.publish("scene", self._draw(name, scene), key=name)
        if self.desk.is_watched_from_afar(name):
            self._moments.tell(CAMERA_SCENE.format(name), lambda: self._draw(name, scene))

    def _draw(self, name: CameraId, scene: Scene) -> Mapping[str, object]:
        age = self._clock.monotonic() - scene.at
        return {"camera": name, **draw_scene(scene, age=age, judged=self.settings.allowed.individual_events)}

    async def _tell(self, name: CameraId, data: EventData) -> None:
        await self.journal.tell(name, data)

    def _sounds(self, name: CameraId, playing: Playing | None) -> None:
        told: dict[str, object] = {"camera": name, "state": "playing" if playing else "idle"}
        if playing:
            told |= {"text": playing.text, "language": playing.language, "actor": playing.actor, "live": playing.live}
        self.feed.publish("speech", told, key=name)
        self._moments.tell(CAMERA_SPEECH.format(name), lambda: told)

    def _talked(self, talk: Talking) -> None:
        self._soon(self.desk.audit(talk.actor, "talkdown.close", talk.camera, detail=talk.reason), "audit")

    def _opened(self, session: Session) -> None:
        self._soon(self.desk.audit(session.actor, "live.open", session.camera), "audit")
        self._count_viewers(session.camera)

    def _closed(self, session: Session, reason: str, seconds: float) -> None:
        self.desk.afar.pop(session.id, None)
        self._soon(
            self.desk.audit(session.actor, "live.close", session.camera, detail=f"{reason}, after {seconds:.0f} s"),
            "audit",
        )
        self._count_viewers(session.camera)

    def _moved(self, session: Session, stream: StreamName, reason: str) -> None:
        told = {"camera": session.camera, "session": session.id, "stream": stream, "reason": reason}
        self.feed.publish("viewer", told, key=session.id)
        # The first word comes while the command that opened it is still being answered.
        asyncio.get_running_loop().call_later(_ANSWERED, self._tell_afar, session, told)

    def _tell_afar(self, session: Session, told: Mapping[str, object]) -> None:
        if session.id in self.desk.afar:
            self._moments.tell(CAMERA_VIEWER.format(session.camera, session.id), lambda: told)

    def _count_viewers(self, name: CameraId) -> None:
        self._camera_changed(name, self.cameras[name].status)

    def _soon(self, coroutine: Coroutine[object, object, None], name: str) -> None:
        if self._group is None:
            coroutine.close()
            return
        task = self._group.create_task(coroutine, name=name)
        self._soons.add(task)
        task.add_done_callback(self._soons.discard)


def state_folder(folder: Path) -> Path:
    """Makes the folder that outlives a restart, and returns it; blocks.

    Raises:
        PermanentError: it cannot be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as exc:
        remedy = f"{exc.strerror}; make it writable for this user, or set agent.state to another folder"
        raise PermanentError(f"the state folder {folder} cannot be written", remedy) from exc
    return folder
