"""Figures for Prometheus, read from their owners when somebody asks."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

Reading = float | Mapping[str, float]
"""One figure, or one for each value of the label."""


@dataclass(frozen=True, slots=True)
class _Family:
    kind: Literal["gauge", "counter"]
    name: str
    meaning: str
    label: str
    read: Callable[[], Reading]


class Metrics:
    """Knows where each figure is read; nobody pushes."""

    def __init__(self) -> None:
        self._families: list[_Family] = []

    def gauge(self, name: str, meaning: str, read: Callable[[], Reading], *, label: str = "") -> None:
        """Adds a figure that rises and falls.

        Args:
            name: without the agent's prefix, with its unit, such as ``outbox_bytes``.
            meaning: a sentence.
            read: called at every scrape on the event loop; returns a number, or numbers by label value.
            label: what the numbers are told apart by.
        """
        self._families.append(_Family("gauge", f"edge_agent_{name}", meaning, label, read))

    def counter(self, name: str, meaning: str, read: Callable[[], Reading], *, label: str = "") -> None:
        """Adds a figure that only rises; see ``gauge``."""
        self._families.append(_Family("counter", f"edge_agent_{name}", meaning, label, read))

    def render(self) -> bytes:
        """Returns the Prometheus text format, version 0.0.4."""
        return "".join(self._lines()).encode()

    def _lines(self) -> Iterator[str]:
        for family in self._families:
            name = f"{family.name}_total" if family.kind == "counter" else family.name
            yield f"# HELP {name} {_escaped(family.meaning)}\n# TYPE {name} {family.kind}\n"
            found = family.read()
            if isinstance(found, Mapping):
                for value, figure in found.items():
                    quoted = _escaped(value).replace('"', r"\"")
                    yield f'{name}{{{family.label}="{quoted}"}} {float(figure)!r}\n'
            else:
                yield f"{name} {float(found)!r}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")
