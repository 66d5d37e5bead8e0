"""The desk: where the page and the control room ask the agent for something, and where the answer comes from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TypeVar
from uuid import UUID

from pydantic import ValidationError

from edge_agent import __version__
from edge_agent.arguments import (
    Arguments,
    EventsReplay,
    LiveClose,
    LiveOpen,
    LiveSelect,
    Nothing,
    OnCamera,
    PtzMove,
    TalkdownClose,
    TalkdownOpen,
    TalkdownPlay,
    TalkdownVolume,
)
from edge_agent.camera import Camera
from edge_agent.errors import AgentError, PermanentError
from edge_agent.events.journal import Journal
from edge_agent.live.sessions import Asked, LiveSessions
from edge_agent.live.settings import IceServer
from edge_agent.live.voice import Voices
from edge_agent.onvif.ptz import Ptz, Velocity
from edge_agent.settings import Settings, describe_settings
from edge_agent.talkdown.announcer import Announcer
from edge_agent.talkdown.hours import SOFTEST
from edge_agent.talkdown.request import Request
from edge_agent.values.command import Command, Reply
from edge_agent.values.event import Audit
from edge_agent.values.ids import CameraId
from edge_agent.values.viewing import Wish
from edge_agent.web.layouts import Layouts
from edge_agent.web.site import Movement, Opened, Words

A = TypeVar("A", bound=Arguments)

_EVERYBODY = "layouts"


@dataclass(frozen=True, slots=True)
class Desk:
    """Answers what people ask; see ``web.site.Site`` for the page's side, ``obey`` for the control room's.

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

    async def obey(self, command: Command) -> Reply:
        """Carries out a command that passed its checks; whatever goes wrong is in the answer."""
        carry_out = {
            "talkdown.play": self._play,
            "talkdown.stop": self._stop,
            "talkdown.open": self._talk,
            "talkdown.close": self._untalk,
            "talkdown.volume": self._set_volume,
            "live.open": self._open,
            "live.select": self._select,
            "live.close": self._close,
            "ptz.move": self._move,
            "ptz.presets": self._presets,
            "events.replay": self._replay,
            "config.show": self._show,
        }.get(command.name)
        if carry_out is None:
            return Reply(
                command.id,
                ok=False,
                code="command_unknown",
                message=f"this agent does not know {command.name}",
                remedy="update the agent, or ask for another command",
            )
        try:
            return Reply(command.id, ok=True, result=await carry_out(command))
        except AgentError as exc:
            return Reply(command.id, ok=False, code=exc.code, message=exc.reason, remedy=exc.remedy)

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

    async def talk(self, camera: CameraId, offer_sdp: str, actor: str, *, until: datetime | None = None) -> Opened:
        """See ``Site``."""
        speak = partial(self._announcer(camera).talk, actor)
        session, answer = await self.voices.open(camera, offer_sdp, actor, speak, until)
        await self.audit(actor, "talkdown.open", camera)
        return Opened(session, answer)

    async def untalk(self, camera: CameraId, session: str) -> None:
        """See ``Site``."""
        self._announcer(camera)
        await self.voices.close(session)

    async def audit(self, actor: str, action: str, camera: str, *, detail: str = "") -> None:
        """Writes down what a person did."""
        await self.journal.tell(None, Audit(actor, action, camera, "done", detail))

    async def watch(
        self,
        camera: CameraId,
        offer_sdp: str,
        actor: str,
        *,
        stream: Wish = Wish.AUTO,
        key: str = "",
        until: datetime | None = None,
    ) -> Opened:
        """See ``Site``."""
        asked = Asked(stream, key, until)
        session = await self.live.open(camera, offer_sdp, self._camera(camera), actor, asked)
        return Opened(session.id, session.answer_sdp, session.waiting)

    async def select(self, camera: CameraId, session: str, stream: Wish) -> None:
        """See ``Site``."""
        self._camera(camera)
        self.live.select(session, stream)

    async def unwatch(self, camera: CameraId, session: str) -> None:
        """See ``Site``."""
        self._camera(camera)
        await self.live.close(session)

    def ice_servers(self, camera: CameraId, actor: str) -> Sequence[IceServer]:
        """See ``Site``."""
        self._camera(camera)
        return self.live.ice_servers(actor)

    async def _play(self, command: Command) -> Mapping[str, object]:
        asked = _parse(TalkdownPlay, command)
        words = Words(asked.message, asked.text, asked.language)
        return {"utterance": str(await self.say(CameraId(asked.camera), words, command.actor))}

    async def _stop(self, command: Command) -> Mapping[str, object]:
        await self.hush(CameraId(_parse(OnCamera, command).camera), command.actor)
        return {}

    async def _talk(self, command: Command) -> Mapping[str, object]:
        asked = _parse(TalkdownOpen, command)
        opened = await self.talk(CameraId(asked.camera), asked.offer, command.actor, until=asked.until)
        return {"session": opened.session, "answer": opened.answer_sdp}

    async def _untalk(self, command: Command) -> Mapping[str, object]:
        await self.voices.close(_parse(TalkdownClose, command).session)
        return {}

    async def _set_volume(self, command: Command) -> Mapping[str, object]:
        asked = _parse(TalkdownVolume, command)
        await self.set_volume(CameraId(asked.camera), asked.volume, command.actor)
        return {}

    async def _open(self, command: Command) -> Mapping[str, object]:
        asked = _parse(LiveOpen, command)
        camera = CameraId(asked.camera)
        opened = await self.watch(
            camera, asked.offer, command.actor, stream=asked.stream, key=command.id, until=asked.until
        )
        self.afar[opened.session] = camera
        waiting = {"waiting": opened.waiting} if opened.waiting else {}
        return {"session": opened.session, "answer": opened.answer_sdp, **waiting}

    async def _select(self, command: Command) -> Mapping[str, object]:
        asked = _parse(LiveSelect, command)
        self.live.select(asked.session, asked.stream)
        return {}

    async def _close(self, command: Command) -> Mapping[str, object]:
        await self.live.close(_parse(LiveClose, command).session)
        return {}

    async def _move(self, command: Command) -> Mapping[str, object]:
        asked = _parse(PtzMove, command)
        movement = Movement(asked.pan, asked.tilt, asked.zoom, asked.preset)
        await self.move(CameraId(asked.camera), movement, command.actor)
        return {}

    async def _presets(self, command: Command) -> Mapping[str, object]:
        camera = CameraId(_parse(OnCamera, command).camera)
        return {"presets": await self.presets(camera, command.actor)}

    async def _replay(self, command: Command) -> Mapping[str, object]:
        asked = _parse(EventsReplay, command)
        replayed = await self.journal.replay(asked.wanted)
        await self.audit(command.actor, command.name, "", detail=f"{replayed.again} events")
        return {"again": replayed.again, "waiting": replayed.waiting}

    async def _show(self, command: Command) -> Mapping[str, object]:
        _parse(Nothing, command)
        return {"settings": list(describe_settings(self.settings))}

    def _camera(self, camera: CameraId) -> Camera:
        found = self.cameras.get(camera)
        if found is None:
            raise PermanentError(
                f"there is no camera {camera!r}", f"there are {', '.join(self.cameras)}", code="camera_unknown"
            )
        return found

    def _announcer(self, camera: CameraId) -> Announcer:
        self._camera(camera)
        found = self.announcers.get(camera)
        if found is None:
            raise PermanentError(
                f"camera {camera!r} has no loudspeaker", f"set cameras.{camera}.speaker", code="no_speaker"
            )
        return found

    def _ptz(self, camera: CameraId) -> Ptz:
        self._camera(camera)
        found = self.ptzs.get(camera)
        if found is None:
            raise PermanentError(
                f"camera {camera!r} cannot be turned",
                f"set cameras.{camera}.onvif.url, if its model has PTZ and no privacy mask is set",
                code="no_ptz",
            )
        return found


def _parse(form: type[A], command: Command) -> A:
    try:
        return form.model_validate(dict(command.arguments))
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "arguments"
        raise PermanentError(
            f"{command.name}: {where}: {first['msg']}", "see the schema in docs/events", code="arguments_invalid"
        ) from exc
