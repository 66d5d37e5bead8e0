"""The outbox on a real disk: nothing lost, numbers without holes, bounded, and loud about trouble."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from edge_agent.aio.clock import SystemClock
from edge_agent.errors import TransientError
from edge_agent.events.outbox import Entry, Outbox, OutboxSettings, Place
from edge_agent.events.store import Store
from edge_agent.values.event import Audit, Event, EventData, MaskStatistics, MaskVerdict
from edge_agent.values.geometry import Box
from edge_agent.values.ids import AgentId, CameraId, TrackId
from edge_agent.values.look import Verdict

NOW = datetime.now(UTC)


def statistic() -> EventData:
    return MaskStatistics(NOW, NOW, 1, 2, 3, 4)


def alarm() -> EventData:
    box = Box(0, 0, 1, 1)
    return MaskVerdict(TrackId(1), Verdict.NO_MASK, 0.9, 1, box, box)


def notice(detail: str = "") -> EventData:
    return Audit("operator", "live.open", "street", "done", detail)


def event(data: EventData | None = None, snapshot: bytes | None = None) -> Event:
    return Event(uuid4(), NOW, CameraId("street"), data or notice(), snapshot)


@asynccontextmanager
async def running(path: Path, limits: OutboxSettings | None = None) -> AsyncIterator[Outbox]:
    outbox = Outbox(path, agent=AgentId("mairie-3"), limits=limits or OutboxSettings(), clock=SystemClock())
    task = asyncio.create_task(outbox.run())
    try:
        yield outbox
    finally:
        task.cancel()
        await asyncio.wait([task])


def data(entry: Entry) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(entry.payload)["data"]
    return content


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def everything(outbox: Outbox, limit: int = 10_000) -> list[Entry]:
    async with asyncio.timeout(5):
        return await outbox.batch(Place(), limit)


async def test_events_come_out_as_they_went_in(tmp_path: Path) -> None:
    async with running(tmp_path / "state" / "outbox.db") as outbox:
        first, second = event(), event(snapshot=b"jpeg")
        assert [await outbox.put(first), await outbox.put(second)] == [1, 2]
        entries = await everything(outbox)
        assert [entry.id for entry in entries] == [str(first.id), str(second.id)]
        assert [entry.snapshot for entry in entries] == [None, b"jpeg"]
        assert data(entries[1])["sequence"] == 2
        assert data(entries[1])["boot"] == outbox.boot


async def test_many_at_once_share_commits_and_get_numbers_without_holes(tmp_path: Path) -> None:
    async with running(tmp_path / "outbox.db") as outbox:
        numbers = await asyncio.gather(*(outbox.put(event()) for _ in range(1000)))
        assert sorted(numbers) == list(range(1, 1001))
        assert numbers == sorted(numbers)
        assert outbox.commits < 100
        assert outbox.depth == 1000


async def test_a_reader_waits_for_the_next_event(tmp_path: Path) -> None:
    async with running(tmp_path / "outbox.db") as outbox, asyncio.timeout(5):
        reading = asyncio.create_task(outbox.batch(Place(), 10))
        await outbox.put(event())
        (entry,) = await reading
        reading = asyncio.create_task(outbox.batch(Place().past(entry), 10))
        await outbox.put(event())
        assert [data(entry)["sequence"] for entry in await reading] == [2]


async def test_what_was_acknowledged_is_gone_after_a_restart_and_the_rest_is_not(tmp_path: Path) -> None:
    async with running(tmp_path / "outbox.db") as outbox:
        for _ in range(3):
            await outbox.put(event())
        first, *_ = await everything(outbox)
        outbox.done(first.position)
        boot = outbox.boot
    async with running(tmp_path / "outbox.db") as outbox:
        assert await outbox.put(event()) == 1
        entries = await everything(outbox)
        assert [(data(entry)["boot"], data(entry)["sequence"]) for entry in entries] == [
            (boot, 2),
            (boot, 3),
            (outbox.boot, 1),
        ]
        assert outbox.boot != boot
    assert names(tmp_path) == ["outbox.db"]


async def test_a_reader_that_begins_again_gets_nothing_acknowledged(tmp_path: Path) -> None:
    async with running(tmp_path / "outbox.db") as outbox:
        for _ in range(4):
            await outbox.put(event())
        for entry in (await everything(outbox))[:3]:
            outbox.done(entry.position)
        assert [data(entry)["sequence"] for entry in await everything(outbox)] == [4]
        assert outbox.depth == 1


async def test_the_oldest_of_the_least_important_go_and_a_gap_tells_which(tmp_path: Path) -> None:
    async with running(tmp_path / "outbox.db", OutboxSettings(rows=10)) as outbox:
        for number in range(1, 21):
            await outbox.put(event(statistic() if number % 2 else notice()))
        entries = await everything(outbox)
        gaps = [data(entry) for entry in entries if entry.type == "gap"]
        kept = [data(entry)["sequence"] for entry in entries]
        assert len(gaps) == 1
        lost = {n for each in gaps[0]["missing"] for n in range(each["first"], each["last"] + 1)}
        assert gaps[0]["dropped"] == len(lost) == outbox.dropped
        assert set(kept) | lost == set(range(1, max(kept) + 1))
        assert not set(kept) & lost
        assert {entry.type for entry in entries} == {"audit", "gap"}, "statistics went before anything else"
        assert len(entries) == 10


async def test_a_gap_that_was_sent_is_not_changed_any_more(tmp_path: Path) -> None:
    async with running(tmp_path / "outbox.db", OutboxSettings(rows=10)) as outbox:
        for _ in range(12):
            await outbox.put(event())
        before = [data(entry) for entry in await everything(outbox) if entry.type == "gap"]
        for _ in range(3):
            await outbox.put(event())
        after = [data(entry) for entry in await everything(outbox) if entry.type == "gap"]
        assert len(before) == 1
        assert len(after) == 2
        assert after[0] == before[0]
        assert sum(gap["dropped"] for gap in after) == outbox.dropped


async def test_bytes_are_bounded_too(tmp_path: Path) -> None:
    async with running(tmp_path / "outbox.db", OutboxSettings(bytes=200_000)) as outbox:
        for _ in range(10):
            await outbox.put(event(snapshot=bytes(50_000)))
        assert outbox.size <= 200_000
        assert outbox.dropped == 7


@pytest.mark.parametrize("damage", [b"this is no database" * 1000, b"SQLite format 3\0" + b"\xff" * 8000])
async def test_a_damaged_file_is_moved_aside_and_said_so(
    tmp_path: Path, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "outbox.db").write_bytes(damage)
    async with running(tmp_path / "outbox.db") as outbox:
        await outbox.put(event())
        gap, kept = await everything(outbox)
        assert gap.type == "gap"
        assert "damaged" in data(gap)["reason"]
        assert data(kept)["sequence"] == 2
        assert outbox.trouble == ""
    assert (tmp_path / "outbox.damaged").read_bytes() == damage
    assert "is damaged and begun anew" in caplog.text


async def test_a_file_that_is_cut_off_is_replaced(tmp_path: Path) -> None:
    async with running(tmp_path / "outbox.db") as outbox:
        await asyncio.gather(*(outbox.put(event(snapshot=bytes(3000))) for _ in range(50)))
    os.truncate(tmp_path / "outbox.db", 20_000)
    async with running(tmp_path / "outbox.db") as outbox:
        await outbox.put(event())
        assert [entry.type for entry in await everything(outbox)] == ["gap", "audit"]


async def test_a_folder_that_cannot_be_written_means_memory_and_an_event_that_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    async with running(tmp_path / "state" / "outbox.db") as outbox:
        assert await outbox.put(event()) == 2
        told, _ = await everything(outbox)
        assert told.type == "degradation"
        assert data(told)["degraded"] is True
        assert outbox.trouble
    assert "events wait only in memory" in caplog.text
    assert "are lost" in caplog.text


async def test_an_event_that_cannot_be_written_fails_alone_and_leaves_no_hole(tmp_path: Path) -> None:
    box = Box(0, 0, 1, 1)
    bad = MaskVerdict(TrackId(1), Verdict.NO_MASK, float("nan"), 1, box, box)
    async with running(tmp_path / "outbox.db") as outbox:
        outcomes = await asyncio.gather(
            *(outbox.put(event(each)) for each in (None, bad, None)), return_exceptions=True
        )
        assert [isinstance(outcome, ValueError) for outcome in outcomes] == [False, True, False]
        assert [data(entry)["sequence"] for entry in await everything(outbox)] == [1, 2]


async def test_the_depth_is_never_less_than_what_waits_while_rows_are_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = list[int]()
    async with running(tmp_path / "outbox.db") as outbox:
        await asyncio.gather(*(outbox.put(event()) for _ in range(400)))
        entries = await everything(outbox)
        keep = Store.keep

        def watched(store: Store, positions: Iterable[int]) -> None:
            for position in positions:
                keep(store, [position])
                seen.append(outbox.depth)

        monkeypatch.setattr(Store, "keep", watched)
        for entry in entries[:300]:
            outbox.done(entry.position)
        await outbox.put(event())
        assert outbox.depth == 101
    assert len(seen) >= 300
    assert min(seen[:300]) >= 100


async def test_a_closed_outbox_refuses(tmp_path: Path) -> None:
    async with running(tmp_path / "outbox.db") as outbox:
        await outbox.put(event())
    with pytest.raises(TransientError, match="closed"):
        await outbox.put(event())


async def test_closing_writes_what_waits(tmp_path: Path) -> None:
    async with running(tmp_path / "outbox.db") as outbox:
        putting = [asyncio.create_task(outbox.put(event())) for _ in range(50)]
        await asyncio.sleep(0)
    assert sorted(await asyncio.gather(*putting)) == list(range(1, 51))
    with sqlite3.connect(tmp_path / "outbox.db") as database:
        assert database.execute("SELECT count(*) FROM event").fetchone() == (50,)
    database.close()


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from tests.events.test_outbox import event
from edge_agent.aio.clock import SystemClock
from edge_agent.events.outbox import Outbox, OutboxSettings

async def main() -> None:
    outbox = Outbox(Path(sys.argv[1]), agent="mairie-3", limits=OutboxSettings(), clock=SystemClock())
    running = asyncio.create_task(outbox.run())
    for _ in range(25):
        told = event()
        await outbox.put(told)
        print(told.id, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


async def test_nothing_that_was_told_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    root = Path(__file__).parents[2]
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", KILLED, str(path)], capture_output=True, text=True, cwd=root, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    told = done.stdout.split()
    assert len(told) == 25
    async with running(path) as outbox:
        assert [entry.id for entry in await everything(outbox)] == told
