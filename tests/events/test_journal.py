"""One place makes events: durable first, then told."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edge_agent.aio.clock import SystemClock
from edge_agent.events.journal import Journal
from edge_agent.events.outbox import Outbox
from edge_agent.values.ids import AgentId, CameraId
from tests.events.test_outbox import notice, running

STREET = CameraId("street")


@pytest.fixture
async def outbox(tmp_path: Path) -> AsyncIterator[Outbox]:
    async with running(tmp_path / "outbox.db") as made:
        yield made


@pytest.fixture
def journal(outbox: Outbox) -> Journal:
    return Journal(outbox, AgentId("mairie-3"), SystemClock())


async def test_an_event_is_durable_before_a_listener_hears_of_it(journal: Journal, outbox: Outbox) -> None:
    with journal.listen() as listener:
        told = await journal.tell(STREET, notice(), b"jpeg")
        heard = await listener.get()
    assert heard.event is told
    assert outbox.depth == 1
    assert journal.recent(10) == [heard.envelope]
    assert journal.snapshot(str(told.id)) == b"jpeg"
    assert journal.snapshot("unknown") is None


async def test_recent_is_newest_first_and_limited(journal: Journal) -> None:
    told = [await journal.tell(None, notice()) for _ in range(5)]
    assert [each["id"] for each in journal.recent(2)] == [str(told[4].id), str(told[3].id)]


async def test_a_slow_listener_loses_its_own_and_only_its_own(journal: Journal) -> None:
    with journal.listen() as slow, journal.listen() as fast:
        for _ in range(70):
            await journal.tell(STREET, notice())
            async with asyncio.timeout(1):
                await fast.get()
        assert (slow.lost, fast.lost) == (6, 0)


async def test_who_stopped_listening_is_forgotten(journal: Journal) -> None:
    with journal.listen():
        pass
    assert not journal._listeners


async def test_snapshots_are_few(journal: Journal) -> None:
    told = [await journal.tell(STREET, notice(), bytes(300_000)) for _ in range(70)]
    assert journal.snapshot(str(told[0].id)) is None
    assert journal.snapshot(str(told[-1].id)) is not None
    assert sum(map(len, journal._snapshots.values())) <= 20_000_000
