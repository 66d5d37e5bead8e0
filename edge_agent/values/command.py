"""What the control room or the page asks for, and the answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Command:
    """A request that passed its checks: token, size, form of the envelope.

    Attributes:
        name: such as ``talkdown.play``.
        id: the asker's; the answer carries it.
        arguments: JSON object as sent; whoever carries the command out validates it.
        actor: who asks, from the token's subject or the page's session; for the audit trail.
    """

    name: str
    id: str
    arguments: Mapping[str, object]
    actor: str


@dataclass(frozen=True, slots=True)
class Reply:
    """Exactly one answer to a command.

    Attributes:
        id: the command's.
        ok: whether it was done.
        result: JSON object, with ``ok``.
        code: a stable word for programs, without ``ok``.
        message: a sentence for people, without ``ok``.
        remedy: what to do about it, without ``ok``.
    """

    id: str
    ok: bool
    result: Mapping[str, object] = field(default_factory=dict)
    code: str = ""
    message: str = ""
    remedy: str = ""
