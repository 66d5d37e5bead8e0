"""What travels beside events: requests, answers and statuses, as models that check and document themselves."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

ID = r"^[A-Za-z0-9._-]{1,64}$"
LARGEST = 65_536
"""Bytes of a command at most; the largest, a WebRTC offer, has about ten thousand."""

COMMANDS = frozenset(
    {
        "live.open",
        "live.close",
        "talkdown.play",
        "talkdown.stop",
        "ptz.move",
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
    "expired": "the token is too old, or from before the agent started",
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
            ``{name}:*``.
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


class StatusMessage(BaseModel):
    """Whether an agent is there, on ``…/status``, retained.

    Attributes:
        state: ``offline`` is told by the agent when it ends, else by the broker when the connection is lost.
        boot: this run of the agent, as in its events.
        version: the agent's.
        reason: why it is offline.
    """

    state: Literal["online", "offline"]
    boot: str
    version: str
    reason: str = ""
