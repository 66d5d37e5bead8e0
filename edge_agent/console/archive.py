"""Events on the console's disk, so that a restart forgets nothing that operators saw; every call blocks."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_agent.errors import PermanentError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, agent TEXT NOT NULL, place TEXT NOT NULL,
    boot TEXT NOT NULL, sequence INTEGER NOT NULL, came REAL NOT NULL, envelope BLOB NOT NULL
)
"""
_PRUNED_EVERY = 1000  # events between two looks at the bounds


@dataclass(frozen=True, slots=True)
class Kept:
    """An event as the console keeps it.

    Attributes:
        id: the event's.
        agent: who told it.
        place: the camera's id in the control room; ``agent:`` for what concerns the box itself.
        boot: run of the agent.
        sequence: number in that run.
        time: when it happened, RFC 3339.
        came: when the console was told, seconds since 1970: how long it is kept counts from there.
        envelope: JSON for the page.
    """

    id: str
    agent: str
    place: str
    boot: str
    sequence: int
    time: str
    came: float
    envelope: bytes


class Archive:
    """Keeps events, the newest so many.

    Args:
        path: of the SQLite file; made where it is missing.
        most: how many.

    Raises:
        PermanentError: the file cannot be used.
    """

    def __init__(self, path: Path, *, most: int) -> None:
        self._most = most
        self._since = 0
        try:
            self._base = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._base.execute("PRAGMA journal_mode = WAL")
            self._base.execute("PRAGMA synchronous = NORMAL")
            self._base.execute(_SCHEMA)
        except sqlite3.Error as exc:
            remedy = "make it writable, or move it away to begin anew"
            raise PermanentError(f"the events in {path} cannot be used ({exc})", remedy) from exc

    def newest(self, count: int) -> Sequence[Kept]:
        """Returns the newest so many, oldest first."""
        rows = self._base.execute(
            "SELECT id, agent, place, boot, sequence, json_extract(CAST(envelope AS TEXT), '$.time'), came, envelope"
            " FROM events ORDER BY position DESC LIMIT ?",
            (count,),
        )
        return [Kept(*row) for row in rows][::-1]

    def append(self, events: Iterable[Kept]) -> None:
        """Keeps events in one commit.

        Raises:
            sqlite3.Error: the disk is full or broken.
        """
        rows = [
            (each.id, each.agent, each.place, each.boot, each.sequence, each.came, each.envelope) for each in events
        ]
        self._base.execute("BEGIN")
        try:
            self._base.executemany(
                "INSERT OR IGNORE INTO events (id, agent, place, boot, sequence, came, envelope)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
            self._since += len(rows)
            if self._since >= _PRUNED_EVERY:
                self._since = 0
                self._base.execute(
                    "DELETE FROM events WHERE position <= (SELECT max(position) FROM events) - ?", (self._most,)
                )
        except sqlite3.Error:
            self._base.execute("ROLLBACK")
            raise
        self._base.execute("COMMIT")

    def forget(self, oldest: float) -> None:
        """Deletes events that came before a time.

        Raises:
            sqlite3.Error: the disk is full or broken.
        """
        # They lie in the order in which they came: looking from the oldest on reads no more than what goes.
        self._base.execute(
            "DELETE FROM events WHERE position < coalesce("
            " (SELECT position FROM events WHERE came >= ? ORDER BY position LIMIT 1),"
            " (SELECT max(position) + 1 FROM events))",
            (oldest,),
        )

    def close(self) -> None:
        """Closes the file."""
        self._base.close()
