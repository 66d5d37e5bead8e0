"""A disk that is full for a while."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge_agent.events.ledger import Ledger, OutboxSettings
from edge_agent.values.event import Event
from edge_agent.values.ids import AgentId
from edge_agent.values.time import Monotonic
from tests.events.test_outbox import data, event


@dataclass
class Watch:
    now: float = 0.0

    def monotonic(self) -> Monotonic:
        return Monotonic(self.now)

    def wall(self) -> datetime:
        return datetime.fromtimestamp(self.now, UTC)


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def ledger(tmp_path: Path, watch: Watch) -> Iterator[Ledger]:
    made = Ledger(tmp_path / "outbox.db", agent=AgentId("a"), boot="b", limits=OutboxSettings(), clock=watch)
    made.open()
    yield made
    made.close()


def put(ledger: Ledger, events: Sequence[Event]) -> None:
    ledger.write([ledger.number(each) for each in events])


def fill_the_disk(ledger: Ledger, pages: int) -> None:
    assert ledger._disk is not None
    ledger._disk._database.execute(f"PRAGMA max_page_count = {pages}")


def test_a_full_disk_means_memory_and_heals_without_a_loss_or_a_changed_order(ledger: Ledger, watch: Watch) -> None:
    put(ledger, [event(snapshot=bytes(10_000))])
    fill_the_disk(ledger, 1)
    for _ in range(5):
        put(ledger, [event(snapshot=bytes(10_000))])
    assert "full" in ledger.trouble
    assert ledger.depth == 7, "six events, and one that tells of the trouble"
    fill_the_disk(ledger, 10_000)
    watch.now = 31.0
    ledger.tidy()
    assert ledger.trouble == ""
    entries = ledger.after(0, 100)
    assert [entry.type for entry in entries] == ["audit", "audit", "degradation", *["audit"] * 4, "degradation"]
    assert sorted(data(entry)["sequence"] for entry in entries) == list(range(1, 9))
    assert [entry.position for entry in entries] == sorted(entry.position for entry in entries)
    assert ledger._memory.rows == 0


def test_what_is_acknowledged_while_the_disk_is_full_is_not_sent_again(ledger: Ledger) -> None:
    put(ledger, [event(), event()])
    fill_the_disk(ledger, 1)
    put(ledger, [event(snapshot=bytes(100_000))])
    first = ledger.after(0, 1)[0]
    ledger.forget([first.position])
    assert first.position not in [entry.position for entry in ledger.after(0, 100)]
    assert ledger.depth == 3


def test_rows_of_acknowledged_events_share_later_commits(ledger: Ledger, watch: Watch) -> None:
    put(ledger, [event(), event()])
    for position in (1, 2):
        ledger.forget([position])
        ledger.tidy()
    assert (ledger.depth, ledger.commits) == (0, 1)
    put(ledger, [event()])
    assert (ledger.depth, ledger.commits) == (1, 2)
    ledger.forget([3])
    watch.now = 31.0
    ledger.tidy()
    ledger.tidy()
    assert (ledger.depth, ledger.commits) == (0, 3)


def test_a_reader_that_begins_while_the_disk_is_full_gets_what_is_on_it_first(ledger: Ledger) -> None:
    put(ledger, [event() for _ in range(80)])
    ledger.forget([entry.position for entry in ledger.after(0, 70)])
    fill_the_disk(ledger, 1)
    put(ledger, [event(snapshot=bytes(100_000))])
    found = ledger.after(0, 20)
    assert [entry.position for entry in found] == list(range(71, 83))


def test_a_disk_that_comes_late_keeps_what_was_on_it(tmp_path: Path, watch: Watch) -> None:
    path = tmp_path / "state" / "outbox.db"
    before = Ledger(path, agent=AgentId("a"), boot="before", limits=OutboxSettings(), clock=watch)
    before.open()
    put(before, [event() for _ in range(5)])
    before.close()
    (tmp_path / "state").rename(tmp_path / "unplugged")
    (tmp_path / "state").write_text("in the way")
    ledger = Ledger(path, agent=AgentId("a"), boot="now", limits=OutboxSettings(), clock=watch)
    ledger.open()
    put(ledger, [event(), event()])
    handed = ledger.after(0, 100)
    assert [entry.type for entry in handed] == ["degradation", "audit", "audit"]
    (tmp_path / "state").unlink()
    (tmp_path / "unplugged").rename(tmp_path / "state")
    watch.now = 31.0
    ledger.tidy()
    found = ledger.after(handed[-1].position, 100)
    assert [entry.boot for entry in found] == ["before"] * 5 + ["now"]
    assert [entry.sequence for entry in found] == [1, 2, 3, 4, 5, 4]
    assert ledger.depth == 9
    ledger.close()


def test_a_file_that_is_damaged_while_it_is_used_is_replaced(ledger: Ledger, tmp_path: Path) -> None:
    put(ledger, [event(snapshot=bytes(50_000)) for _ in range(10)])
    assert ledger._disk is not None
    ledger._disk._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = (tmp_path / "outbox.db").read_bytes()
    (tmp_path / "outbox.db").write_bytes(content[:100] + b"\xff" * (len(content) - 100))
    ledger._disk._database.execute("PRAGMA shrink_memory")
    ledger.after(0, 100)
    put(ledger, [event()])
    types = [entry.type for entry in ledger.after(0, 100)]
    assert types == ["gap", "audit"]
    assert ledger.trouble == ""
