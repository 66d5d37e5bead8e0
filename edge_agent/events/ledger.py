"""What the outbox's thread owns: numbers, bounds, and what happens when the disk fails."""

import logging
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from edge_agent.aio.clock import Clock
from edge_agent.errors import TransientError
from edge_agent.events.numbering import NEVER_DROPPED, Numbering
from edge_agent.events.replay import Replayed, Wanted
from edge_agent.events.settings import OutboxSettings
from edge_agent.events.store import Entry, Place, Store, Victim
from edge_agent.values.event import Degradation, Event, Gap
from edge_agent.values.ids import AgentId
from edge_agent.values.time import Monotonic

log = logging.getLogger(__name__)

_FORGET_AFTER = (
    30.0  # seconds; a row that lives on after a power cut is only sent twice, so it may share a later commit
)
_FORGET_AT = 256
_HEAL_EVERY = 30.0
_AGE_EVERY = 3600.0
_DAY = 86_400.0
_CLOCKS_SET = 1.7e9  # seconds since 1970; what is stamped earlier was told before the box knew the time, and is not old
_SHARE = 4  # of a batch, one in so many places is for what is not urgent


class Ledger:
    """Keeps events until they are acknowledged: on disk, or in memory while the disk refuses. Blocks; for one thread.

    Args:
        path: the database's file; its folder is made.
        agent: whose events these are.
        boot: names this run of the agent.
        limits: how much may wait.
        clock: for stamps and to know when to try the disk again.

    Attributes:
        trouble: why it is not on disk, empty when it is.
        commits: how often something was made durable in this run.
    """

    def __init__(self, path: Path, *, agent: AgentId, boot: str, limits: OutboxSettings, clock: Clock) -> None:
        self.trouble = ""
        self.commits = 0
        self._path = path
        self._limits = limits
        self._clock = clock
        self._disk: Store | None = None
        self._memory = Store(None)
        self._numbers = Numbering(agent, boot, clock)
        self._acknowledged: set[int] = set()
        self._oldest: Monotonic | None = None
        self._aged: Monotonic | None = None
        self._tried = clock.monotonic()

    @property
    def position(self) -> int:
        """Position of the newest event."""
        return self._numbers.position

    @property
    def dropped(self) -> int:
        """How many events were dropped in this run."""
        return self._numbers.dropped

    @property
    def depth(self) -> int:
        """How many events wait."""
        return max(0, self._memory.rows + (self._disk.rows if self._disk else 0) - len(self._acknowledged))

    @property
    def size(self) -> int:
        """Bytes that wait, about."""
        return self._memory.size + (self._disk.size if self._disk else 0)

    def open(self) -> None:
        """Takes up what the last run left; a damaged file is moved aside, an unusable disk means memory."""
        try:
            self._disk = self._opened()
        except sqlite3.OperationalError as exc:
            self._lean_on_memory(exc)
        except sqlite3.DatabaseError as exc:
            self._begin_anew(exc)
        except OSError as exc:
            self._lean_on_memory(exc)

    def number(self, event: Event) -> Entry:
        """Returns an event with the next number, to be written at once; see ``Numbering.entry``."""
        return self._numbers.entry(event)

    def write(self, entries: Sequence[Entry]) -> None:
        """Makes numbered events durable in one commit."""
        for _ in range(2):  # a damaged file is replaced by a good one
            if self._disk is not None and not self.trouble:
                try:
                    self._commit(self._disk, entries, self._limits.bytes)
                except sqlite3.Error as exc:
                    self._disk_failed(exc)
                else:
                    return
        if not self.trouble:
            self._lean_on_memory(sqlite3.DatabaseError("the disk damages what is written"))
        self._commit(self._memory, entries, self._limits.memory_bytes)

    def after(self, place: Place, limit: int) -> list[Entry]:
        """Returns the oldest events beyond a place that are not acknowledged; a gap among them is closed.

        Alarms come first, yet a quarter of the places is for the others where any wait.
        """
        found = self._lane(place.urgent, limit - limit // _SHARE, urgent=True)
        found += self._lane(place.ordinary, limit - len(found), urgent=False)
        self._numbers.hand_out(found)
        return found

    def replay(self, wanted: Wanted) -> Replayed:
        """Lets delivered events wait once more, as they were, behind everything that waits.

        Raises:
            TransientError: when the disk refuses, or too much waits already.
        """
        disk = self._disk
        if disk is None or self.trouble:
            raise TransientError("what was delivered cannot be read from the disk", "ask again when outbox is healed")
        try:
            with disk.transaction():
                self._settle(disk)
                waiting = disk.count(wanted, kept=False)
                again = disk.count(wanted, kept=True)
                if disk.rows + again > self._limits.rows:
                    raise TransientError(f"{disk.rows} events wait already", "ask again when they were delivered")
                disk.again(wanted, self._numbers.position)
        except sqlite3.Error as exc:
            self._disk_failed(exc)
            raise TransientError("the disk refused", "look at the agent's log") from exc
        self._numbers.position += again
        self._forgotten()
        self.commits += 1
        return Replayed(again, waiting)

    def forget(self, positions: Sequence[int]) -> None:
        """Notes that the broker has these; their rows go with the next commit."""
        in_memory = self._memory.remove(positions) if self._memory.rows else set()
        on_disk = set(positions) - in_memory
        if self._disk is not None and on_disk:
            self._acknowledged |= on_disk
            self._oldest = self._oldest or self._clock.monotonic()

    def tidy(self) -> None:
        """Does what became due: forgetting what is acknowledged, trying the disk again."""
        now = self._clock.monotonic()
        due = self._oldest is not None and now - self._oldest >= _FORGET_AFTER
        if self._disk is not None and (due or len(self._acknowledged) >= _FORGET_AT) and not self.trouble:
            try:
                self._forget(self._disk)
            except sqlite3.Error as exc:
                self._disk_failed(exc)
        if self.trouble and now - self._tried >= _HEAL_EVERY:
            self._heal()
        if self._aged is None or now - self._aged >= _AGE_EVERY:
            self._aged = now
            self._expire()

    def close(self) -> None:
        """Forgets what is acknowledged and leaves one whole file."""
        try:
            if self.trouble:
                self._heal()
            if self._disk is not None:
                self._forget(self._disk)
                self._disk.close()
        except sqlite3.Error as exc:
            log.error("the outbox could not be closed cleanly: %s", exc)
        if self._memory.rows:
            log.error("%d events were only in memory and are lost: %s", self._memory.rows, self.trouble)
        self._memory.close()

    def _lane(self, position: int, limit: int, *, urgent: bool) -> list[Entry]:
        found = self._memory.after(position, limit, urgent=urgent)
        if self._disk is not None:
            try:
                found += self._unacknowledged(self._disk, position, limit, urgent=urgent)
            except sqlite3.Error as exc:
                self._disk_failed(exc)
        return sorted(found)[:limit]

    def _unacknowledged(self, disk: Store, position: int, limit: int, *, urgent: bool) -> list[Entry]:
        fresh: list[Entry] = []
        while len(fresh) < limit and (found := disk.after(position, limit, urgent=urgent)):
            fresh += [entry for entry in found if entry.position not in self._acknowledged]
            position = found[-1].position
        return fresh  # as many as wanted, or all: what waits in memory comes behind what is on disk

    def _commit(self, store: Store, entries: Sequence[Entry], most: int) -> None:
        with self._numbers.unless_it_fails(), store.transaction():
            if store is self._disk:
                self._settle(store)
            store.add(entries)
            self._shed(store, most)
        if store is self._disk:
            self._forgotten()
        self.commits += 1

    def _shed(self, store: Store, most: int) -> None:
        """Drops the oldest of the least important until the bounds hold, and keeps account of them in a gap."""
        lost: list[Victim] = []
        while store.rows > self._limits.rows or store.size > most:
            victims = store.least(max(1, store.rows - self._limits.rows), NEVER_DROPPED)
            if not victims:
                break
            store.remove(victim.position for victim in victims)
            lost += victims
        if lost:
            self._account(store, lost, f"the outbox reached its bound of {self._limits.rows} events or {most} bytes")

    def _account(self, store: Store, lost: Sequence[Victim], reason: str) -> None:
        gap, grows = self._numbers.account(lost, reason)
        if grows:
            store.remove([gap.position])
        store.add([gap])

    def _settle(self, disk: Store) -> None:
        """Lets what is acknowledged wait no longer; the newest of it is kept."""
        kept = self._limits.kept
        disk.keep(self._acknowledged)
        disk.trim(kept.rows, kept.bytes, self._clock.wall().timestamp() - kept.days * _DAY)

    def _expire(self) -> None:
        """Drops what waited too long, and forgets what was kept too long."""
        disk = self._disk
        if disk is None or self.trouble:
            return
        until = self._clock.wall().timestamp() - self._limits.days * _DAY
        try:
            lost = disk.old(_CLOCKS_SET, until, NEVER_DROPPED)
            if not lost and not disk.kept_rows:
                return
            with self._numbers.unless_it_fails(), disk.transaction():
                self._settle(disk)
                lost = disk.old(_CLOCKS_SET, until, NEVER_DROPPED)
                disk.remove(victim.position for victim in lost)
                if lost:
                    self._account(disk, lost, f"they waited for more than {self._limits.days:g} days")
        except sqlite3.Error as exc:
            self._disk_failed(exc)
            return
        self._forgotten()
        self.commits += 1

    def _disk_failed(self, exc: sqlite3.Error) -> None:
        if isinstance(exc, sqlite3.OperationalError):
            self._lean_on_memory(exc)
        else:
            self._begin_anew(exc)

    def _lean_on_memory(self, exc: Exception) -> None:
        self._tried = self._clock.monotonic()
        if self.trouble:
            return
        self.trouble = str(exc)
        self._numbers.close_gap()  # an open gap stays as it is on disk; the next one is told from memory
        remedy = f"make room on the disk of {self._path.parent} and let the agent write there"
        log.error("events wait only in memory, a restart would lose them: %s: %s", exc, remedy)
        data = Degradation("outbox", degraded=True, reason=f"events wait only in memory: {exc}", remedy=remedy)
        self._commit(self._memory, [self._numbers.own(data)], self._limits.memory_bytes)

    def _heal(self) -> None:
        self._tried = self._clock.monotonic()
        try:
            disk = self._disk = self._disk or self._opened()
            waiting = self._memory.waiting()
            self._commit(disk, waiting, self._limits.bytes)
        except (sqlite3.Error, OSError) as exc:
            log.warning("the outbox is still only in memory: %s", exc)
            return
        self._memory.remove([entry.position for entry in waiting])
        self.trouble = ""
        log.warning("the outbox is on disk again, with %d events from memory", len(waiting))
        self.write([self._numbers.own(Degradation("outbox", degraded=False))])

    def _begin_anew(self, exc: Exception) -> None:
        aside = self._path.with_suffix(".damaged")
        log.error("the outbox %s is damaged and begun anew, the old one is %s: %s", self._path, aside.name, exc)
        if self._disk is not None:
            try:
                self._disk.close()
            except sqlite3.Error:
                log.debug("the damaged outbox could not be closed", exc_info=True)
            self._disk = None
        self._acknowledged.clear()
        self._numbers.close_gap()
        try:
            self._path.replace(aside)  # one old file at most, so that a failing card does not fill itself
            for beside in ("-wal", "-shm"):
                self._path.with_name(self._path.name + beside).unlink(missing_ok=True)
            self._disk = self._opened()
        except (sqlite3.Error, OSError) as worse:
            self._lean_on_memory(worse)
        data = Gap(0, f"the outbox was damaged and begun anew, what waited in it is lost: {exc}")
        self.write([self._numbers.own(data)])

    def _opened(self) -> Store:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        store = Store(self._path)
        if self._numbers.position:  # it comes late: what is in it goes behind what was told meanwhile
            store.shift(max(self._numbers.position, store.last))
        self._numbers.position = max(self._numbers.position, store.last)
        return store

    def _forget(self, disk: Store) -> None:
        if self._acknowledged:
            with disk.transaction():
                self._settle(disk)
            self.commits += 1
        self._forgotten()

    def _forgotten(self) -> None:
        self._acknowledged.clear()
        self._oldest = None
