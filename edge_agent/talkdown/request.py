"""What somebody wants to be said, and what is being said."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Request:
    """Something to say: a message of the catalogue, or words; neither where a person's own voice is heard.

    Attributes:
        actor: who asks: a person, or ``rule:`` and the rule's name.
        message: the catalogue's id, empty for words.
        text: the words, empty for a message.
        languages: one after another, such as ``("fr", "en")``; empty for the settings' own.
        priority: None for the message's own, or that of a person's words.
        why: what moved a rule to ask.
    """

    actor: str
    message: str = ""
    text: str = ""
    languages: tuple[str, ...] = ()
    priority: int | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Playing:
    """What sounds now.

    Attributes:
        utterance: the job's id.
        actor: who asked.
        message: the catalogue's id, empty for words.
        language: languages, joined by commas.
        text: the words, empty for a recording.
        since: when its first sample left, UTC.
        live: whether somebody talks.
    """

    utterance: UUID
    actor: str
    message: str
    language: str
    text: str
    since: datetime
    live: bool = False
