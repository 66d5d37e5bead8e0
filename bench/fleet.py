"""A town's boxes at one mosquitto: a steady load, then a broker that restarts and everybody who comes back.

Each agent is the real outbox on disk and the real uplink, with its heartbeat and no cameras; some processes hold many
of them. Beside it, in the same run, boxes that wait 4 s each time without jitter show a stampede. Needs mosquitto.

``--agents 400`` is a town; with 4000, processor and disk of this machine are shared by boxes that in a town bring their
own: look at the broker's share, let the boxes beat as seldom as real ones (``--heartbeat 10``), and give them a disk in
memory (``--state /dev/shm``). What happens is said on standard error meanwhile.
"""

import argparse
import asyncio
import json
import logging
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from asyncio.subprocess import Process
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiomqtt

sys.path.insert(0, str(Path(__file__).parents[1]))

from edge_agent.aio.clock import SystemClock
from edge_agent.aio.restart import Backoff
from edge_agent.events import outbox as outboxes
from edge_agent.events.outbox import Outbox, OutboxSettings
from edge_agent.uplink.link import PATIENCE, Uplink
from edge_agent.uplink.settings import MqttSettings
from edge_agent.values.command import Command, Reply
from edge_agent.values.event import Event
from edge_agent.values.ids import AgentId
from tests.events.test_outbox import NOW, alarm, notice, statistic
from tests.peers.broker import Broker

STAMPEDE = Backoff(first=4.0, most=4.0, jitter=0.0)
STARTS = 100  # boxes that are switched on in a second, about
CROWD = 250  # boxes of one process: they share an interpreter
HEALTH = {"load": 0.5, "cpu": 0.3, "memory": 123456789, "cameras": {"street": {"state": "online", "fps": 25.0}}} | {
    f"measure_{number}": number * 1.25 for number in range(12)
}
SAY_EVERY = 5.0
_TICKS = os.sysconf("SC_CLK_TCK")


async def obey(command: Command) -> Reply:
    """Nobody commands here."""
    return Reply(command.id, ok=True)


@dataclass(frozen=True)
class Share:
    """What one process is told: which boxes it holds, and how they behave.

    Attributes:
        first: number of its first box.
        count: how many it holds.
        folder: for their outboxes.
        port: of the broker.
        rate: events a second of each.
        heartbeat: seconds between two of a box.
        spread: seconds in which they are switched on.
        way: how they come back.
    """

    first: int
    count: int
    folder: str
    port: int
    rate: float
    heartbeat: float
    spread: float
    way: str


async def box(name: AgentId, share: Share, ending: asyncio.Event) -> int:
    """One box until it is asked to end; returns how many events it told."""
    clock, rng, told = SystemClock(), random.Random(name), 0  # noqa: S311 - load
    outbox = Outbox(Path(share.folder) / f"{name}.db", agent=name, limits=OutboxSettings(), clock=clock)
    broker = MqttSettings(port=share.port)
    uplink = Uplink(broker, name, outbox, clock=clock, rng=rng, obey=obey, backoff=WAYS[share.way])
    await asyncio.sleep(rng.uniform(0, share.spread))  # a town is not switched on in one moment
    running = [asyncio.create_task(outbox.run()), asyncio.create_task(uplink.run())]
    heart = asyncio.create_task(beat(uplink, rng, share.heartbeat))
    while not ending.is_set():
        try:
            await asyncio.wait_for(ending.wait(), rng.expovariate(share.rate))
        except TimeoutError:
            data = (statistic, statistic, notice, alarm)[told % 4]()
            await outbox.put(Event(uuid4(), NOW, None, data))
            told += 1
    while outbox.depth or not uplink.connected.is_set():  # noqa: ASYNC110 - no event says that nothing waits
        await asyncio.sleep(0.2)
    for task in (heart, *reversed(running)):
        task.cancel()
        await asyncio.wait([task])
    return told


async def beat(uplink: Uplink, rng: random.Random, every: float) -> None:
    """Reports health as an agent does."""
    await asyncio.sleep(rng.uniform(0, every))
    while True:
        await uplink.report("health", HEALTH)
        await asyncio.sleep(every)


async def work(share: Share) -> None:
    """Holds some boxes until a line comes in, then prints what they told."""
    logging.disable(logging.WARNING)  # each box says that its broker is away
    outboxes._LOOK_UP = 2.0  # noqa: SLF001 - thousands of threads that look five times a second are a load of this bench
    ending, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_reader(sys.stdin, ending.set)
    names = [AgentId(f"box-{number}") for number in range(share.first, share.first + share.count)]
    told = await asyncio.gather(*(box(name, share, ending) for name in names))
    print(json.dumps({**dict(zip(names, told, strict=True)), "seconds of processor": time.process_time()}))


@dataclass
class Ear:
    """What a control room hears: numbers of events by box and run, and when each box came online."""

    numbers: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    born: list[tuple[float, str]] = field(default_factory=list)
    twice: int = 0

    async def listen(self, port: int) -> None:
        """Listens through restarts of the broker, with a session that it keeps."""
        while True:
            try:
                async with aiomqtt.Client("127.0.0.1", port, identifier="csu", clean_session=False) as client:
                    await client.subscribe([("edge/v1/+/event/+", 1), ("edge/v1/+/status", 1)])
                    async for message in client.messages:
                        self.take(str(message.topic).split("/")[2], json.loads(message.payload))
            except aiomqtt.MqttError:
                await asyncio.sleep(0.2)

    def take(self, name: str, told: dict[str, Any]) -> None:
        """Notes one message."""
        if "state" in told:
            self.born += [(time.monotonic(), name)] if told["state"] == "online" else []
            return
        data = told["data"]
        self.twice += data["sequence"] in self.numbers[name]
        self.numbers[name].add(data["sequence"])


