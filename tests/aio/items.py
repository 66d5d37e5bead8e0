"""What tests of the ring put into it."""

from dataclasses import dataclass

from edge_agent.values.time import Monotonic

START = Monotonic(0.0)


@dataclass(frozen=True, slots=True)
class Item:
    """See ``Keyed``; numbered in the order of writing."""

    number: int
    key: bool = False
    arrived: Monotonic = START
    size: int = 1


def group_of(number: int, *, every: int = 5, seconds: float = 0.04) -> Item:
    """Returns an item of a steady stream with a key item every few items."""
    return Item(number, number % every == 0, Monotonic(number * seconds))
