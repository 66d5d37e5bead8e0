"""The ring's promises, in one thread and in many."""

import asyncio
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.aio.ring import Reader, Ring
from edge_agent.aio.threads import own_thread
from edge_agent.values.time import Monotonic
from tests.aio.items import Item, group_of

STEP = st.one_of(
    st.tuples(st.just("append"), st.booleans(), st.integers(1, 30), st.floats(0, 1)),
    st.tuples(st.just("read"), st.integers(0, 2)),
    st.tuples(st.just("clear")),
)


def ring_of(count: int, *, seconds: float = 100, limit: int = 10_000) -> Ring[Item]:
    ring: Ring[Item] = Ring(seconds=seconds, limit=limit)
    for number in range(count):
        ring.append(group_of(number))
    return ring


def drain(reader: Reader[Item]) -> list[int]:
    numbers = []
    while (item := reader.take(0)) is not None:
        numbers.append(item.number)
    return numbers


def test_a_reader_starts_at_the_newest_key_item() -> None:
    assert drain(ring_of(13).reader(lag=100)) == [10, 11, 12]


def test_what_waits_for_a_reader_is_known() -> None:
    ring = ring_of(13)
    reader = ring.reader(lag=100)
    sizes = [group_of(number).size for number in (10, 11, 12)]
    assert reader.waiting == sum(sizes)
    reader.take(0)
    assert reader.waiting == sum(sizes[1:])
    ring.clear()
    assert reader.waiting == 0


def test_nothing_is_kept_before_the_first_key_item() -> None:
    ring: Ring[Item] = Ring(seconds=10, limit=100)
    reader = ring.reader(lag=10)
    for number in range(3, 8):
        ring.append(group_of(number))
    assert drain(reader) == [5, 6, 7]
    assert reader.skipped == 0


def test_old_groups_go_whole_and_the_rest_still_spans_the_time() -> None:
    ring = ring_of(5)
    reader = ring.reader(lag=100)
    for number in range(5, 23):
        ring.append(group_of(number, seconds=0.04))
    assert drain(reader) == list(range(23))
    short = ring_of(23, seconds=0.5)
    assert next(iter(short._items)).number == 5


def test_a_slow_reader_skips_to_a_key_item_and_counts() -> None:
    ring = ring_of(5)
    reader = ring.reader(lag=0.3)
    for number in range(5, 13):
        ring.append(group_of(number))
    assert drain(reader) == [10, 11, 12]
    assert reader.skipped == 10


def test_a_slow_reader_within_one_group_keeps_its_place() -> None:
    ring: Ring[Item] = Ring(seconds=1, limit=100)
    for number in range(50):
        ring.append(Item(number, number == 0, Monotonic(float(number))))
    assert drain(ring.reader(lag=0.1)) == list(range(50))


def test_a_group_that_is_too_large_is_given_up_until_the_next_key_item() -> None:
    ring: Ring[Item] = Ring(seconds=10, limit=10)
    reader = ring.reader(lag=10)
    for number, size in enumerate([4, 4, 4, 1, 1]):
        ring.append(Item(number, number == 0, size=size))
    assert drain(reader) == []
    ring.append(Item(5, key=True))
    assert drain(reader) == [5]
    assert reader.skipped == 3


def test_after_clearing_a_reader_goes_on_with_the_next_key_item() -> None:
    ring = ring_of(7)
    reader = ring.reader(lag=100)
    assert reader.take(0) == group_of(5)
    ring.clear()
    for number in range(8, 12):
        ring.append(group_of(number))
    assert drain(reader) == [10, 11]
    assert reader.skipped == 1


@given(steps=st.lists(STEP, max_size=120), lag=st.floats(0, 5), seconds=st.floats(0, 5))
def test_whatever_happens_readers_see_order_and_gaps_end_at_key_items(
    steps: list[tuple[str, bool, int, float]], lag: float, seconds: float
) -> None:
    ring: Ring[Item] = Ring(seconds=seconds, limit=60)
    readers = [ring.reader(lag=lag) for _ in range(3)]
    last: list[int | None] = [None] * 3
    number, now = 0, 0.0
    for action, *arguments in steps:
        if action == "append":
            key, size, pause = arguments
            now += pause
            ring.append(Item(number, bool(key), Monotonic(now), int(size)))
            number += 1
        elif action == "clear":
            ring.clear()
        else:
            which = int(arguments[0])
            item = readers[which].take(0)
            if item is not None:
                before = last[which]
                assert before is None or item.number > before
                assert item.key or item.number - 1 == before
                last[which] = item.number
        kept = list(ring._items)
        assert not kept or kept[0].key
        assert sum(item.size for item in kept) == ring._bytes <= 60


async def test_many_readers_follow_one_writing_thread_without_loss() -> None:
    count, ring = 3000, ring_of(1, seconds=1e9, limit=1_000_000)
    readers = [ring.reader(lag=1e9) for _ in range(6)]

    def write(stop: threading.Event) -> None:
        for number in range(1, count):
            ring.append(group_of(number))

    def follow(reader: Reader[Item], stop: threading.Event) -> list[int]:
        numbers: list[int] = []
        while len(numbers) < count and not stop.is_set():
            item = reader.take(5)
            assert item is not None
            numbers.append(item.number)
        return numbers

    async def await_all(reader: Reader[Item]) -> list[int]:
        return [(await reader.get()).number for _ in range(count)]

    async with asyncio.TaskGroup() as group:
        threads = [
            group.create_task(own_thread(lambda stop, reader=reader: follow(reader, stop), name="reader"))  # type: ignore[misc] # a default argument binds the loop's variable
            for reader in readers[:3]
        ]
        tasks = [group.create_task(await_all(reader)) for reader in readers[3:]]
        group.create_task(own_thread(write, name="writer"))
    for done in [*threads, *tasks]:
        assert done.result() == list(range(count))


async def test_readers_that_cannot_keep_up_lose_whole_stretches_and_know_how_much() -> None:
    count, ring = 5000, ring_of(1, seconds=0.2, limit=1_000_000)
    readers = [ring.reader(lag=0.1) for _ in range(3)]

    def write(stop: threading.Event) -> None:
        for number in range(1, count + 1):
            ring.append(group_of(number))

    async def follow(reader: Reader[Item]) -> None:
        seen, before = 0, -1
        while before < count:
            item = await reader.get()
            assert item.number == before + 1 or item.key
            before = item.number
            seen += 1
        assert seen + reader.skipped == count + 1

    async with asyncio.TaskGroup() as group:
        for reader in readers:
            group.create_task(follow(reader))
        group.create_task(own_thread(write, name="writer"))


async def test_a_reader_that_gives_up_leaves_no_trace() -> None:
    ring = ring_of(1)
    reader = ring.reader(lag=1)
    await reader.get()
    for _ in range(5):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.get(), 0)
        waiting = asyncio.create_task(reader.get())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
    assert not ring._sleepers
    ring.append(group_of(1))
    assert (await reader.get()).number == 1
