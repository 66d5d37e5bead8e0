"""The audit trail: chained, bounded, and whoever tampers with it is noticed."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_agent.aio.clock import SystemClock
from edge_agent.events.inspection import inspect_trail, read_trail
from edge_agent.events.journal import Journal
from edge_agent.events.outbox import Outbox
from edge_agent.events.trail import HEAD, START, Trail, files
from edge_agent.values.event import Audit
from edge_agent.values.ids import AgentId
from tests.events.test_outbox import event, running, statistic

SPOKE = Audit("operator-7", "talkdown.play", "street", "done", "mask")


def written(folder: Path, entries: int, **bounds: int) -> Trail:
    trail = Trail(folder, **bounds)

    async def write() -> None:
        for _ in range(entries):
            await trail.append(event(SPOKE), SPOKE)

    asyncio.run(write())
    return trail


def test_what_people_did_is_read_back_and_holds(tmp_path: Path) -> None:
    written(tmp_path, 3)
    written(tmp_path, 2)  # another run of the agent
    found = inspect_trail(tmp_path)
    assert (found.entries, found.first, found.problems) == (5, 1, ())
    entries = list(read_trail(tmp_path))
    assert [entry["n"] for entry in entries] == [1, 2, 3, 4, 5]
    assert (entries[0]["actor"], entries[0]["action"], entries[0]["before"]) == ("operator-7", "talkdown.play", START)


def change(content: list[bytes]) -> list[bytes]:
    return [*content[:2], content[2].replace(b"operator-7", b"operator-8"), *content[3:]]


def change_last(content: list[bytes]) -> list[bytes]:
    return [*content[:-1], content[-1].replace(b"operator-7", b"operator-8")]


def swap(content: list[bytes]) -> list[bytes]:
    return [content[1], content[0], *content[2:]]


TAMPERING: list[tuple[Callable[[list[bytes]], list[bytes]], str]] = [
    (change, "entry 3 was changed"),
    (change_last, "entry 5 was changed"),
    (lambda content: content[:2] + content[3:], "entries 3 to 3 are missing"),
    (lambda content: content[1:], "entries 1 to 1 are missing"),
    (lambda content: content[:-1], "the end is missing: entries 5 to 5"),
    (lambda _: [], "the end is missing: entries 1 to 5"),
    (lambda content: [*content[:-1], content[-1][:40]], "line 5 (entry 5 was to come) was changed or cut"),
    (lambda content: [*content[:2], b"{}\n", *content[3:]], "line 3 (entry 3 was to come) was changed or cut"),
    (lambda content: [*content, content[-1]], "entry 5 comes again or out of order"),
    (swap, "entry 1 comes again or out of order"),
]


@pytest.mark.parametrize(("tamper", "told"), TAMPERING)
def test_tampering_is_noticed_and_stays_so_when_the_agent_goes_on(
    tmp_path: Path, tamper: Callable[[list[bytes]], list[bytes]], told: str
) -> None:
    written(tmp_path, 5)
    (path,) = files(tmp_path)
    path.write_bytes(b"".join(tamper(path.read_bytes().splitlines(keepends=True))))
    assert told in inspect_trail(tmp_path).problems
    written(tmp_path, 2)
    assert inspect_trail(tmp_path).problems
    assert [entry["n"] for entry in read_trail(tmp_path)][-2:] == [6, 7]


def test_a_missing_or_changed_head_is_noticed(tmp_path: Path) -> None:
    written(tmp_path, 2)
    (tmp_path / HEAD).write_text("{}}")
    assert inspect_trail(tmp_path).problems == ("head.json was changed",)
    (tmp_path / HEAD).unlink()
    assert inspect_trail(tmp_path).problems == ("head.json is missing",)
    written(tmp_path, 1)
    assert inspect_trail(tmp_path).problems == ("entries 3 to 3 are missing",), (
        "it shows even when there is a head again"
    )


def test_old_files_go_and_what_is_left_can_be_verified(tmp_path: Path) -> None:
    written(tmp_path, 25, lines_of_a_file=5, files_kept=3)
    assert [path.name for path in files(tmp_path)] == ["000000011.jsonl", "000000016.jsonl", "000000021.jsonl"]
    found = inspect_trail(tmp_path)
    assert (found.entries, found.first, found.problems) == (15, 11, ())
    files(tmp_path)[0].unlink()
    assert inspect_trail(tmp_path).problems == ("entries 11 to 15 are missing",)


def test_a_power_cut_in_the_middle_of_a_line_or_before_the_head_is_no_tampering(tmp_path: Path) -> None:
    written(tmp_path, 2)
    before = (tmp_path / HEAD).read_bytes()
    written(tmp_path, 1)
    (tmp_path / HEAD).write_bytes(before)
    assert inspect_trail(tmp_path).problems == ()
    (path,) = files(tmp_path)
    path.write_bytes(path.read_bytes() + b'{"n":4,"at":')
    written(tmp_path, 1)
    found = inspect_trail(tmp_path)
    assert (found.entries, found.problems) == (4, ())


def test_a_disk_that_refuses_for_a_while_loses_no_entry(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "audit").write_text("in the way")
    trail = written(tmp_path / "audit", 2)
    assert "2 entries of the audit trail wait in memory" in caplog.text
    (tmp_path / "audit").unlink()
    asyncio.run(trail.append(event(SPOKE), SPOKE))
    found = inspect_trail(tmp_path / "audit")
    assert (found.entries, found.problems) == (3, ())


async def test_every_audit_event_and_nothing_else_goes_to_the_trail(tmp_path: Path) -> None:
    async with running(tmp_path / "outbox.db") as outbox:
        journal = journal_of(outbox, tmp_path / "audit")
        told = await journal.tell(None, SPOKE)
        await journal.tell(None, statistic())
    (entry,) = await asyncio.to_thread(lambda: list(read_trail(tmp_path / "audit")))
    assert entry["id"] == str(told.id)


def journal_of(outbox: Outbox, folder: Path) -> Journal:
    return Journal(outbox, AgentId("mairie-3"), SystemClock(), Trail(folder))
