"""A disk that is full for a while; who goes first; what is kept and for how long."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge_agent.errors import TransientError
from edge_agent.events.ledger import Ledger
from edge_agent.events.replay import Replayed, Sequences, Times
from edge_agent.events.settings import KeptSettings, OutboxSettings
from edge_agent.events.store import Entry, Place
from edge_agent.values.event import Event
from edge_agent.values.ids import AgentId
from edge_agent.values.time import Monotonic
from tests.events.test_outbox import alarm, data, event, statistic


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


def behind(entries: Sequence[Entry]) -> Place:
    place = Place()
    for entry in entries:
        place = place.past(entry)
    return place


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
    entries = ledger.after(Place(), 100)
    assert [entry.type for entry in entries] == ["degradation", "degradation", *["audit"] * 6]
    assert sorted(data(entry)["sequence"] for entry in entries) == list(range(1, 9))
    for lane in (entries[:2], entries[2:]):
        assert [entry.position for entry in lane] == sorted(entry.position for entry in lane)
    assert ledger._memory.rows == 0


def test_what_is_acknowledged_while_the_disk_is_full_is_not_sent_again(ledger: Ledger) -> None:
    put(ledger, [event(), event()])
    fill_the_disk(ledger, 1)
    put(ledger, [event(snapshot=bytes(100_000))])
    first = ledger.after(Place(), 1)[0]
    ledger.forget([first.position])
    assert first.position not in [entry.position for entry in ledger.after(Place(), 100)]
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
    ledger.forget([entry.position for entry in ledger.after(Place(), 70)])
    fill_the_disk(ledger, 1)
    put(ledger, [event(snapshot=bytes(100_000))])
    found = ledger.after(Place(), 20)
    assert found[0].type == "degradation"
    assert [entry.position for entry in found[1:]] == list(range(71, 82))


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
    handed = ledger.after(Place(), 100)
    assert [entry.type for entry in handed] == ["degradation", "audit", "audit"]
    (tmp_path / "state").unlink()
    (tmp_path / "unplugged").rename(tmp_path / "state")
    watch.now = 31.0
    ledger.tidy()
    found = ledger.after(behind(handed), 100)
    assert [entry.boot for entry in found] == ["now"] + ["before"] * 5
    assert [entry.sequence for entry in found] == [4, 1, 2, 3, 4, 5]
    assert ledger.depth == 9
    ledger.close()


def test_a_file_that_is_damaged_while_it_is_used_is_replaced(ledger: Ledger, tmp_path: Path) -> None:
    put(ledger, [event(snapshot=bytes(50_000)) for _ in range(10)])
    assert ledger._disk is not None
    ledger._disk._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = (tmp_path / "outbox.db").read_bytes()
    (tmp_path / "outbox.db").write_bytes(content[:100] + b"\xff" * (len(content) - 100))
    ledger._disk._database.execute("PRAGMA shrink_memory")
    ledger.after(Place(), 100)
    put(ledger, [event()])
    types = [entry.type for entry in ledger.after(Place(), 100)]
    assert types == ["gap", "audit"]
    assert ledger.trouble == ""


def test_an_alarm_overtakes_a_backlog_and_a_flood_of_alarms_does_not_starve_it(ledger: Ledger) -> None:
    put(ledger, [event(statistic()) for _ in range(100)])
    put(ledger, [event(alarm()) for _ in range(100)])
    found = ledger.after(Place(), 32)
    assert [entry.type for entry in found] == ["mask.verdict"] * 24 + ["mask.statistics"] * 8
    seen, place = list(found), behind(found)
    while found := ledger.after(place, 32):
        seen += found
        place = behind(seen)
    for urgent in (True, False):
        sequences = [entry.sequence for entry in seen if entry.urgent is urgent]
        assert sequences == sorted(sequences)
    assert sorted(entry.sequence for entry in seen) == list(range(1, 201))


def test_delivered_events_are_sent_again_as_they_were(ledger: Ledger) -> None:
    put(ledger, [event(snapshot=b"jpeg" if number == 3 else None) for number in range(10)])
    sent = ledger.after(Place(), 8)
    ledger.forget([entry.position for entry in sent])
    assert ledger.replay(Sequences("b", 3, 9)) == Replayed(again=6, waiting=1)
    assert ledger.replay(Sequences("b", 3, 9)) == Replayed(again=0, waiting=7), "asked twice, sent once"
    assert ledger.replay(Sequences("another run", 1, 9)) == Replayed(0, 0)
    again = ledger.after(behind(sent), 100)
    assert [entry.sequence for entry in again] == [9, 10, 3, 4, 5, 6, 7, 8]
    for old, new in zip(sent[2:], again[2:], strict=True):
        assert new._replace(position=0) == old._replace(position=0)


def test_events_are_found_by_their_time_and_after_a_restart(tmp_path: Path, watch: Watch) -> None:
    for boot in ("before", "now"):
        ledger = Ledger(tmp_path / "o.db", agent=AgentId("a"), boot=boot, limits=OutboxSettings(), clock=watch)
        ledger.open()
        if boot == "before":
            put(ledger, [event(), event()])
            ledger.forget([1, 2])
        else:
            at = event().at.timestamp()
            assert ledger.replay(Times(at + 1, at + 2)) == Replayed(0, 0)
            assert ledger.replay(Times(at - 1, at)) == Replayed(2, 0)
            assert [entry.boot for entry in ledger.after(Place(), 9)] == ["before", "before"]
        ledger.close()


@pytest.mark.parametrize(
    ("kept", "left"),
    [(KeptSettings(rows=3), 3), (KeptSettings(bytes=2500), 2), (KeptSettings(rows=0), 0), (KeptSettings(), 5)],
)
def test_what_is_kept_is_bounded(tmp_path: Path, watch: Watch, kept: KeptSettings, left: int) -> None:
    limits = OutboxSettings(kept=kept)
    ledger = Ledger(tmp_path / "o.db", agent=AgentId("a"), boot="b", limits=limits, clock=watch)
    ledger.open()
    put(ledger, [event(snapshot=bytes(500)) for _ in range(5)])
    ledger.forget([1, 2, 3, 4, 5])
    assert ledger.replay(Sequences("b", 1, 5)).again == left
    assert ledger.size <= left * 1300
    ledger.close()


def test_what_is_kept_too_long_is_forgotten_and_what_waits_too_long_is_dropped_with_a_gap(
    ledger: Ledger, watch: Watch
) -> None:
    put(ledger, [event(), event(), event()])
    ledger.forget([1])
    watch.now = event().at.timestamp() + 8 * 86_400
    ledger.tidy()
    assert ledger.replay(Sequences("b", 1, 3)) == Replayed(again=0, waiting=2)
    watch.now += 23 * 86_400
    put(ledger, [event()])
    ledger.tidy()
    (gap,) = ledger.after(Place(), 100)
    assert data(gap)["missing"] == [{"boot": "b", "first": 2, "last": 4}]
    assert "30 days" in data(gap)["reason"]
    commits = ledger.commits
    watch.now += 3601
    ledger.tidy()
    assert ledger.commits == commits, "a box that has nothing to forget writes nothing"


def test_what_was_told_before_the_clock_was_set_is_not_old(ledger: Ledger, watch: Watch) -> None:
    put(ledger, [replace(event(), at=datetime.fromtimestamp(60, UTC))])
    watch.now = 1.8e9
    ledger.tidy()
    assert [entry.type for entry in ledger.after(Place(), 9)] == ["audit"]


def test_a_replay_that_would_overfill_the_outbox_or_meets_a_full_disk_is_refused(tmp_path: Path, watch: Watch) -> None:
    limits = OutboxSettings(rows=10)
    ledger = Ledger(tmp_path / "o.db", agent=AgentId("a"), boot="b", limits=limits, clock=watch)
    ledger.open()
    put(ledger, [event() for _ in range(8)])
    ledger.forget(range(1, 9))
    put(ledger, [event() for _ in range(5)])
    with pytest.raises(TransientError, match="5 events wait already"):
        ledger.replay(Sequences("b", 1, 8))
    assert (ledger.depth, ledger.replay(Sequences("b", 1, 3)).again) == (5, 3)
    fill_the_disk(ledger, 1)
    put(ledger, [event(snapshot=bytes(100_000))])
    with pytest.raises(TransientError, match="disk"):
        ledger.replay(Sequences("b", 1, 8))
    ledger.close()
