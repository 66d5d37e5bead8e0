"""What the web needs from the agent; ``agent.py`` implements it by composition, a test by a double."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from pydantic import SecretStr

from edge_agent.values.ids import CameraId


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
    """A viewer's session.

    Attributes:
        session: its id.
        answer_sdp: what the viewer is answered.
    """

    session: str
    answer_sdp: str


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


class Site(Protocol):
    """The agent as its page sees it; everything is called on the event loop.

    An ``AgentError`` becomes an answer with its code, reason and remedy. An unknown camera is a ``PermanentError`` with
    the code ``camera_unknown``.
    """

    def describe(self) -> Mapping[str, object]:
        """Returns what ``GET /api/site`` answers."""
        ...

    async def recent_events(self, limit: int) -> Sequence[Mapping[str, object]]:
        """Returns CloudEvents envelopes, newest first, each with ``snapshot``: ``snapshot_address`` or None."""
        ...

    async def snapshot(self, event: UUID) -> bytes | None:
        """Returns an event's JPEG, None where there is none."""
        ...

    async def say(self, camera: CameraId, words: Words, actor: str) -> UUID:
        """Gives a loudspeaker something to say and returns the utterance's id; raises an ``AgentError`` if refused."""
        ...

    async def hush(self, camera: CameraId, actor: str) -> None:
        """Stops what a camera's loudspeaker says."""
        ...

    async def watch(self, camera: CameraId, offer_sdp: str, actor: str) -> Opened:
        """Opens a viewer's session; raises an ``AgentError`` if refused."""
        ...

    async def unwatch(self, camera: CameraId, session: str) -> None:
        """Closes a viewer's session; a ``PermanentError`` with the code ``session_unknown`` if there is none."""
        ...

    def ice_servers(self, camera: CameraId) -> Sequence[IceServer]:
        """Returns the servers that a viewer may use to get through address translation."""
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