def processor(pid: int) -> float:
    """Seconds of processor that a process used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


@asynccontextmanager
async def fleet(chosen: argparse.Namespace, folder: Path, port: int, way: str) -> AsyncIterator[list[Process]]:
    """Starts the processes that hold the boxes."""
    processes = chosen.processes or max(4, chosen.agents // CROWD)
    each = -(-chosen.agents // processes)
    workers = []
    for first in range(0, chosen.agents, each):
        count, spread = min(each, chosen.agents - first), max(3.0, chosen.agents / STARTS)
        share = Share(first, count, str(folder), port, chosen.rate / 3600, chosen.heartbeat, spread, way)
        command = (sys.executable, __file__, "--worker", json.dumps(asdict(share)))
        started = asyncio.create_subprocess_exec(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        workers.append(await started)
    try:
        yield workers
    finally:
        for worker in workers:
            if worker.returncode is None:
                worker.kill()
            await worker.communicate()


async def season(chosen: argparse.Namespace, way: str) -> None:
    """Runs a fleet, restarts its broker, and prints how that went."""
    with tempfile.TemporaryDirectory(dir=chosen.state) as name:
        folder = Path(name)
        broker = Broker(folder, settings="max_queued_messages 0\nautosave_interval 300\nlog_type error")
        ear = Ear()
        listening = asyncio.create_task(ear.listen(broker.port))
        try:
            async with fleet(chosen, folder, broker.port, way) as workers:
                await all_born(ear, 0.0, chosen.agents)
                say(f"all {chosen.agents} are there, {chosen.seconds:g} s of steady load")
                used, begun = processor(broker.pid), time.monotonic()
                await asyncio.sleep(chosen.seconds)
                steady = (processor(broker.pid) - used) / (time.monotonic() - begun)
                say("the broker goes away")
                await asyncio.to_thread(broker.stop)
                await asyncio.sleep(chosen.outage)
                await asyncio.to_thread(broker.start)
                back = time.monotonic()
                peaks = asyncio.create_task(peak(broker.pid))
                seconds = sorted(at - back for at in (await all_born(ear, back, chosen.agents)).values())
                await asyncio.sleep(2)
                peaks.cancel()
                say("all are back, and tell what waits")
                highest = (await asyncio.gather(peaks))[0]
                told: Counter[str] = Counter()
                for worker in workers:
                    told.update(json.loads((await worker.communicate(b"\n"))[0]))
                cost = told.pop("seconds of processor")
                alive = time.monotonic() - begun
                await asyncio.sleep(3)
        finally:
            listening.cancel()
            broker.kill()
    lost = sum(count - len(ear.numbers[name]) for name, count in told.items())
    a_second = Counter(int(each) for each in seconds)
    print(f"{chosen.agents} boxes, {way}")
    load = f"steady, {chosen.rate:g} events an hour each"
    print(f"  {load:40} broker {steady:.1%} of a core, a box {cost / alive / chosen.agents:.2%}")
    away = f"broker away for {chosen.outage:g} s"
    print(f"  {away:40} half back after {seconds[len(seconds) // 2]:.1f} s, all after {seconds[-1]:.1f} s")
    print(f"  {'':40} at most {max(a_second.values())} births in a second, broker's peak {highest:.0%} of a core")
    print(f"  {told.total()} events told, {lost} lost, {ear.twice} came twice", flush=True)


async def all_born(ear: Ear, since: float, count: int) -> dict[str, float]:
    """Waits until every box told its birth after a time; returns when each did first."""
    said = time.monotonic()
    deadline, born = said + 600, dict[str, float]()
    while time.monotonic() < deadline:
        for at, name in ear.born:
            if at >= since:
                born.setdefault(name, at)
        if len(born) == count:
            return born
        if time.monotonic() - said > SAY_EVERY:
            said = time.monotonic()
            say(f"{len(born)} of {count} boxes are there")
        await asyncio.sleep(0.2)
    raise TimeoutError(f"{len(born)} of {count} boxes are there")


def say(what: str) -> None:
    """Tells whoever waits what goes on."""
    print(f"  {time.strftime('%X')} {what}", file=sys.stderr, flush=True)


async def peak(pid: int) -> float:
    """Returns the largest share of a core that a process used in half a second, once it is cancelled."""
    highest = 0.0
    try:
        while True:
            used, begun = processor(pid), time.monotonic()
            await asyncio.sleep(0.5)
            highest = max(highest, (processor(pid) - used) / (time.monotonic() - begun))
    except asyncio.CancelledError:
        return highest


async def main() -> None:
    """Prints both ways of coming back."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--agents", type=int, default=400)
    options.add_argument("--processes", type=int, default=0, help=f"that hold them; one for {CROWD}, four at least")
    options.add_argument("--heartbeat", type=float, default=5.0, help="seconds between two of a box")
    options.add_argument("--rate", type=float, default=500, help="events an hour of each box")
    options.add_argument("--seconds", type=float, default=30, help="of steady load")
    options.add_argument("--outage", type=float, default=10)
    options.add_argument("--ways", nargs="*", choices=WAYS, default=list(WAYS))
    options.add_argument("--state", type=Path, help="folder on the disk to use")
    chosen = options.parse_args()
    logging.disable(logging.ERROR)  # of bare aiomqtt, which writes to sockets that closed meanwhile
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    for way in chosen.ways:
        await season(chosen, way)


WAYS = {"full jitter, 4 to 30 s": PATIENCE, "4 s each time": STAMPEDE}

if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        asyncio.run(work(Share(**json.loads(sys.argv[2]))))
    else:
        asyncio.run(main())
