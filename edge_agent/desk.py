"""The desk: where the page and the control room ask the agent for something, and where the answer comes from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from edge_agent import __version__
from edge_agent.camera import Camera
from edge_agent.errors import PermanentError
from edge_agent.events.journal import Journal
from edge_agent.live.sessions import Asked, LiveSessions
from edge_agent.live.settings import IceServer
from edge_agent.live.voice import Voices
from edge_agent.onvif.ptz import Ptz, Velocity
from edge_agent.settings import Settings
from edge_agent.talkdown.announcer import Announcer
from edge_agent.talkdown.hours import SOFTEST
from edge_agent.talkdown.request import Request
from edge_agent.values.event import Audit
from edge_agent.values.ids import CameraId
from edge_agent.values.viewing import Wish
from edge_agent.web.door import Visitor
from edge_agent.web.layouts import Layouts
from edge_agent.web.site import Movement, Opened, Words

_EVERYBODY = "layouts"


@dataclass(frozen=True, slots=True)
class Desk:
    """Answers what people ask; see ``web.site.Site``; ``orders`` has the control room's side.

    Attributes:
        settings: in force.
        cameras: by id.
        announcers: the loudspeakers, by their camera's id.
        ptzs: what turns the cameras that have an ONVIF address, by their id.
        live: viewers' sessions.
        voices: who talks through which loudspeaker.
        journal: events of this run, and where what people did is written down.
        walls: how the page's walls are laid out.
        changed: told of a camera whose loudspeaker is set otherwise.
        healthy: whether every part runs.
        metrics: measurements in Prometheus' text format.
        afar: cameras by the viewers' sessions that a command opened.
    """

    settings: Settings
    cameras: Mapping[CameraId, Camera]
    announcers: Mapping[CameraId, Announcer]
    ptzs: Mapping[CameraId, Ptz]
    live: LiveSessions
    voices: Voices
    journal: Journal
    walls: Layouts
    changed: Callable[[CameraId], None]
    healthy: Callable[[], bool]
    metrics: Callable[[], bytes]
    afar: dict[str, CameraId] = field(default_factory=dict)

    def describe(self, _actor: str = "") -> Mapping[str, object]:
        """See ``Site``."""
        agent, allowed = self.settings.agent, self.settings.allowed
        messages = self.settings.talkdown.messages
        box = {"id": agent.id, "name": agent.name or agent.id, "place": agent.place, "version": __version__}
        known = {
            "policy": {
                "profile": allowed.profile,
                "individual_events": allowed.individual_events,
                "snapshots": allowed.snapshots,
                "automatic_talkdown": allowed.automatic_talkdown and self.settings.talkdown.automatic,
            },
            "messages": [{"id": name, "texts": dict(message.texts)} for name, message in messages.items()],
            "languages": list(dict.fromkeys(language for message in messages.values() for language in message.texts)),
        }
        return {
            "agent": box,
            "agents": [{**box, **known, "state": "online"}],
            "console": False,
            "user": None,
            "cameras": [self.describe_camera(camera) for camera in self.cameras.values()],
            **known,
        }

    def inform(self) -> Mapping[str, object]:
        """Returns what the control room is told once: what this box is and may do."""
        changing = {"state", "reason", "remedy", "width", "height", "viewers"}
        cameras = [
            {name: value for name, value in self.describe_camera(camera).items() if name not in changing}
            for camera in self.cameras.values()
        ]
        of_the_page = {"agents", "console", "user"}
        described = {name: value for name, value in self.describe().items() if name not in of_the_page}
        return {**described, "cameras": cameras}

    def describe_camera(self, camera: Camera) -> Mapping[str, object]:
        """Returns one camera as the page knows it."""
        width, height = camera.main.size
        announcer = self.announcers.get(camera.id)
        return {
            "id": camera.id,
            "name": camera.settings.name or camera.id,
            "place": camera.settings.place,
            "state": camera.status.state,
            "reason": camera.status.reason,
            "remedy": camera.status.remedy,
            "speaker": announcer is not None,
            "voice": announcer is not None,
            "volume": announcer.volume if announcer else None,
            "ptz": (ptz := self.ptzs.get(camera.id)) is not None and ptz.able,
            "masks": len(camera.settings.privacy.masks),
            "streams": list(camera.streams),
            "viewers": self.live.viewers(camera.id),
            "width": width,
            "height": height,
        }

    def sees(self, camera: str, actor: str) -> bool:  # noqa: ARG002 - who is let in sees all of a box
        """See ``Site``."""
        return True

    def is_watched_from_afar(self, camera: CameraId) -> bool:
        """Tells whether somebody watches a camera whom a command let in: boxes are told to the control room then."""
        return camera in self.afar.values()

    async def recent_events(self, limit: int, _actor: str) -> Sequence[Mapping[str, object]]:
        """See ``Site``."""
        return [self.present(envelope) for envelope in self.journal.recent(limit)]

    def present(self, envelope: Mapping[str, object]) -> Mapping[str, object]:
        """Returns an envelope with the address of its picture, or None where it has none."""
        event = str(envelope["id"])
        there = self.journal.snapshot(event) is not None
        return {**envelope, "snapshot": f"/api/events/{event}/snapshot" if there else None}

    async def snapshot(self, event: UUID, _actor: str) -> bytes | None:
        """See ``Site``."""
        return self.journal.snapshot(str(event))

    async def layouts(self, _actor: str) -> Mapping[str, object]:
        """See ``Site``; a box has one wall for all."""
        return await self.walls.read(_EVERYBODY)

    async def keep_layouts(self, layouts: Mapping[str, object], _actor: str) -> None:
        """See ``Site``."""
        await self.walls.keep(_EVERYBODY, layouts)

    async def say(self, camera: CameraId, words: Words, actor: str) -> UUID:
        """See ``Site``."""
        request = Request(
            actor=actor,
            message=words.message,
            text=words.text,
            languages=(words.language,) if words.language else (),
        )
        utterance = await self._announcer(camera).say(request)
        await self.audit(actor, "talkdown.play", camera, detail=words.message or words.text)
        return utterance

    async def hush(self, camera: CameraId, actor: str) -> None:
        """See ``Site``."""
        self._announcer(camera).hush(actor)
        await self.audit(actor, "talkdown.stop", camera)

    async def set_volume(self, camera: CameraId, volume: float, actor: str) -> None:
        """See ``Site``; what the settings say holds again when the agent starts."""
        if not SOFTEST <= volume <= 0:
            raise PermanentError(
                f"{volume:g} dB is no volume", f"choose from {SOFTEST:g} to 0", code="arguments_invalid"
            )
        self._announcer(camera).set_volume(volume)
        self.changed(camera)
        await self.audit(actor, "talkdown.volume", camera, detail=f"{volume:g} dB")

    async def move(self, camera: CameraId, movement: Movement, actor: str) -> None:
        """See ``Site``."""
        ptz = self._ptz(camera)
        if movement.preset:
            await ptz.recall(movement.preset, actor)
            await self.audit(actor, "ptz.move", camera, detail=f"preset {movement.preset}")
        elif await ptz.move(Velocity(movement.pan, movement.tilt, movement.zoom), actor):
            # A held button asks twice a second; what a reader wants to know is that somebody turned it, and when.
            await self.audit(actor, "ptz.move", camera)

    async def presets(self, camera: CameraId, _actor: str) -> Sequence[Mapping[str, str]]:
        """See ``Site``."""
        return [{"token": preset.token, "name": preset.name} for preset in await self._ptz(camera).presets()]

    async def talk(self, camera: CameraId, offer_sdp: str, visitor: Visitor) -> Opened:
        """See ``Site``."""
        announcer = self._announcer(camera)
        announcer.check_talk()
        speak = partial(announcer.talk, visitor.name)
        session, answer = await self.voices.open(camera, offer_sdp, visitor.name, speak, visitor.until)
        await self.audit(visitor.name, "talkdown.open", camera)
        return Opened(session, answer)

    async def untalk(self, camera: CameraId, session: str, _actor: str) -> None:
        """See ``Site``; who is let in may end what anybody opened, for all share the box's one token."""
        self._announcer(camera)
        await self.voices.close(session)

    async def audit(self, actor: str, action: str, camera: str, *, detail: str = "") -> None:
        """Writes down what a person did."""
        await self.journal.tell(None, Audit(actor, action, camera, "done", detail))

    async def watch(
        self,
        camera: CameraId,
        offer_sdp: str,
        visitor: Visitor,
        *,
        stream: Wish = Wish.AUTO,
        key: str = "",
    ) -> Opened:
        """See ``Site``."""
        asked = Asked(stream, key, visitor.until)
        session = await self.live.open(camera, offer_sdp, self.camera(camera), visitor.name, asked)
        return Opened(session.id, session.answer_sdp, session.waiting)

    async def select(self, camera: CameraId, session: str, stream: Wish, _actor: str) -> None:
        """See ``Site``, and ``untalk``."""
        self.camera(camera)
        self.live.select(session, stream)

    async def unwatch(self, camera: CameraId, session: str, _actor: str) -> None:
        """See ``Site``, and ``untalk``."""
        self.camera(camera)
        await self.live.close(session)

    def ice_servers(self, camera: CameraId, actor: str) -> Sequence[IceServer]:
        """See ``Site``."""
        self.camera(camera)
        return self.live.ice_servers(actor)

    def camera(self, camera: CameraId) -> Camera:
        """Returns a camera by its id.

        Raises:
            PermanentError: when there is none.
        """
        found = self.cameras.get(camera)
        if found is None:
            raise PermanentError(
                f"there is no camera {camera!r}", f"there are {', '.join(self.cameras)}", code="camera_unknown"
            )
        return found

    def _announcer(self, camera: CameraId) -> Announcer:
        self.camera(camera)
        found = self.announcers.get(camera)
        if found is None:
            raise PermanentError(
                f"camera {camera!r} has no loudspeaker", f"set cameras.{camera}.speaker", code="no_speaker"
            )
        return found

    def _ptz(self, camera: CameraId) -> Ptz:
        self.camera(camera)
        found = self.ptzs.get(camera)
        if found is None:
            raise PermanentError(
                f"camera {camera!r} cannot be turned",
                f"set cameras.{camera}.onvif.url, if its model has PTZ and no privacy mask is set",
                code="no_ptz",
            )
        return found
