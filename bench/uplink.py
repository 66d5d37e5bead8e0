"""Events a second from the outbox to a consumer, beside bare aiomqtt over the same broker in the same run.

Needs mosquitto. Both sides publish the same envelopes at QoS 1 with 20 in flight; ours also writes each to disk first,
reads it back, and forgets it. Disk: the temporary folder's, or ``--state``.
"""

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import aiomqtt

sys.path.insert(0, str(Path(__file__).parents[1]))

from edge_agent.aio.clock import SystemClock
from edge_agent.events.envelope import encode, envelope
from edge_agent.events.outbox import Outbox, OutboxSettings
from edge_agent.uplink.link import Uplink
from edge_agent.uplink.settings import MqttSettings
from edge_agent.values.command import Command, Reply
from edge_agent.values.event import Event, MaskStatistics, MaskVerdict
from edge_agent.values.geometry import Box
from edge_agent.values.ids import AgentId, CameraId, TrackId
from edge_agent.values.look import Verdict
from tests.peers.broker import Broker

AGENT = AgentId("bench")
IN_FLIGHT = 20
Work = Callable[[], Awaitable[None]]


def event() -> Event:
    """An alarm of ordinary size."""
    box = Box(0.41, 0.2, 0.52, 0.83)
    data = MaskVerdict(TrackId(17), Verdict.NO_MASK, 0.93, 6, box, box)
    return Event(uuid4(), datetime.now(UTC), CameraId("street"), data)


async def received(broker: Broker, count: int, work: Work) -> float:
    """Returns events a second until a consumer of its own has them all."""
    async with aiomqtt.Client(broker.host, broker.port) as client:
        await client.subscribe("edge/v1/+/camera/+/event/#", qos=1)
        producing = asyncio.ensure_future(work())
        messages, first, seen = client.messages, time.perf_counter(), 0
        while seen < count:
            await anext(messages)
            seen += 1
        spent = time.perf_counter() - first
        await producing
        return count / spent


async def bare(broker: Broker, count: int) -> float:
    """Bare aiomqtt: nothing durable, 20 publishes at a time."""
    payloads = [encode(envelope(event(), AGENT, number, "boot")) for number in range(count)]
    async with aiomqtt.Client(broker.host, broker.port, protocol=aiomqtt.ProtocolVersion.V5) as client:
        client.pending_calls_threshold = 10 * IN_FLIGHT
        room = asyncio.Semaphore(IN_FLIGHT)

        async def one(payload: bytes) -> None:
            async with room:
                await client.publish("edge/v1/bench/camera/street/event/mask.verdict", payload, qos=1)

        async def work() -> None:
            async with asyncio.TaskGroup() as tasks:
                for payload in payloads:
                    tasks.create_task(one(payload))

        return await received(broker, count, work)


async def ours(broker: Broker, count: int, folder: Path, *, waiting: bool) -> tuple[float, float, int]:
    """The whole way; returns events a second, seconds to put one alone, and commits.

    Args:
        broker: where to.
        count: how many events.
        folder: for the outbox.
        waiting: whether all wait on disk before the connection is there, as after an outage.
    """
    clock = SystemClock()
    outbox = Outbox(folder / f"{uuid4()}.sqlite", agent=AGENT, limits=OutboxSettings(), clock=clock)

    async def obey(command: Command) -> Reply:
        return Reply(command.id, ok=True)

    settings = MqttSettings(host=broker.host, port=broker.port)
    uplink = Uplink(settings, AGENT, outbox, clock=clock, rng=random.Random(), obey=obey)  # noqa: S311 - jitter
    running = [asyncio.create_task(outbox.run())]

    async def put() -> None:
        events = [event() for _ in range(count)]
        for begin in range(0, count, 256):
            await asyncio.gather(*(outbox.put(told) for told in events[begin : begin + 256]))

    async def connect() -> None:
        running.append(asyncio.create_task(uplink.run()))
        await uplink.connected.wait()

    if waiting:
        await put()
        rate = await received(broker, count, connect)
    else:
        await connect()
        rate = await received(broker, count, put)
    commits = outbox.commits
    alone = []
    for _ in range(50):
        begun = time.perf_counter()
        await outbox.put(event())
        alone.append(time.perf_counter() - begun)
    for task in reversed(running):
        task.cancel()
        await asyncio.wait([task])
    return rate, statistics.median(alone), commits


