"""What the control room orders by MQTT: each command's arguments read, carried out at the desk, answered."""

import asyncio
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from edge_agent.aio.threads import own_thread
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
from edge_agent.camera import encode_snapshot
from edge_agent.desk import Desk
from edge_agent.errors import AgentError, PermanentError, TransientError
from edge_agent.reading import describe_settings
from edge_agent.streams import CameraStream
from edge_agent.uplink.topics import SNAPSHOT, Topics
from edge_agent.values.command import Command, Reply
from edge_agent.values.event import Audit, SnapshotTaken
from edge_agent.values.ids import CameraId
from edge_agent.web.door import Visitor
from edge_agent.web.site import Movement, Words

A = TypeVar("A", bound=Arguments)

PICTURE_WITHIN = 10.0
"""Seconds that a picture may take; a camera's key frames are rarely further apart."""

LAST_ANSWER = 1.0
"""Seconds between the answer to ``agent.restart`` and the end: the broker is to have it."""


class Orders:
    """Carries out commands.

    Args:
        desk: does what the page can ask for too.
        leave: ends the agent in good order.

    Building it looks at files, and blocks.
    """

    def __init__(self, desk: Desk, leave: Callable[[], None]) -> None:
        self._desk = desk
        self._leave = leave
        self._supervised = desk.settings.agent.supervised or _is_supervised()

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
            "snapshot.take": self._take,
            "events.replay": self._replay,
            "config.show": self._show,
            "agent.restart": self._restart,
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

    async def refuse(self, name: str, actor: str, error: AgentError) -> None:
        """Writes down that an order was refused before it came here."""
        await self._desk.journal.tell(None, Audit(actor or "unknown", name, "", "refused", error.reason))

    async def _play(self, command: Command) -> Mapping[str, object]:
        asked = _parse(TalkdownPlay, command)
        words = Words(asked.message, asked.text, asked.language)
        return {"utterance": str(await self._desk.say(CameraId(asked.camera), words, command.actor))}

    async def _stop(self, command: Command) -> Mapping[str, object]:
        await self._desk.hush(CameraId(_parse(OnCamera, command).camera), command.actor)
        return {}

    async def _talk(self, command: Command) -> Mapping[str, object]:
        asked = _parse(TalkdownOpen, command)
        visitor = Visitor(command.actor, asked.until)
        opened = await self._desk.talk(CameraId(asked.camera), asked.offer, visitor)
        return {"session": opened.session, "answer": opened.answer_sdp}

    async def _untalk(self, command: Command) -> Mapping[str, object]:
        await self._desk.voices.close(_parse(TalkdownClose, command).session)
        return {}

    async def _set_volume(self, command: Command) -> Mapping[str, object]:
        asked = _parse(TalkdownVolume, command)
        await self._desk.set_volume(CameraId(asked.camera), asked.volume, command.actor)
        return {}

    async def _open(self, command: Command) -> Mapping[str, object]:
        asked = _parse(LiveOpen, command)
        camera = CameraId(asked.camera)
        visitor = Visitor(command.actor, asked.until)
        opened = await self._desk.watch(camera, asked.offer, visitor, stream=asked.stream, key=command.id)
        self._desk.afar[opened.session] = camera
        waiting = {"waiting": opened.waiting} if opened.waiting else {}
        return {"session": opened.session, "answer": opened.answer_sdp, **waiting}

    async def _select(self, command: Command) -> Mapping[str, object]:
        asked = _parse(LiveSelect, command)
        self._desk.live.select(asked.session, asked.stream)
        return {}

    async def _close(self, command: Command) -> Mapping[str, object]:
        await self._desk.live.close(_parse(LiveClose, command).session)
        return {}

    async def _move(self, command: Command) -> Mapping[str, object]:
        asked = _parse(PtzMove, command)
        movement = Movement(asked.pan, asked.tilt, asked.zoom, asked.preset)
        await self._desk.move(CameraId(asked.camera), movement, command.actor)
        return {}

    async def _presets(self, command: Command) -> Mapping[str, object]:
        camera = CameraId(_parse(OnCamera, command).camera)
        return {"presets": await self._desk.presets(camera, command.actor)}

    async def _replay(self, command: Command) -> Mapping[str, object]:
        asked = _parse(EventsReplay, command)
        replayed = await self._desk.journal.replay(asked.wanted)
        await self._desk.audit(command.actor, command.name, "", detail=f"{replayed.again} events")
        return {"again": replayed.again, "waiting": replayed.waiting}

    async def _show(self, command: Command) -> Mapping[str, object]:
        _parse(Nothing, command)
        return {"settings": list(describe_settings(self._desk.settings))}

    async def _take(self, command: Command) -> Mapping[str, object]:
        """Tells an event with the picture of this moment, privacy masks burned in."""
        camera = self._desk.camera(CameraId(_parse(OnCamera, command).camera))
        if not self._desk.settings.allowed.snapshots:
            reason = f"the profile {self._desk.settings.policy.profile} lets no picture leave the box"
            raise PermanentError(reason, "open a live view instead", code="policy")
        if (trouble := camera.main.trouble()) is not None:
            raise trouble
        picture = await own_thread(lambda stop: _picture(camera.main, stop), name=f"{camera.id}: snapshot")
        await self._desk.audit(command.actor, command.name, camera.id)
        event = await self._desk.journal.tell(camera.id, SnapshotTaken(command.actor), picture)
        settings = self._desk.settings
        root = Topics(settings.mqtt.prefix, settings.agent.id)
        return {"event": str(event.id), "topic": root.under(SNAPSHOT.format(camera.id, event.id))}

    async def _restart(self, command: Command) -> Mapping[str, object]:
        """Ends the agent; whoever supervises it starts it again."""
        _parse(Nothing, command)
        if not self._supervised:
            remedy = "run it by systemd or in a container, or set agent.supervised"
            raise PermanentError("nobody would start the agent again", remedy, code="unsupervised")
        await self._desk.audit(command.actor, command.name, "")
        asyncio.get_running_loop().call_later(LAST_ANSWER, self._leave)
        return {}


def _picture(stream: CameraStream, stop: threading.Event) -> bytes:
    """Returns a JPEG of the first picture that arrived after now; blocks."""
    begun = stream.clock.monotonic()
    for frame in stream.open_frames(stop):
        if frame.arrived >= begun:
            return encode_snapshot(frame)
        if stream.clock.monotonic() - begun > PICTURE_WITHIN:
            break
    raise TransientError("no picture came in time", "look at the camera's state, and ask again")


def _is_supervised() -> bool:
    """Whether systemd started this process, or it runs in a container, whose engine starts it again."""
    return "INVOCATION_ID" in os.environ or Path("/.dockerenv").exists() or "BALENA_DEVICE_UUID" in os.environ


def _parse(form: type[A], command: Command) -> A:
    try:
        return form.model_validate(dict(command.arguments))
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "arguments"
        raise PermanentError(
            f"{command.name}: {where}: {first['msg']}", "see the schema in docs/events", code="arguments_invalid"
        ) from exc
