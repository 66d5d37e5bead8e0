"""What the web needs from the agent; ``agent.py`` implements it by composition, a test by a double."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from pydantic import SecretStr

from edge_agent.values.ids import CameraId
from edge_agent.values.viewing import Wish
from edge_agent.web.door import Visitor


class IceServer(Protocol):
    """A STUN or TURN server for viewers."""

    @property
    def urls(self) -> Sequence[str]:
        """Its addresses."""
        ...

    @property
    def username(self) -> str:
        """For TURN, else empty."""
        ...

    @property
    def credential(self) -> SecretStr:
        """For TURN, else empty."""
        ...


@dataclass(frozen=True, slots=True)
class Opened:
    """A viewer's or a voice's session.

    Attributes:
        session: its id; cannot be guessed.
        answer_sdp: what the other side is answered.
        waiting: why there is no picture yet and what to do about it, empty when there is one.
    """

    session: str
    answer_sdp: str
    waiting: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """What a loudspeaker is to say; exactly one of ``message`` and ``text`` is not empty.

    Attributes:
        message: id of a message in the catalogue.
        text: free text.
        language: such as ``fr``.
    """

    message: str
    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Movement:
    """How a camera is to move: towards a preset, or at a speed of -1 to 1 on each axis until told otherwise.

    Attributes:
        pan: to the right; all three 0 stops.
        tilt: upwards.
        zoom: closer.
        preset: token of a preset; empty for a speed.
    """

    pan: float = 0.0
    tilt: float = 0.0
    zoom: float = 0.0
    preset: str = ""


class Site(Protocol):
    """What a page shows and asks for: one agent's cameras, or in the control room those of many.

    Everything is called on the event loop. ``actor`` is who asks, as the door let them in: for the audit trail, and in
    the control room for what they may see and do. An ``AgentError`` becomes an answer with its code, reason and remedy.
    An unknown camera is a ``PermanentError`` with the code ``camera_unknown``.
    """

    def describe(self, actor: str, /) -> Mapping[str, object]:
        """Returns what ``GET /api/site`` answers."""
        ...

    def sees(self, camera: str, actor: str, /) -> bool:
        """Tells whether somebody may know what happens at a camera; empty for what concerns no camera."""
        ...

    async def recent_events(self, limit: int, actor: str, /) -> Sequence[Mapping[str, object]]:
        """Returns CloudEvents envelopes, newest first, each with ``snapshot``: ``snapshot_address`` or None."""
        ...

    async def snapshot(self, event: UUID, actor: str, /) -> bytes | None:
        """Returns an event's JPEG, None where there is none."""
        ...

    async def layouts(self, actor: str, /) -> Mapping[str, object]:
        """Returns how the page's walls are laid out, a JSON object that only the page understands."""
        ...

    async def keep_layouts(self, layouts: Mapping[str, object], actor: str, /) -> None:
        """Keeps what ``layouts`` returns from now on."""
        ...

    async def say(self, camera: CameraId, words: Words, actor: str) -> UUID:
        """Gives a loudspeaker something to say and returns the utterance's id; raises an ``AgentError`` if refused."""
        ...

    async def hush(self, camera: CameraId, actor: str) -> None:
        """Stops what a camera's loudspeaker says."""
        ...

    async def set_volume(self, camera: CameraId, volume: float, actor: str, /) -> None:
        """Sets how loud a camera's loudspeaker is, in decibels; 0 is as loud as it gets undistorted."""
        ...

    async def move(self, camera: CameraId, movement: Movement, actor: str, /) -> None:
        """Moves a camera; a ``PermanentError`` with the code ``no_ptz`` if it cannot."""
        ...

    async def presets(self, camera: CameraId, actor: str, /) -> Sequence[Mapping[str, str]]:
        """Returns where a camera can be sent: each with ``token`` and ``name``; raises as ``move``."""
        ...

    async def talk(self, camera: CameraId, offer_sdp: str, visitor: Visitor, /) -> Opened:
        """Opens the way of an operator's voice to a loudspeaker until it is closed or the login ends.

        Raises an ``AgentError`` if refused.
        """
        ...

    async def untalk(self, camera: CameraId, session: str, actor: str, /) -> None:
        """Ends an operator's voice; a ``PermanentError`` (``session_unknown``) if there is none of theirs."""
        ...

    async def watch(
        self,
        camera: CameraId,
        offer_sdp: str,
        visitor: Visitor,
        /,
        *,
        stream: Wish = Wish.AUTO,
        key: str = "",
    ) -> Opened:
        """Opens a viewer's session; raises an ``AgentError`` if refused.

        Args:
            camera: what to watch.
            offer_sdp: the viewer's.
            visitor: who watches, for the audit trail; the session ends with their login.
            stream: which of its streams.
            key: names the request: the same one again is answered alike and opens no second session.
        """
        ...

    async def select(self, camera: CameraId, session: str, stream: Wish, actor: str, /) -> None:
        """Gives a session another stream; a ``PermanentError`` (``session_unknown``) if there is none of theirs."""
        ...

    async def unwatch(self, camera: CameraId, session: str, actor: str, /) -> None:
        """Closes a viewer's session; a ``PermanentError`` (``session_unknown``) if there is none of theirs."""
        ...

    def ice_servers(self, camera: CameraId, actor: str, /) -> Sequence[IceServer]:
        """Returns the servers that this viewer may use to get through address translation, for an hour or so."""
        ...

    def healthy(self) -> bool:
        """Tells whether every part runs."""
        ...

    def metrics(self) -> bytes:
        """Returns measurements in Prometheus' text format."""
        ...


def snapshot_address(event: UUID) -> str:
    """Returns where the page finds an event's picture, relative to the page itself."""
    return f"api/events/{event}/snapshot"
