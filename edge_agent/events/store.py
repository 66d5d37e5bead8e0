"""Rows of events that wait for the broker, in one SQLite database on disk or in memory; used by one thread."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from edge_agent.values.ids import CameraId

_VERSION = 1
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
    payload BLOB NOT NULL,
    snapshot BLOB
);
CREATE INDEX IF NOT EXISTS least ON event (rank, position);
"""


class Entry(NamedTuple):
    """One event as it waits, in the order of the table's columns.

    Attributes:
        position: rises with every event of every run; what has a lower one goes first.
        rank: how much it matters; the lowest is dropped first.
        boot: the run of the agent that made it.
        sequence: its number in that run.
        id: the event's.
        camera: where, or None for the agent itself.
        type: the event's.
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
    payload: bytes
    snapshot: bytes | None

    @property
    def size(self) -> int:
        """Bytes that it takes on disk, about."""
        return len(self.payload) + len(self.snapshot or b"") + _OVERHEAD


@dataclass(frozen=True, slots=True)
class Victim:
    """What is left to know of an event that is to be dropped."""

    position: int
    boot: str
    sequence: int
    size: int


class Store:
    """One table of entries.

    Every method may raise ``sqlite3.Error``; what a transaction changed before is undone then.

    Args:
        path: the database's file, or None to keep it in memory.

    Attributes:
        rows: how many entries there are.
        size: bytes that they take, about.
    """

    def __init__(self, path: Path | None) -> None:
        self.rows = 0
        self.size = 0
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

    def add(self, entries: Iterable[Entry]) -> None:
        """Writes entries, whose positions must be new."""
        for entry in entries:
            self._database.execute("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", entry)
            self.rows += 1
            self.size += entry.size

    def after(self, position: int, limit: int) -> list[Entry]:
        """Returns the oldest entries beyond a position."""
        found = self._database.execute(
            "SELECT * FROM event WHERE position > ? ORDER BY position LIMIT ?", (position, limit)
        )
        return [Entry(*row) for row in found]

    def remove(self, positions: Iterable[int]) -> set[int]:
        """Forgets entries and returns those that were there."""
        removed = set()
        for position in positions:
            found = self._database.execute(
                "DELETE FROM event WHERE position = ? RETURNING length(payload) + coalesce(length(snapshot), 0)",
                (position,),
            ).fetchall()
            for (size,) in found:
                self.rows -= 1
                self.size -= size + _OVERHEAD
                removed.add(position)
        return removed

    def shift(self, places: int) -> None:
        """Moves every entry back by at least as many places as the last one has."""
        with self.transaction():
            self._database.execute("UPDATE event SET position = position + ?", (places,))

    def least(self, limit: int, below: int) -> Sequence[Victim]:
        """Returns the oldest entries of the lowest ranks below one."""
        found = self._database.execute(
            "SELECT position, boot, sequence, length(payload) + coalesce(length(snapshot), 0) + ? "
            "FROM event WHERE rank < ? ORDER BY rank, position LIMIT ?",
            (_OVERHEAD, below, limit),
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
        self.rows = int(self._one("SELECT count(*) FROM event"))
        lengths = "sum(length(payload) + coalesce(length(snapshot), 0))"
        self.size = self.rows * _OVERHEAD + int(self._one(f"SELECT coalesce({lengths}, 0) FROM event"))  # noqa: S608 - a constant

    def _one(self, query: str) -> int | str:
        found: int | str = self._database.execute(query).fetchone()[0]
        return found
