"""Events a second from the outbox to a consumer, beside bare aiomqtt over the same broker; what the disk has to write.

Needs mosquitto and mosquitto_sub, which is the consumer, in a process of its own. All publish the same envelopes at
QoS 1 with 20 in flight. Bare aiomqtt has them ready, with and without the MQTT 5 properties that ours carry; ours also
makes each envelope, writes it to disk first, reads it back, and forgets it. The clock of the disk's hours is moved by
hand, its bytes are the kernel's count of what this process had written. Disk: the temporary folder's, or ``--state``.
"""

import argparse
import asyncio
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count as numbers
from pathlib import Path
from uuid import uuid4

import aiomqtt

sys.path.insert(0, str(Path(__file__).parents[1]))

from edge_agent.aio.clock import SystemClock
from edge_agent.events.envelope import encode, envelope
from edge_agent.events.ledger import Ledger
from edge_agent.events.outbox import Outbox, OutboxSettings
from edge_agent.uplink.link import Uplink
from edge_agent.uplink.properties import Packed, beside_event
from edge_agent.uplink.settings import MqttSettings
from edge_agent.values.command import Command, Reply
from edge_agent.values.event import Event, MaskStatistics, MaskVerdict, Severity
from edge_agent.values.geometry import Box
from edge_agent.values.ids import AgentId, CameraId, TrackId
from edge_agent.values.look import Verdict
from edge_agent.values.time import Monotonic
from tests.peers.broker import Broker

AGENT = AgentId("bench")
IN_FLIGHT = 20
EVENTS = "edge/v1/+/camera/+/event/#"
PICTURE = bytes(60_000)
Work = Callable[[], Awaitable[object]]


def event(snapshot: bytes | None = None) -> Event:
    """An alarm of ordinary size."""
    box = Box(0.41, 0.2, 0.52, 0.83)
    data = MaskVerdict(TrackId(17), Verdict.NO_MASK, 0.93, 6, box, box)
    return Event(uuid4(), datetime.now(UTC), CameraId("street"), data, snapshot)


async def received(broker: Broker, count: int, work: Work) -> float:
    """Returns events a second until a consumer of its own has them all."""
    at = ("-p", str(broker.port))
    await asyncio.to_thread(subprocess.run, ["mosquitto_pub", *at, "-r", "-t", "ready", "-m", "yes"], check=True)
    wanted = ("-V", "5", "-q", "1", "-t", "ready", "-t", EVENTS, "-F", "%l", "-C", str(count + 1))
    consumer = await asyncio.create_subprocess_exec("mosquitto_sub", *at, *wanted, stdout=subprocess.PIPE)
    await consumer.stdout.readline()  # type: ignore[union-attr] # the retained message: it is subscribed
    begun = time.perf_counter()
    producing = asyncio.ensure_future(work())
    await consumer.communicate()
    spent = time.perf_counter() - begun
    await producing
    return count / spent


async def bare(broker: Broker, count: int, properties: Packed | None) -> float:
    """Bare aiomqtt: nothing durable, 20 publishes at a time."""
    payloads = [encode(envelope(event(), AGENT, number, "boot")) for number in range(count)]
    async with aiomqtt.Client(broker.host, broker.port, protocol=aiomqtt.ProtocolVersion.V5) as client:
        client.pending_calls_threshold = 10 * IN_FLIGHT
        room = asyncio.Semaphore(IN_FLIGHT)

        async def one(payload: bytes) -> None:
            async with room:
                topic = "edge/v1/bench/camera/street/event/mask.verdict"
                await client.publish(topic, payload, qos=1, properties=properties)

        return await received(broker, count, lambda: asyncio.gather(*map(one, payloads)))


@dataclass
class Side:
    """The agent's side: an outbox that runs, and an uplink that connects when it is asked to."""

    outbox: Outbox
    uplink: Uplink
    running: list[asyncio.Task[None]]

    async def put(self, events: list[Event]) -> None:
        """Puts events, as many at once as an outbox takes."""
        for begin in range(0, len(events), 256):
            await asyncio.gather(*map(self.outbox.put, events[begin : begin + 256]))

    async def connect(self) -> None:
        """Connects."""
        self.running.append(asyncio.create_task(self.uplink.run()))
        await self.uplink.connected.wait()


@asynccontextmanager
async def side(broker: Broker, folder: Path) -> AsyncIterator[Side]:
    """Makes the agent's side, with a new file."""
    clock = SystemClock()
    outbox = Outbox(folder / f"{uuid4()}.sqlite", agent=AGENT, limits=OutboxSettings(), clock=clock)

    async def obey(command: Command) -> Reply:
        return Reply(command.id, ok=True)

    settings = MqttSettings(host=broker.host, port=broker.port)
    uplink = Uplink(settings, AGENT, outbox, clock=clock, rng=random.Random(), obey=obey)  # noqa: S311 - jitter
    made = Side(outbox, uplink, [asyncio.create_task(outbox.run())])
    try:
        yield made
    finally:
        for task in reversed(made.running):
            task.cancel()
            await asyncio.wait([task])


