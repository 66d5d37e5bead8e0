"""What is wrong with a box and what to do about it, found out before anybody depends on it."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a part is."""

    OK = "ok"
    WARN = "warn"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found out about one part.

    Attributes:
        part: what was looked at, such as ``camera street``.
        state: how it is.
        said: what was found, as a person would say it.
        remedy: what to do about it, empty where nothing is to be done.
    """

    part: str
    state: State
    said: str
    remedy: str = ""
