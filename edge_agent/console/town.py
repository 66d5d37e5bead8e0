"""The town as the broker tells it: boxes, their cameras, what happens there; every change is told to the pages."""

import asyncio
import logging
from collections.abc import Callable, Iterator

from pydantic import ValidationError
from pydantic_core import from_json

from edge_agent.aio.clock import Clock
from edge_agent.aio.tally import Tally
from edge_agent.console.album import Album
from edge_agent.console.box import Box
from edge_agent.console.chronicle import Chronicle
from edge_agent.console.told import CameraStatusTold, InfoTold, is_id
from edge_agent.uplink.wire import LARGEST, SceneMessage, SpeechMessage, StatusMessage, ViewerMessage
from edge_agent.values.time import Monotonic
from edge_agent.web.feed import Feed

MOST = 10_000
"""Boxes; more than that is somebody who makes names up."""

SILENCE = 60.0
"""Seconds without a word after which a box that says it is there counts as gone; it tells its health each 5 s."""

FILTERS = (
    ("status", 1),
    ("info", 1),
    ("health", 0),
    ("event/+", 1),
    ("reply/+", 1),
    ("camera/+/status", 1),
    ("camera/+/event/+", 1),
    ("camera/+/snapshot/+", 1),
    ("camera/+/scene", 0),
    ("camera/+/speech", 0),
    ("camera/+/viewer/+", 0),
)
"""What is heard of each agent, below its own topic."""

_LOOK_EVERY = 2.0  # seconds between two looks around; a page that hears nothing for 20 s takes its line for dead
_HEALTH_EVERY = 10.0  # seconds between two words about a box's health to the pages

log = logging.getLogger(__name__)

Replied = Callable[[str, bytes], None]
"""Takes an answer to a command: its id, and what it says."""


