"""What an agent tells of itself, as the console takes it: checked, bounded, what is not known left out."""

import re
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

Text = Annotated[str, Field(max_length=2000)]
_ID = r"^[a-z0-9][a-z0-9-]{0,62}$"
Id = Annotated[str, Field(pattern=_ID)]


def is_id(text: str) -> bool:
    """Tells whether a level of a topic can be the id of an agent or a camera."""
    return re.fullmatch(_ID, text) is not None


class _Told(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class AgentTold(_Told):
    """The box itself, in ``info``."""

    name: Text = ""
    place: Text = ""
    version: Text = ""


class CameraTold(_Told):
    """One camera, in ``info``."""

    id: Id
    name: Text = ""
    place: Text = ""
    speaker: bool = False
    voice: bool = False
    volume: float | None = None
    ptz: bool = False
    streams: Annotated[tuple[Text, ...], Field(max_length=8)] = ("main",)
    masks: int = 0


class MessageTold(_Told):
    """One message of the catalogue, in ``info``."""

    id: Annotated[str, Field(max_length=64)]
    texts: Annotated[dict[str, Text], Field(max_length=32)] = {}


class InfoTold(_Told):
    """Retained on ``info``."""

    agent: AgentTold = AgentTold()
    policy: Annotated[dict[str, JsonValue], Field(max_length=32)] = {}
    cameras: Annotated[tuple[CameraTold, ...], Field(max_length=256)] = ()
    messages: Annotated[tuple[MessageTold, ...], Field(max_length=256)] = ()
    languages: Annotated[tuple[Text, ...], Field(max_length=32)] = ()


class CameraStatusTold(_Told):
    """Retained on a camera's ``status``."""

    state: Literal["online", "offline", "degraded"]
    reason: Text = ""
    remedy: Text = ""
    viewers: int = 0


class EnvelopeTold(_Told):
    """What the console needs of an event's envelope; the page makes dates and words of it."""

    id: UUID
    type: Annotated[str, Field(max_length=100)]
    time: AwareDatetime


class EventTold(_Told):
    """What the console needs of an event's ``data``."""

    sequence: Annotated[int, Field(ge=1)]
    boot: Annotated[str, Field(max_length=64)]
    snapshot: bool = False
    missing: Annotated[tuple[dict[str, JsonValue], ...], Field(max_length=200)] = ()


class OpenedTold(_Told):
    """What comes of ``live.open`` and ``talkdown.open``; the session becomes part of an address."""

    session: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    answer: Annotated[str, Field(max_length=65_536)]
    waiting: Text = ""


class SaidTold(_Told):
    """What comes of ``talkdown.play``."""

    utterance: UUID


class PresetTold(_Told):
    """A place that a camera can be sent to."""

    token: Annotated[str, Field(max_length=64)]
    name: Annotated[str, Field(max_length=200)] = ""


class PresetsTold(_Told):
    """What comes of ``ptz.presets``."""

    presets: Annotated[tuple[PresetTold, ...], Field(max_length=512)] = ()