async def live(broker: Broker, count: int, folder: Path) -> tuple[float, int, float]:
    """The whole way; returns events a second, commits, and the seconds until one event alone is durable."""
    events, alone = [event() for _ in range(count)], []
    async with side(broker, folder) as ours:
        await ours.connect()
        rate = await received(broker, count, lambda: ours.put(events))
        commits = ours.outbox.commits
        for _ in range(50):
            begun = time.perf_counter()
            await ours.outbox.put(event())
            alone.append(time.perf_counter() - begun)
    return rate, commits, statistics.median(alone)


async def late(broker: Broker, count: int, folder: Path) -> float:
    """All wait on disk before the connection is there, as after an outage; returns events a second."""
    async with side(broker, folder) as ours:
        await ours.put([event() for _ in range(count)])
        return await received(broker, count, ours.connect)


async def alarms(broker: Broker, folder: Path, waiting: int, count: int) -> tuple[list[float], int]:
    """Tells alarms while statistics wait; returns the seconds that each took, and how many statistics were left."""
    now = datetime.now(UTC)
    counted = MaskStatistics(now, now, 41, 6, 2, 9)
    spent = []
    async with side(broker, folder) as ours, aiomqtt.Client(broker.host, broker.port) as client:
        await ours.put([Event(uuid4(), now, CameraId("street"), counted) for _ in range(waiting)])
        await client.subscribe("edge/v1/+/camera/+/event/mask.verdict", qos=1)
        await ours.connect()
        for _ in range(count):
            begun = time.perf_counter()
            await ours.outbox.put(event())
            await anext(client.messages)
            spent.append(time.perf_counter() - begun)
        return spent, ours.outbox.depth


class Moved:
    """See ``Clock``; moved by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> Monotonic:
        """See ``Clock``."""
        return Monotonic(self.seconds)

    def wall(self) -> datetime:
        """See ``Clock``."""
        return datetime(2026, 11, 24, tzinfo=UTC) + timedelta(seconds=self.seconds)


def written() -> int:
    """Bytes that this process had the disk write so far."""
    lines = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(lines["write_bytes"])


def hours(folder: Path, rate: int, count: int) -> tuple[float, float]:
    """Lets hours pass in which events happen and are acknowledged at once; returns commits and bytes an hour.

    Args:
        folder: on the disk.
        rate: events an hour; every third has a picture.
        count: of hours.
    """
    clock = Moved()
    ledger = Ledger(folder / f"{uuid4()}.sqlite", agent=AGENT, boot="bench", limits=OutboxSettings(), clock=clock)
    ledger.open()
    ledger.tidy()
    before, due, told = (written(), ledger.commits), 0.0, numbers()
    for second in range(3600 * count):
        clock.seconds = float(second)
        while rate and due <= second:
            entry = ledger.number(event(PICTURE if next(told) % 3 == 0 else None))
            ledger.write([entry])
            ledger.forget([entry.position])
            due += 3600 / rate
        ledger.tidy()
    found = (ledger.commits - before[1]) / count, (written() - before[0]) / count
    ledger.close()
    return found


async def rates(broker: Broker, folder: Path, events: int, rounds: int) -> None:
    """Prints the comparison."""
    carried = beside_event(Severity.ALARM, 30 * 86_400)
    found: list[tuple[float, ...]] = []
    for _ in range(rounds):
        base, same = await bare(broker, events, None), await bare(broker, events, carried)
        whole = await live(broker, events, folder)
        found.append((base, same, await late(broker, events, folder), *whole))
    base, same, delayed, prompt, commits, alone = (statistics.median(each) for each in zip(*found, strict=True))
    print(f"bare aiomqtt, QoS 1, 20 in flight     {base:8.0f} events/s")
    print(f"the same with our properties          {same:8.0f} events/s")
    for what, rate in (("put, durable, delivered", prompt), ("waiting on disk, then delivered", delayed)):
        print(f"{what:37} {rate:8.0f} events/s   {rate / base:.2f} of bare, {rate / same:.2f} with properties")
    print(f"one event alone is durable after      {alone * 1000:8.2f} ms (median)")
    print(f"commits for {events} events             {commits:8.0f}")


async def main() -> None:
    """Prints everything."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=5000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--state", type=Path, help="folder on the disk to measure")
    options.add_argument("--waiting", type=int, default=50_000, help="statistics that wait while alarms are told")
    options.add_argument("--hours", type=int, default=6, help="in which the disk's writes are counted")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.state) as name:
        folder = Path(name)
        broker = Broker(folder, settings="max_queued_messages 0\nlog_type error")
        try:
            await rates(broker, folder, chosen.events, chosen.rounds)
            spent, left = await alarms(broker, folder, chosen.waiting, 200)
        finally:
            broker.kill()
        tail = statistics.quantiles(spent, n=20)[-1]
        print(
            f"an alarm arrives after                {statistics.median(spent) * 1000:8.2f} ms (median), "
            f"{tail * 1000:.2f} ms (p95) while {chosen.waiting} statistics waited, {left} after the last"
        )
        for rate in (0, 20, 500):
            commits, size = await asyncio.to_thread(hours, folder, rate, chosen.hours)
            each = f", {commits / rate:.2f} commits and {size / rate / 1000:.0f} kB an event" if rate else ""
            print(f"the disk at {rate:3} events an hour          {commits:8.0f} commits, {size / 1e6:.2f} MB{each}")


if __name__ == "__main__":
    asyncio.run(main())
