"""Rows of events that wait for the broker, in one SQLite database on disk or in memory; used by one thread."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self

from edge_agent.events.replay import Sequences, Wanted
from edge_agent.values.event import Severity
from edge_agent.values.ids import CameraId

_VERSION = 2
_OVERHEAD = 256  # bytes that SQLite spends on a row beside what it carries, rounded up
_SCHEMA = """
CREATE TABLE IF NOT EXISTS event (
    position INTEGER PRIMARY KEY,
    rank INTEGER NOT NULL,
    boot TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    id TEXT NOT NULL,
    camera TEXT,
    type TEXT NOT NULL,
    at REAL NOT NULL,
    kept INTEGER NOT NULL DEFAULT 0,
    payload BLOB NOT NULL,
    snapshot BLOB
);
CREATE INDEX IF NOT EXISTS least ON event (rank, position) WHERE kept = 0;
CREATE INDEX IF NOT EXISTS lane ON event (rank >= 2, position) WHERE kept = 0;
CREATE INDEX IF NOT EXISTS kept ON event (at) WHERE kept = 1;
"""  # the lane's 2 is Severity.ALARM
_LENGTH = f"length(payload) + coalesce(length(snapshot), 0) + {_OVERHEAD}"


class Entry(NamedTuple):
    """One event as it waits; its fields are named as the table's columns.

    Attributes:
        position: rises with every event of every run; what has a lower one goes first.
        rank: how much it matters; the lowest is dropped first.
        boot: the run of the agent that made it.
        sequence: its number in that run.
        id: the event's.
        camera: where, or None for the agent itself.
        type: the event's.
        at: when it happened, seconds since 1970.
        payload: the envelope.
        snapshot: JPEG that goes with it.
    """

    position: int
    rank: int
    boot: str
    sequence: int
    id: str
    camera: CameraId | None
    type: str
    at: float
    payload: bytes
    snapshot: bytes | None

    @property
    def size(self) -> int:
        """Bytes that it takes on disk, about."""
        return len(self.payload) + len(self.snapshot or b"") + _OVERHEAD

    @property
    def urgent(self) -> bool:
        """Whether it overtakes what is not."""
        return self.rank >= Severity.ALARM


_COLUMNS = ", ".join(Entry._fields)


class Place(NamedTuple):
    """How far a reader is: the position of the last entry that it has of each lane, alarms and all others."""

    urgent: int = 0
    ordinary: int = 0

    def past(self, entry: Entry) -> Self:
        """Returns the place behind an entry."""
        return self._replace(urgent=entry.position) if entry.urgent else self._replace(ordinary=entry.position)


@dataclass(frozen=True, slots=True)
class Victim:
    """What is left to know of an event that is to be dropped."""

    position: int
    boot: str
    sequence: int


class Store:
    """One table of entries.

    Every method may raise ``sqlite3.Error``; what a transaction changed before is undone then.

    Args:
        path: the database's file, or None to keep it in memory.

    Attributes:
        rows: how many entries wait.
        size: bytes that they take, about.
        kept_rows: how many delivered ones are kept.
        kept_size: bytes that those take, about.
    """

    def __init__(self, path: Path | None) -> None:
        self.rows = self.kept_rows = 0
        self.size = self.kept_size = 0
        self._database = sqlite3.connect(path or ":memory:", isolation_level=None, timeout=2.0)
        try:
            self._prepare()
        except sqlite3.Error:
            self._database.close()
            raise

    @property
    def last(self) -> int:
        """Highest position, 0 when empty."""
        return int(self._one("SELECT coalesce(max(position), 0) FROM event"))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Makes everything inside it durable at its end, or nothing of it."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            self._count()
            raise

    def add(self, entries: Sequence[Entry]) -> None:
        """Writes entries, whose positions must be new."""
        query = f"INSERT INTO event ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - a constant
        self._database.executemany(query, entries)
        self.rows += len(entries)
        self.size += sum(entry.size for entry in entries)

    def after(self, position: int, limit: int, *, urgent: bool) -> list[Entry]:
        """Returns the oldest entries of one lane that wait beyond a position."""
        found = self._database.execute(
            f"SELECT {_COLUMNS} FROM event WHERE kept = 0 AND (rank >= 2) = ? AND position > ? "  # noqa: S608 - a constant
            "ORDER BY position LIMIT ?",
            (urgent, position, limit),
        )
        return [Entry(*row) for row in found]

    def waiting(self) -> list[Entry]:
        """Returns everything that waits."""
        return sorted(self.after(0, self.rows, urgent=True) + self.after(0, self.rows, urgent=False))

    def remove(self, positions: Iterable[int]) -> set[int]:
        """Forgets entries that wait and returns those that were there."""
        return set(self._taken("DELETE FROM event", positions))

    def keep(self, positions: Iterable[int]) -> None:
        """Lets entries that were delivered wait no longer, and keeps them."""
        taken = self._taken("UPDATE event SET kept = 1", positions)
        self.kept_rows += len(taken)
        self.kept_size += sum(taken.values())

    def trim(self, rows: int, size: int, since: float) -> None:
        """Forgets the oldest of those that are kept until bounds hold."""
        older = "SELECT position FROM event WHERE kept = 1 AND at < ? ORDER BY at LIMIT 1"
        while self.kept_rows:
            full = self.kept_rows > rows or self.kept_size > size
            found = self._database.execute(older, (float("inf") if full else since,)).fetchone()
            if found is None:
                return
            query = f"DELETE FROM event WHERE position = ? RETURNING {_LENGTH}"  # noqa: S608 - a constant
            self.kept_size -= self._database.execute(query, found).fetchall()[0][0]
            self.kept_rows -= 1

    def again(self, wanted: Wanted, position: int) -> int:
        """Lets kept entries wait once more, behind a position; returns how many."""
        where, values = _condition(wanted)
        query = f"SELECT position, {_LENGTH} FROM event WHERE kept = 1 AND {where} ORDER BY position"  # noqa: S608 - constants
        found = self._database.execute(query, values).fetchall()
        for number, (old, size) in enumerate(found, 1):
            self._database.execute(
                "UPDATE event SET kept = 0, position = ? WHERE position = ?", (position + number, old)
            )
            self.rows += 1
            self.size += size
            self.kept_rows -= 1
            self.kept_size -= size
        return len(found)

    def count(self, wanted: Wanted, *, kept: bool) -> int:
        """Returns how many entries fit among those that are kept, or those that wait."""
        where, values = _condition(wanted)
        return int(self._one(f"SELECT count(*) FROM event WHERE kept = {int(kept)} AND {where}", values))  # noqa: S608 - constants

    def old(self, since: float, until: float, below: int) -> Sequence[Victim]:
        """Returns entries below a rank that wait and happened between two times."""
        found = self._database.execute(
            "SELECT position, boot, sequence FROM event WHERE kept = 0 AND rank < ? AND at BETWEEN ? AND ?",
            (below, since, until),
        )
        return [Victim(*row) for row in found]

    def shift(self, places: int) -> None:
        """Moves every entry back by at least as many places as the last one has."""
        with self.transaction():
            self._database.execute("UPDATE event SET position = position + ?", (places,))

    def least(self, limit: int, below: int) -> Sequence[Victim]:
        """Returns the oldest entries of the lowest ranks below one."""
        found = self._database.execute(
            "SELECT position, boot, sequence FROM event WHERE kept = 0 AND rank < ? ORDER BY rank, position LIMIT ?",
            (below, limit),
        )
        return [Victim(*row) for row in found]

    def close(self) -> None:
        """Writes what the write-ahead log still holds into the file and closes it."""
        try:
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            self._database.close()

    def _prepare(self) -> None:
        # FULL, not NORMAL: with a write-ahead log NORMAL may lose the last commits when the power goes, and an event
        # must be on disk before anybody is told that it exists. Commits are few, and many events share one.
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "journal_size_limit = 1048576"):
            self._database.execute(f"PRAGMA {pragma}")
        if (found := self._one("PRAGMA quick_check(1)")) != "ok":
            raise sqlite3.DatabaseError(str(found))
        if self._one("PRAGMA user_version") not in {0, _VERSION}:
            raise sqlite3.DatabaseError("it was written by another version of the agent")
        self._database.executescript(_SCHEMA)
        self._database.execute(f"PRAGMA user_version = {_VERSION}")
        self._count()

    def _count(self) -> None:
        counted = f"SELECT kept, count(*), sum({_LENGTH}) FROM event GROUP BY kept"  # noqa: S608 - a constant
        found = {kept: (rows, size) for kept, rows, size in self._database.execute(counted)}
        self.rows, self.size = found.get(0, (0, 0))
        self.kept_rows, self.kept_size = found.get(1, (0, 0))

    def _taken(self, change: str, positions: Iterable[int]) -> dict[int, int]:
        """Takes those of the entries that wait off; returns their sizes by their positions."""
        # One statement for all: each gives the interpreter away and waits for it, which the event loop needs as well.
        chosen = "kept = 0 AND position IN (SELECT value FROM json_each(?))"
        query = f"{change} WHERE {chosen} RETURNING position, {_LENGTH}"
        taken: dict[int, int] = dict(self._database.execute(query, (json.dumps([*positions]),)).fetchall())
        self.rows -= len(taken)
        self.size -= sum(taken.values())
        return taken

    def _one(self, query: str, values: tuple[str | float, ...] = ()) -> int | str:
        found: int | str = self._database.execute(query, values).fetchone()[0]
        return found


def _condition(wanted: Wanted) -> tuple[str, tuple[str | float, ...]]:
    if isinstance(wanted, Sequences):
        return "boot = ? AND sequence BETWEEN ? AND ?", (wanted.boot, wanted.first, wanted.last)
    return "at BETWEEN ? AND ?", (wanted.since, wanted.until)
