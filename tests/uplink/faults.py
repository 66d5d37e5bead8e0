"""An agent's outbox and uplink under load, in a process that is killed while its broker comes and goes."""

import asyncio
import random
import signal
import sys
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from edge_agent.values.ids import CameraId
from tests.events.test_outbox import alarm, notice, statistic
from tests.peers.broker import Broker
from tests.uplink.town import Consumer, Place, agent, consumer, until

STREET, SQUARE = CameraId("street"), CameraId("square")
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Toll:
    """What it came to.

    Attributes:
        told: events that the agent said were made.
        lost: those of them that never came.
        unsaid: events that came though the agent was killed before it could say so.
        duplicates: how many came more than once.
        holes: sequence numbers below a run's last that never came.
        disordered: events that came after a later one of the same run and lane.
        pictures: events that announced a picture which never came.
        runs: of the agent.
    """

    told: int
    lost: int
    unsaid: int
    duplicates: int
    holes: int
    disordered: int
    pictures: int
    runs: int


async def torment(broker: Broker, folder: Path, *, kills: int, restarts: int, rng: random.Random) -> Toll:
    """Kills the agent at random moments while the broker is restarted; returns what came of what was told."""
    told: list[str] = []
    async with consumer(broker) as csu:
        for number in range(kills):
            again = (number + 1) * restarts // kills - number * restarts // kills
            told += await _killed(broker, folder, restarts=again, rng=rng)
        async with agent(broker, folder) as box:
            await until(lambda: box.outbox.depth == 0 and box.uplink.connected.is_set(), within=60)
            last = str((await box.journal.tell(None, notice("last"))).id)
            told.append(last)
            await csu.until(lambda: any(last in str(each.payload) for each in csu.messages[-9:]), within=30)
        return reckon(told, csu)


async def _killed(broker: Broker, folder: Path, *, restarts: int, rng: random.Random) -> list[str]:
    """One life of the agent; returns the ids of the events that it told."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.uplink.faults", str(folder), str(broker.port)),
        stdout=asyncio.subprocess.PIPE,
        cwd=_ROOT,
    )
    assert process.stdout is not None
    told = [(await process.stdout.readline()).decode().strip()]
    reading = asyncio.create_task(process.stdout.read())
    try:
        for _ in range(restarts):
            await asyncio.sleep(rng.uniform(0.05, 0.3))
            await asyncio.to_thread(broker.stop)
            await asyncio.sleep(rng.uniform(0.0, 0.2))
            await asyncio.to_thread(broker.start)
        await asyncio.sleep(rng.uniform(0.05, 0.5))
    finally:
        process.send_signal(signal.SIGKILL)
        told += (await reading).decode().split()
        await process.wait()
    return told


def reckon(told: list[str], csu: Consumer) -> Toll:
    """Returns what came of events that were told, by their ids."""
    topics = [message.topic.value for message in csu.messages]
    pictures = {topic.rsplit("/", 1)[1] for topic in topics if "/snapshot/" in topic}
    events, runs = csu.events, defaultdict[str, list[int]](list)
    for event in events:
        urgent = event["type"].removeprefix("edge.v1.") in {"mask.verdict", "degradation", "gap"}
        runs[f"{event['data']['boot']} {urgent}"].append(event["data"]["sequence"])
    boots = defaultdict[str, set[int]](set)
    for lane, numbers in runs.items():
        boots[lane.split()[0]] |= set(numbers)
    came = {event["id"] for event in events}
    return Toll(
        told=len(told),
        lost=len(set(told) - came),
        unsaid=len(came - set(told)),
        duplicates=sum("/event/" in topic for topic in topics) - len(events),
        holes=sum(max(numbers) - len(numbers) for numbers in boots.values()),
        disordered=sum(b < a for numbers in runs.values() for a, b in pairwise(numbers)),
        pictures=sum(event["data"]["snapshot"] and event["id"] not in pictures for event in events),
        runs=len(boots),
    )


async def _tell_for_ever(folder: Path, port: int) -> None:
    """What the killed process does: makes events of each severity, and says of each that it was made."""
    async with agent(Place(port), folder) as box:
        while True:
            told = await asyncio.gather(
                *(box.journal.tell(camera, statistic()) for camera in (STREET, SQUARE, STREET)),
                box.journal.tell(STREET, notice()),
                box.journal.tell(SQUARE, alarm(), b"\xff\xd8" + bytes(2000)),
            )
            sys.stdout.write("".join(f"{event.id}\n" for event in told))
            sys.stdout.flush()
            await asyncio.sleep(0.01)


if __name__ == "__main__":
    asyncio.run(_tell_for_ever(Path(sys.argv[1]), int(sys.argv[2])))
