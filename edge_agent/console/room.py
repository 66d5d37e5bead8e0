"""The control room as a page sees it: what an account may see of the town, and what it asks the agents for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar
from uuid import UUID

from pydantic import BaseModel, JsonValue, ValidationError

from edge_agent import __version__
from edge_agent.aio.clock import Clock
from edge_agent.console.account import Account, Action
from edge_agent.console.album import Album
from edge_agent.console.asking import WITHIN, Asking
from edge_agent.console.box import Box
from edge_agent.console.chronicle import Chronicle
from edge_agent.console.settings import ConsoleSettings
from edge_agent.console.told import CameraTold, OpenedTold, PresetsTold, SaidTold
from edge_agent.console.town import Town
from edge_agent.console.users import Users
from edge_agent.console.viewings import Viewing, Viewings
from edge_agent.errors import PermanentError
from edge_agent.events.envelope import stamp
from edge_agent.live.settings import IceServer
from edge_agent.values.ids import CameraId
from edge_agent.values.viewing import Wish
from edge_agent.web.door import Visitor
from edge_agent.web.layouts import Layouts
from edge_agent.web.site import Movement, Opened, Words

Told = TypeVar("Told", bound=BaseModel)

_NOTHING: Mapping[str, JsonValue] = {}

OPENING = 12.0
"""Seconds that an agent may take to answer an offer; a camera that must be woken takes some."""


@dataclass(frozen=True, slots=True)
class ControlRoom:
    """See ``Site``; an actor is the name of an account.

    Attributes:
        settings: of the console.
        users: the accounts.
        town: the boxes.
        chronicle: their events.
        album: their pictures.
        asking: asks them.
        viewings: what is open at them.
        walls: the accounts' layouts.
        clock: stamps sessions.
        connected: whether the line to the broker is up.
        figures: measurements in Prometheus' text format.
    """

    settings: ConsoleSettings
    users: Users
    town: Town
    chronicle: Chronicle
    album: Album
    asking: Asking
    viewings: Viewings
    walls: Layouts
    clock: Clock
    connected: Callable[[], bool]
    figures: Callable[[], bytes]

    def describe(self, actor: str) -> Mapping[str, object]:
        """See ``Site``."""
        account = self._account(actor)
        boxes = [box for box in self.town.boxes.values() if account.sees_box(box.id)]
        room = self.settings.console
        return {
            "agent": {"id": room.name, "name": room.title, "place": "", "version": __version__},
            "agents": [box.describe() for box in sorted(boxes, key=lambda box: box.id)],
            "console": True,
            "user": {
                "name": actor,
                "role": account.role,
                "actions": account.possible,
            },
            "policy": _policy(boxes),
            "cameras": [
                box.describe_camera(camera)
                for box in boxes
                for camera in box.info.cameras
                if account.sees(f"{box.id}:{camera.id}")
            ],
            "messages": list({m.id: m.model_dump() for box in boxes for m in box.info.messages}.values()),
            "languages": list(dict.fromkeys(language for box in boxes for language in box.info.languages)),
        }

    def sees(self, camera: str, actor: str) -> bool:
        """See ``Site``; a name without a colon is a box, and what is about neither wakes even whoever was removed."""
        account = self.users.find(actor)
        if account is None or not camera:
            return not camera
        return account.sees(camera) if ":" in camera else account.sees_box(camera)

    async def recent_events(self, limit: int, actor: str) -> Sequence[Mapping[str, object]]:
        """See ``Site``."""
        account = self._account(actor)
        return self.chronicle.recent(limit, None if account.sees_all else account.sees)

    async def snapshot(self, event: UUID, actor: str) -> bytes | None:
        """See ``Site``."""
        place = self.chronicle.place(str(event))
        if place is None or not self._account(actor).sees(place):
            return None
        return await self.album.find(event)

    async def layouts(self, actor: str) -> Mapping[str, object]:
        """See ``Site``."""
        return await self.walls.read(actor)

    async def keep_layouts(self, layouts: Mapping[str, object], actor: str) -> None:
        """See ``Site``."""
        if not self._account(actor).may(Action.LAYOUT):
            raise _forbidden(actor, Action.LAYOUT)
        await self.walls.keep(actor, layouts)

    async def say(self, camera: CameraId, words: Words, actor: str) -> UUID:
        """See ``Site``."""
        told: dict[str, JsonValue] = {"message": words.message, "text": words.text, "language": words.language}
        return _read(SaidTold, await self._ask(camera, Action.SPEAK, "talkdown.play", actor, told)).utterance

    async def hush(self, camera: CameraId, actor: str) -> None:
        """See ``Site``."""
        await self._ask(camera, Action.SPEAK, "talkdown.stop", actor)

    async def set_volume(self, camera: CameraId, volume: float, actor: str) -> None:
        """See ``Site``."""
        await self._ask(camera, Action.SPEAK, "talkdown.volume", actor, {"volume": volume})

    async def move(self, camera: CameraId, movement: Movement, actor: str) -> None:
        """See ``Site``."""
        how: dict[str, JsonValue] = {"pan": movement.pan, "tilt": movement.tilt, "zoom": movement.zoom}
        if movement.preset:
            how = {"preset": movement.preset}
        await self._ask(camera, Action.PTZ, "ptz.move", actor, how)

    async def presets(self, camera: CameraId, actor: str) -> Sequence[Mapping[str, str]]:
        """See ``Site``."""
        told = _read(PresetsTold, await self._ask(camera, Action.PTZ, "ptz.presets", actor))
        return [preset.model_dump() for preset in told.presets]

    async def talk(self, camera: CameraId, offer_sdp: str, visitor: Visitor) -> Opened:
        """See ``Site``."""
        return await self._open(camera, Action.SPEAK, "talkdown.open", visitor, {"offer": offer_sdp})

    async def untalk(self, camera: CameraId, session: str, actor: str) -> None:
        """See ``Site``."""
        await self.viewings.close(camera, session, actor)

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
        asked: dict[str, JsonValue] = {"offer": offer_sdp, "stream": stream}
        open_it = partial(self._open, camera, Action.LIVE, "live.open", visitor, asked, key)
        if not key:
            return await open_it()
        return await self.viewings.once.answer((visitor.name, key), f"{camera} {stream} {offer_sdp}", open_it)

    async def select(self, camera: CameraId, session: str, stream: Wish, actor: str) -> None:
        """See ``Site``."""
        self.viewings.at(camera, session, actor)
        box, _ = self._find(camera, self._account(actor))
        await self.asking.ask(box, "live.select", {"session": session, "stream": stream}, actor)

    async def unwatch(self, camera: CameraId, session: str, actor: str) -> None:
        """See ``Site``."""
        await self.viewings.close(camera, session, actor)

    def ice_servers(self, camera: CameraId, actor: str) -> Sequence[IceServer]:
        """See ``Site``."""
        self._find(camera, self._account(actor))
        now = self.clock.wall()
        return [server.issue(actor, now) for server in self.settings.ice_servers]

    def healthy(self) -> bool:
        """See ``Site``."""
        return self.connected()

    def metrics(self) -> bytes:
        """See ``Site``."""
        return self.figures()

    def _account(self, actor: str) -> Account:
        account = self.users.find(actor)
        if account is None:
            raise PermanentError("there is no such account any more", "sign in", code="login_missing")
        return account

    def _find(self, camera: str, account: Account) -> tuple[Box, CameraTold]:
        """Returns a camera that an account sees; one that it does not see is as unknown as one that is not there."""
        agent, _, name = camera.partition(":")
        box = self.town.boxes.get(agent)
        found = box.camera(name) if box and account.sees(camera) else None
        if box is None or found is None:
            raise PermanentError(f"there is no camera {camera!r}", "load the page again", code="camera_unknown")
        return box, found

    async def _ask(
        self,
        camera: str,
        action: Action,
        command: str,
        actor: str,
        arguments: Mapping[str, JsonValue] = _NOTHING,
        within: float = WITHIN,
    ) -> Mapping[str, JsonValue]:
        account = self._account(actor)
        box, found = self._find(camera, account)
        if not account.may(action):
            raise _forbidden(actor, action)
        return await self.asking.ask(box, command, {"camera": found.id, **arguments}, actor, within=within)

    async def _open(
        self,
        camera: str,
        action: Action,
        command: str,
        visitor: Visitor,
        arguments: Mapping[str, JsonValue],
        key: str = "",
    ) -> Opened:
        """Has an agent open a session that ends with the login that it is opened with."""
        until: Mapping[str, JsonValue] = {} if visitor.until is None else {"until": stamp(visitor.until)}
        answer = await self._ask(camera, action, command, visitor.name, {**arguments, **until}, OPENING)
        told = _read(OpenedTold, answer)
        agent = camera.partition(":")[0]
        self.viewings.note(told.session, Viewing(agent, camera, visitor, action, self.clock.monotonic(), key))
        return Opened(told.session, told.answer, told.waiting)


def _read(model: type[Told], answer: Mapping[str, JsonValue]) -> Told:
    """Returns what an agent answered, checked: a box in the street may be anybody's by now."""
    try:
        return model.model_validate(answer)
    except ValidationError as exc:
        remedy = "update the box and the control room to the same version"
        raise PermanentError("the box's answer cannot be understood", remedy, code="answer_invalid") from exc


def _forbidden(actor: str, action: Action) -> PermanentError:
    remedy = "ask whoever keeps the accounts: edge-agent console user"
    return PermanentError(f"{actor} may not do that ({action})", remedy, code="forbidden")


def _policy(boxes: Sequence[Box]) -> Mapping[str, JsonValue]:
    """Returns the policy of all boxes where it is one, else none: each box has its own beside it."""
    policies = [box.info.policy for box in boxes if box.info.policy]
    return policies[0] if policies and all(each == policies[0] for each in policies) else {}
