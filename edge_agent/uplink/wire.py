"""What travels beside events: requests, answers and statuses, as models that check and document themselves."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from edge_agent.values.event import CameraState

ID = r"^[A-Za-z0-9._-]{1,64}$"
LARGEST = 65_536
"""Bytes of a command at most; the largest, a WebRTC offer, has about ten thousand."""

COMMANDS = frozenset(
    {
        "live.open",
        "live.select",
        "live.close",
        "talkdown.play",
        "talkdown.stop",
        "talkdown.open",
        "talkdown.close",
        "talkdown.volume",
        "ptz.move",
        "ptz.presets",
        "snapshot.take",
        "evidence.export",
        "events.replay",
        "config.show",
        "agent.restart",
    }
)

CODES = {
    "malformed": "not a JSON object of this form; not answered where no id can be read",
    "too_large": f"more than {LARGEST} bytes",
    "retained": "retained commands are not obeyed",
    "unknown_command": "there is none of this name",
    "unauthorised": "no token, one that cannot be read, that no trusted key signed, or that lives too long",
    "wrong_audience": "the token is meant for another agent",
    "expired": "the token is too old, from before the agent started, or answers no challenge of the last minutes",
    "replayed": "the token was used before",
    "forbidden": "the token's scope does not allow this on this camera",
    "conflict": "the id was used for another command",
    "busy": "too many commands are waiting: send it again later",
    "timeout": "it was begun but not done in time",
    "unavailable": "it may work later",
    "refused": "it stays so until somebody changes something",
}
"""What ``code`` in an answer says; whoever obeys may have others."""


class CommandMessage(BaseModel):
    """A request on ``…/command/{name}``.

    Attributes:
        id: the asker's; the answer carries it, and the same id again gets the same answer, nothing is done twice.
        arguments: what the command needs; ``camera`` where it is about one.
        token: JWT signed with a trusted key (EdDSA or ES256) with ``aud`` = the agent, ``sub`` = who asks, ``iat``,
            ``exp`` at most 120 s ahead, a ``jti`` never used before, and ``scope`` with ``{name}:{camera}`` or
            ``{name}:*``; with the ``challenge`` of the agent's status the clocks of both sides do not matter.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    id: Annotated[str, Field(pattern=ID)]
    arguments: dict[str, JsonValue] = {}
    token: Annotated[str, Field(max_length=8192)] = ""


class ReplyMessage(BaseModel):
    """The answer, on ``…/reply/{id}`` or the MQTT 5 response topic.

    Attributes:
        id: the command's; empty where it had none that can be read.
        ok: whether it was done.
        result: what came of it, where it was done.
        code: a stable word for programs, where it was not.
        message: a sentence for people, where it was not.
        remedy: what to do about it, where it was not.
    """

    id: str
    ok: bool
    result: dict[str, JsonValue] | None = None
    code: str | None = None
    message: str | None = None
    remedy: str | None = None


class CameraStatusMessage(BaseModel):
    """Whether a camera's picture arrives and who watches it, on ``…/camera/{camera}/status``, retained.

    Attributes:
        state: what it is now.
        reason: what happened, empty when online.
        remedy: what to do about it, empty when online.
        viewers: how many live views of it are open.
    """

    state: CameraState
    reason: str = ""
    remedy: str = ""
    viewers: int = 0


class StatusMessage(BaseModel):
    """Whether an agent is there, on ``…/status``, retained.

    Attributes:
        state: ``offline`` is told by the agent when it ends, else by the broker when the connection is lost.
        boot: this run of the agent, as in its events.
        version: the agent's.
        reason: why it is offline.
        challenge: what a token may carry to prove that it is new; another one each minute.
    """

    state: Literal["online", "offline"]
    boot: str
    version: str
    reason: str = ""
    challenge: str = ""


Corners = Annotated[list[float], Field(min_length=4, max_length=4)]
"""Left, top, right, bottom in fractions of the picture."""


class DrawnTrack(BaseModel):
    """Somebody or something in a scene, as it is drawn over the picture.

    Attributes:
        id: the track, in this run of the agent.
        label: what it is, such as ``person``.
        box: where it is.
        face: where its face is, null where none was seen or the policy does not let it be told.
        verdict: how its mask is judged, null as ``face``.
        confidence: of the verdict, 0 to 1.
    """

    id: int
    label: str
    box: Corners
    face: Corners | None = None
    verdict: str | None = None
    confidence: float = 0.0


class SceneMessage(BaseModel):
    """What is seen at a camera now, while somebody watches it whom a command let in; at most five a second.

    Attributes:
        camera: its id.
        age: seconds from the picture's arrival until this was sent.
        tracks: who and what is there.
    """

    camera: str
    age: float
    tracks: Annotated[list[DrawnTrack], Field(max_length=256)]


class ViewerMessage(BaseModel):
    """Which of a camera's streams a viewer gets now whom a command let in.

    Attributes:
        camera: its id.
        session: as ``live.open`` answered.
        stream: ``main`` or ``sub``.
        reason: why it was changed.
    """

    camera: str
    session: str
    stream: Literal["main", "sub"]
    reason: str = ""


class SpeechMessage(BaseModel):
    """What a camera's loudspeaker says now.

    Attributes:
        camera: its id.
        state: ``playing``, or ``idle`` when it is silent again.
        live: whether it is an operator's own voice.
        text: the words, where there are any.
        language: of the words.
        actor: who speaks.
    """

    camera: str
    state: Literal["playing", "idle"]
    live: bool = False
    text: str = ""
    language: str = ""
    actor: str = ""