async def alarms(broker: Broker, folder: Path, waiting: int, count: int) -> tuple[list[float], int]:
    """Tells alarms while statistics wait; returns the seconds that each took, and how many statistics were left."""
    clock = SystemClock()
    outbox = Outbox(folder / f"{uuid4()}.sqlite", agent=AGENT, limits=OutboxSettings(), clock=clock)

    async def obey(command: Command) -> Reply:
        return Reply(command.id, ok=True)

    settings = MqttSettings(host=broker.host, port=broker.port)
    uplink = Uplink(settings, AGENT, outbox, clock=clock, rng=random.Random(), obey=obey)  # noqa: S311 - jitter
    running = [asyncio.create_task(outbox.run())]
    now = datetime.now(UTC)
    for begin in range(0, waiting, 256):
        counted = MaskStatistics(now, now, 41, 6, 2, 9)
        events = [Event(uuid4(), now, CameraId("street"), counted) for _ in range(begin, min(begin + 256, waiting))]
        await asyncio.gather(*(outbox.put(told) for told in events))
    spent = []
    async with aiomqtt.Client(broker.host, broker.port) as client:
        await client.subscribe("edge/v1/+/camera/+/event/mask.verdict", qos=1)
        running.append(asyncio.create_task(uplink.run()))
        await uplink.connected.wait()
        for _ in range(count):
            begun = time.perf_counter()
            await outbox.put(event())
            await anext(client.messages)
            spent.append(time.perf_counter() - begun)
        left = outbox.depth
    for task in reversed(running):
        task.cancel()
        await asyncio.wait([task])
    return spent, left


async def main() -> None:
    """Prints the comparison."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=5000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--state", type=Path, help="folder on the disk to measure")
    options.add_argument("--waiting", type=int, default=50_000, help="statistics that wait while alarms are told")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.state) as name:
        folder = Path(name)
        broker = Broker(folder, settings="max_queued_messages 0")
        try:
            rounds = []
            for _ in range(chosen.rounds):
                base = await bare(broker, chosen.events)
                live = await ours(broker, chosen.events, folder, waiting=False)
                late = await ours(broker, chosen.events, folder, waiting=True)
                rounds.append((base, live, late))
            spent, left = await alarms(broker, folder, chosen.waiting, 200)
        finally:
            broker.kill()
    base = statistics.median(each[0] for each in rounds)
    prompt = statistics.median(each[1][0] for each in rounds)
    delayed = statistics.median(each[2][0] for each in rounds)
    alone = statistics.median(each[1][1] for each in rounds)
    commits = rounds[0][1][2]
    print(f"bare aiomqtt, QoS 1, 20 in flight     {base:8.0f} events/s")
    print(f"put, durable, delivered               {prompt:8.0f} events/s   {prompt / base:.2f} of bare")
    print(f"waiting on disk, then delivered       {delayed:8.0f} events/s   {delayed / base:.2f} of bare")
    print(f"one event alone is durable after      {alone * 1000:8.2f} ms (median)")
    tail = statistics.quantiles(spent, n=20)[-1]
    print(
        f"an alarm arrives after                {statistics.median(spent) * 1000:8.2f} ms (median), "
        f"{tail * 1000:.2f} ms (p95) while {chosen.waiting} statistics waited, {left} after the last"
    )
    print(f"commits for {chosen.events} events             {commits:8d}")


if __name__ == "__main__":
    asyncio.run(main())
