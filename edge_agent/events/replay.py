"""Which delivered events are wanted again, and what comes of it."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Sequences:
    """Events by their numbers in one run of the agent, both ends included."""

    boot: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Times:
    """Events by when they happened, seconds since 1970, both ends included."""

    since: float
    until: float


Wanted: TypeAlias = Sequences | Times


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a wish to have events again comes to.

    Attributes:
        again: how many delivered ones will be sent again.
        waiting: how many of those wanted were not delivered yet and come by themselves.
    """

    again: int
    waiting: int
