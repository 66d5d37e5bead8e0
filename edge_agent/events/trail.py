"""What people did, on the box itself: a chain of lines, each holding the hash of the one before it."""

import asyncio
import dataclasses
import hashlib
import json
import logging
import os
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.events.envelope import encode, stamp
from edge_agent.values.event import Audit, Event

HEAD = "head.json"
"""Says where the chain ends, so that a cut end is noticed too."""

START = "0" * 64
"""The hash before the first line."""

_LINES = 5_000  # of a file; about a megabyte
_FILES = 20  # kept; a hundred thousand deeds are years of a busy box
_UNWRITTEN = 1_000

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Head:
    """Where the chain begins and ends.

    Attributes:
        first: number of the oldest line that was not rotated away.
        last: number of the newest line, 0 where there is none.
        hash: of the newest line.
    """

    first: int = 1
    last: int = 0
    hash: str = START


def digest(line: bytes) -> str:
    """Returns a line's hash, which the next one holds; SHA-256 without the line's end."""
    return hashlib.sha256(line.rstrip(b"\n")).hexdigest()


def files(folder: Path) -> list[Path]:
    """Returns the files of the chain, oldest first; each is named after its first line's number."""
    return sorted(folder.glob("[0-9]*.jsonl"))


def lines(folder: Path) -> Iterator[bytes]:
    """Yields every line of the chain, oldest first."""
    for path in files(folder):
        with path.open("rb") as opened:
            yield from opened


def read_line(line: bytes) -> dict[str, Any] | None:
    """Returns the entry of a line, None where it is none."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    whole = isinstance(found, dict) and isinstance(found.get("n"), int) and isinstance(found.get("before"), str)
    return found if whole else None


def read_head(folder: Path) -> Head | None:
    """Returns where the chain ends, None when nothing says so.

    Raises:
        OSError: when it cannot be read.
        ValueError: when it says something else.
    """
    try:
        return Head(**json.loads((folder / HEAD).read_bytes()))
    except FileNotFoundError:
        return None
    except TypeError as exc:
        raise ValueError(str(exc)) from exc


class Trail:
    """Writes down what people did.

    Args:
        folder: for the files of the chain; is made with the first line.
        lines_of_a_file: after so many lines another file is begun.
        files_kept: the oldest goes when there are more.
    """

    def __init__(self, folder: Path, *, lines_of_a_file: int = _LINES, files_kept: int = _FILES) -> None:
        self._folder = folder
        self._lines = lines_of_a_file
        self._files = files_kept
        self._head: Head | None = None
        self._writing = threading.Lock()
        self._unwritten: deque[Mapping[str, object]] = deque(maxlen=_UNWRITTEN)

    async def append(self, event: Event, data: Audit) -> None:
        """Adds a deed and returns when it is on disk; while the disk refuses, it is kept for a later try."""
        self._unwritten.append({"at": stamp(event.at), "id": str(event.id), **dataclasses.asdict(data)})
        await asyncio.to_thread(self._write)

    def _write(self) -> None:
        with self._writing:
            try:
                while self._unwritten:
                    self._add(self._unwritten[0])
                    self._unwritten.popleft()
            except (OSError, ValueError) as exc:
                self._head = None  # what is on disk now is found out at the next try
                log.error(
                    "%d entries of the audit trail wait in memory: %s: %s", len(self._unwritten), self._folder, exc
                )

    def _add(self, deed: Mapping[str, object]) -> None:
        head = self._head or self._taken_up()
        number = head.last + 1
        line = encode({"n": number, **deed, "before": head.hash})
        path = self._current(number)
        with path.open("ab") as opened:
            opened.write(line + b"\n")
            opened.flush()
            os.fsync(opened.fileno())
        known = files(self._folder)
        for old in known[: -self._files]:
            old.unlink()
        first = int(known[-self._files :][0].stem)
        self._head = Head(first, number, digest(line))
        self._tell_head(self._head)

    def _current(self, number: int) -> Path:
        known = files(self._folder)
        if known and number < int(known[-1].stem) + self._lines:
            return known[-1]
        return self._folder / f"{number:09}.jsonl"

    def _tell_head(self, head: Head) -> None:
        beside = self._folder / f"{HEAD}.new"
        with beside.open("wb") as opened:
            opened.write(encode(dataclasses.asdict(head)))
            opened.flush()
            os.fsync(opened.fileno())
        beside.replace(self._folder / HEAD)

    def _taken_up(self) -> Head:
        """Finds the chain's end. Where lines or the head are missing a number is left out, which shows for ever."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            head = read_head(self._folder)
        except ValueError:
            head = None
        known = files(self._folder)
        last = _whole_end(known[-1]) if known else b""
        found = read_line(last)
        if head is None:
            if not known:
                return Head()
            return Head(int(known[0].stem), found["n"] + 1 if found else int(known[-1].stem) + _LINES, digest(last))
        if found and found["n"] == head.last + 1 and found["before"] == head.hash:
            return Head(head.first, head.last + 1, digest(last))  # the power went between line and head
        return head


def _whole_end(path: Path) -> bytes:
    """Returns the last whole line, and cuts off one that a power cut left half written: nobody was told of it."""
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        os.truncate(path, len(whole))
    return whole.splitlines()[-1] if whole else b""