class Town:
    """Keeps what is known; used on the event loop.

    Args:
        prefix: of every topic.
        feed: tells the pages.
        chronicle: keeps events.
        album: keeps their pictures.
        clock: for silence and since when.
        replied: takes answers.

    Attributes:
        boxes: by their id.
    """

    def __init__(
        self, prefix: str, feed: Feed, chronicle: Chronicle, album: Album, clock: Clock, *, replied: Replied
    ) -> None:
        self.boxes: dict[str, Box] = {}
        self._prefix = prefix
        self._feed = feed
        self._chronicle = chronicle
        self._album = album
        self._clock = clock
        self._replied = replied
        self._tally = Tally(log, clock, every=60.0)
        self._health: dict[str, Monotonic] = {}
        self._grown = False
        self._connected = False

    @property
    def filters(self) -> list[tuple[str, int]]:
        """What is heard."""
        return [(f"{self._prefix}/+/{each}", quality) for each, quality in FILTERS]

    def hear(self, topic: str, payload: bytes, kept: bool) -> None:  # noqa: FBT001 - as ``Line`` calls it
        """Takes a message; what cannot be understood is counted and left out."""
        agent, *path = topic.removeprefix(f"{self._prefix}/").split("/")
        if not is_id(agent) or not path:
            return
        try:
            if path[0] == "reply":
                self._replied(path[-1], payload)
            elif not payload:
                self._forget(agent, path)
            elif (box := self._box(agent, kept=kept)) is not None:
                self._take(box, path, payload, kept=kept)
        except (ValidationError, ValueError) as exc:
            self._tally.warn("a message of a box cannot be understood", f"{topic}: {str(exc)[:200]}")

    async def watch(self) -> None:
        """Tells the pages what is new, and looks for boxes that fell silent without a will, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            now = self._clock.monotonic()
            for box in self.boxes.values():
                if box.online and now - box.heard > SILENCE:
                    box.fall_silent(f"nothing came from it for {SILENCE:.0f} s", self._clock.wall())
                    self._tell_box(box)
            if self._grown:
                self._grown = False
                self._feed.publish("site", {}, key="site")
            self._feed.publish("health", {"broker": {"connected": self._connected}}, key="health")

    def lose(self) -> None:
        """Notes that the line to the broker is down: nobody knows how any box is."""
        self._connected = False
        for box in self.boxes.values():
            if box.online:
                box.fall_silent("the control room has no connection to its broker", self._clock.wall())
                self._tell_box(box)

    def regain(self) -> None:
        """Notes that the line is up: every box gets time to be heard of."""
        self._connected = True
        for box in self.boxes.values():
            box.heard = self._clock.monotonic()
            if box.speak_again():
                self._tell_box(box)

    def cameras(self) -> Iterator[tuple[str, Box]]:
        """Yields each camera's id in the control room with its box."""
        for box in self.boxes.values():
            for camera in box.info.cameras:
                yield f"{box.id}:{camera.id}", box

    def _take(self, box: Box, path: list[str], payload: bytes, *, kept: bool) -> None:
        match path:
            case ["camera", camera, "snapshot", event] if is_id(camera):
                self._album.take(event, payload)
            case _ if len(payload) > 4 * LARGEST:
                raise ValueError("it is too large")
            case ["status"]:
                self._take_status(box, payload, kept=kept)
            case ["info"]:
                changed = box.take_info(InfoTold.model_validate_json(payload))
                self._grown |= changed is None
                for camera in changed or ():
                    self._tell_camera(box, camera)
            case ["health"]:
                self._take_health(box, payload)
            case ["event", _]:
                self._take_event(box, "", payload)
            case ["camera", camera, *what] if is_id(camera):
                self._take_of_camera(box, camera, what, payload)
            case _:
                pass  # a topic of a later version

    def _take_of_camera(self, box: Box, camera: str, what: list[str], payload: bytes) -> None:
        place = f"{box.id}:{camera}"
        match what:
            case ["status"]:
                if box.take_camera(camera, CameraStatusTold.model_validate_json(payload)):
                    self._tell_camera(box, camera)
            case ["event", _]:
                self._take_event(box, camera, payload)
            case ["scene"]:
                scene = SceneMessage.model_validate_json(payload)
                self._feed.publish("scene", {**scene.model_dump(), "camera": place}, key=place, camera=place)
            case ["viewer", _]:
                viewer = ViewerMessage.model_validate_json(payload)
                self._feed.publish("viewer", {**viewer.model_dump(), "camera": place}, key=viewer.session, camera=place)
            case ["speech"]:
                speech = SpeechMessage.model_validate_json(payload)
                self._feed.publish("speech", {**speech.model_dump(), "camera": place}, key=place, camera=place)
            case _:
                pass

    def _take_event(self, box: Box, camera: str, payload: bytes) -> None:
        event = self._chronicle.take(box.id, camera, from_json(payload, allow_inf_nan=False))
        if event is not None:
            self._feed.publish_encoded("event", event.envelope, camera=event.place)

    def _take_status(self, box: Box, payload: bytes, *, kept: bool) -> None:
        if box.take_status(StatusMessage.model_validate_json(payload), self._clock.wall(), kept=kept):
            level = logging.DEBUG if kept else logging.INFO  # after a start the broker tells hundreds
            log.log(level, "%s is %s", box.id, "online" if box.online else f"offline: {box.reason}")
            self._tell_box(box)

    def _take_health(self, box: Box, payload: bytes) -> None:
        health = from_json(payload, allow_inf_nan=False)
        if not isinstance(health, dict):
            raise ValueError("health is a JSON object")  # noqa: TRY004 - what came is wrong, not our call
        if box.speak_again():
            self._tell_box(box)
        now = self._clock.monotonic()
        if now - self._health.get(box.id, -_HEALTH_EVERY) >= _HEALTH_EVERY:
            self._health[box.id] = now
            self._feed.publish("health", {**health, "agent": box.id}, key=f"health {box.id}", camera=box.id)

    def _box(self, agent: str, *, kept: bool) -> Box | None:
        now = self._clock.monotonic()
        box = self.boxes.get(agent)
        if box is None:
            if len(self.boxes) >= MOST:
                self._tally.warn(f"there are more than {MOST} boxes", agent)
                return None
            box = self.boxes[agent] = Box(agent, now)
        if not kept:
            box.heard = now
        return box

    def _forget(self, agent: str, path: list[str]) -> None:
        """Forgets a box whose status the broker was told to forget: it was taken down."""
        if path == ["status"] and agent in self.boxes:
            del self.boxes[agent]
            log.info("%s was taken down", agent)
            self._health.pop(agent, None)
            self._grown = True

    def _tell_box(self, box: Box) -> None:
        self._feed.publish("agent", box.describe(), key=f"agent {box.id}", camera=box.id)
        for camera in box.info.cameras:
            self._tell_camera(box, camera.id)

    def _tell_camera(self, box: Box, name: str) -> None:
        camera = box.camera(name)
        if camera is not None:
            place = f"{box.id}:{name}"
            self._feed.publish("camera", box.describe_camera(camera), key=place, camera=place)
