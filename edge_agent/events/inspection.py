"""Whether the audit trail is as it was written: no line changed, taken out, or cut off."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.events.trail import START, Head, digest, lines, read_head, read_line


@dataclass(frozen=True, slots=True)
class Finding:
    """What an inspection of the trail found.

    Attributes:
        entries: how many lines there are.
        first: number of the first; older ones were rotated away when it is not 1.
        hash: of the last line; whoever keeps it elsewhere can prove later that nothing before it was changed.
        problems: one sentence for each break of the chain; none when all is well.
    """

    entries: int
    first: int
    hash: str
    problems: tuple[str, ...]


def inspect_trail(folder: Path) -> Finding:
    """Follows the chain from its first line to its last; blocks.

    Raises:
        OSError: when a file cannot be read.
    """
    try:
        head, problems = read_head(folder), list[str]()
    except ValueError:
        head, problems = None, ["head.json was changed"]
    entries, number, before = 0, head.first if head else 1, START
    for line in lines(folder):
        found = read_line(line)
        entries += 1
        if not line.endswith(b"\n") or found is None:
            problems.append(f"line {entries} (entry {number} was to come) was changed or cut")
            before = ""
        else:
            problems += _breaks(found, number, before, begins=entries == 1)
            number, before = found["n"], digest(line)
        number += 1
    problems += _end(head, entries, number - 1, before, known=not problems)
    return Finding(entries, head.first if head else 1, before, tuple(problems))


def read_trail(folder: Path) -> Iterator[dict[str, Any]]:
    """Yields the entries that can be read, oldest first; blocks."""
    for line in lines(folder):
        if (found := read_line(line)) is not None:
            yield found


def _breaks(found: dict[str, Any], number: int, before: str, *, begins: bool) -> Iterator[str]:
    if found["n"] > number:
        yield f"entries {number} to {found['n'] - 1} are missing"
    elif found["n"] < number:
        yield f"entry {found['n']} comes again or out of order"
    elif found["before"] != before and before and not (begins and number > 1):
        yield f"entry {number - 1} was changed" if number > 1 else "entry 1 was changed"


def _end(head: Head | None, entries: int, last: int, before: str, *, known: bool) -> Iterator[str]:
    if head is None:
        if entries and known:
            yield "head.json is missing"
    elif last < head.last:
        yield f"the end is missing: entries {last + 1} to {head.last}"
    elif last == head.last and before and before != head.hash:
        yield f"entry {last} was changed"
    # One line more than the head tells of is what a power cut leaves.
    elif last > head.last + 1:
        yield f"entries {head.last + 1} to {last} were added"
