"""One place, the newest item."""

import asyncio
import threading

from edge_agent.aio.latest import Latest
from edge_agent.aio.threads import own_thread


async def test_the_newest_replaces_the_unread() -> None:
    latest: Latest[int] = Latest()
    for number in range(5):
        latest.put(number)
    assert await latest.get() == 4
    assert latest.replaced == 4


async def test_a_reader_waits_for_the_next_item() -> None:
    latest: Latest[str] = Latest()
    latest.put("first")
    assert await latest.get() == "first"
    waiting = asyncio.create_task(latest.get())
    await asyncio.sleep(0)
    assert not waiting.done()
    latest.put("second")
    assert await waiting == "second"


async def test_a_cancelled_reader_takes_nothing_along() -> None:
    latest: Latest[str] = Latest()
    waiting = asyncio.create_task(latest.get())
    await asyncio.sleep(0)
    latest.put("here")
    waiting.cancel()
    await asyncio.wait([waiting])
    assert await latest.get() == "here"


async def test_a_flood_from_threads_ends_with_the_last_item_and_every_item_is_accounted_for() -> None:
    latest: Latest[int] = Latest()
    count = 2000

    def flood(stop: threading.Event) -> None:
        for number in range(count + 1):
            latest.put(number)

    async def read() -> int:
        seen, before = 0, -1
        while before < count:
            item = await latest.get()
            assert item > before
            before = item
            seen += 1
        return seen

    reading = asyncio.create_task(read())
    await own_thread(flood, name="flood")
    assert await reading + latest.replaced == count + 1


async def test_a_busy_loop_holds_one_item_only() -> None:
    latest: Latest[int] = Latest()
    loop = asyncio.get_running_loop()
    before = len(loop._ready)  # type: ignore[attr-defined]
    for number in range(100):
        latest.put(number)
    assert len(loop._ready) - before == 1  # type: ignore[attr-defined]
