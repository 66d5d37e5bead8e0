"""What may befall an agent's line, each in a process with a network and mounts of its own: ``unshare -n -m``, as root.

``python -m tests.uplink.ordeals NAME FOLDER SECONDS KEEPALIVE`` prints one JSON object.
"""

import asyncio
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from edge_agent.aio.clock import SystemClock
from edge_agent.events.replay import Sequences
from tests.events.test_outbox import alarm, notice, statistic
from tests.peers.broker import Broker
from tests.peers.peer import free_port
from tests.uplink.faults import SQUARE, STREET, reckon
from tests.uplink.town import AGENT, ROOT, Agent, Consumer, Place, agent, consumer, until

KEEPALIVE = 5
_PAUSE = 0.05
_PATIENCE = 90.0


@dataclass
class Stage:
    """A broker with a second door that no fault touches, and a control room behind it.

    Attributes:
        broker: what the agent speaks to.
        csu: hears everything.
        folder: for the agent.
        keepalive: the agent's, in seconds.
        told: ids of events that the agent said were made.
        figures: what a fault measured.
        untrue: longest time in seconds that the status topic said something else than the agent knew.
    """

    broker: Broker
    csu: Consumer
    folder: Path
    keepalive: int = KEEPALIVE
    told: list[str] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)
    untrue: float = 0.0

    @asynccontextmanager
    async def agent(self, **options: Any) -> AsyncIterator[Agent]:
        """An agent that tells steadily, and whose status is compared with the truth."""
        async with agent(self.broker, self.folder, keepalive=self.keepalive, **options) as box:
            tasks = [asyncio.create_task(self._tell(box)), asyncio.create_task(self._compare(box))]
            try:
                yield box
                tasks[0].cancel()
                await until(lambda: box.outbox.depth == 0 and box.uplink.connected.is_set(), _PATIENCE)
                await until(lambda: self.status == "online", _PATIENCE)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)

    @property
    def status(self) -> str:
        """What the control room believes."""
        told = self.csu.latest.get(f"{ROOT}/status")
        return str(json.loads(told)["state"]) if told else "offline"

    async def seconds_until(self, what: str, condition: Callable[[], object]) -> None:
        """Waits, and notes how long it took."""
        begun = time.monotonic()
        await until(condition, _PATIENCE)
        self.figures[what] = round(time.monotonic() - begun, 2)

    async def _tell(self, box: Agent) -> None:
        for number in count():
            camera = (STREET, SQUARE)[number % 2]
            made, picture = ((statistic(), None), (notice(), None), (alarm(), b"\xff\xd8" + bytes(2000)))[number % 3]
            self.told.append(str((await box.journal.tell(camera, made, picture)).id))
            await asyncio.sleep(_PAUSE)

    async def _compare(self, box: Agent) -> None:
        since: float | None = None
        while True:
            await asyncio.sleep(0.05)
            if (self.status == "online") == box.uplink.connected.is_set():
                since = None
            else:
                since = since or time.monotonic()
                self.untrue = max(self.untrue, time.monotonic() - since)


async def cut(stage: Stage, seconds: float) -> None:
    """No packet comes through in either direction, and nobody is told."""
    async with stage.agent() as box:
        await box.online()
        await asyncio.sleep(1)
        with _silence("--dport", str(stage.broker.port)), _silence("--sport", str(stage.broker.port)):
            begun = time.monotonic()
            await stage.seconds_until("broker tells of it", lambda: stage.status == "offline")
            await until(lambda: not box.uplink.connected.is_set(), _PATIENCE)
            stage.figures["agent notices"] = round(time.monotonic() - begun, 2)
            await asyncio.sleep(max(0.0, seconds - (time.monotonic() - begun)))
        await stage.seconds_until("back", lambda: stage.status == "online")


async def half_open(stage: Stage, _: float) -> None:
    """One connection is dead and no RST says so, as when a mobile network forgot its address; others are possible."""
    async with stage.agent() as box:
        await box.online()
        await asyncio.sleep(1)
        assert box.uplink._connection is not None
        sock: Any = box.uplink._connection._client.socket()
        mine = str(sock.getsockname()[1])
        with _silence("--sport", mine), _silence("--dport", mine):
            await stage.seconds_until("agent notices", lambda: not box.uplink.connected.is_set())
            await stage.seconds_until("back", box.uplink.connected.is_set)


async def slow(stage: Stage, seconds: float) -> None:
    """The line takes a fifth of what is told."""
    async with stage.agent() as box:
        await box.online()
        _run("tc", "qdisc", "add", "dev", "lo", "root", "tbf", "rate", "64kbit", "burst", "4kb", "latency", "3s")
        await asyncio.sleep(seconds)
        stage.figures["waiting at the end"] = box.outbox.depth
        stage.figures["connections"] = box.uplink.connections
        _run("tc", "qdisc", "del", "dev", "lo", "root")


async def full(stage: Stage, seconds: float) -> None:
    """The disk is a real file system that somebody fills, and later empties."""
    stage.folder = stage.folder / "disk"
    stage.folder.mkdir(parents=True)
    _run("mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(stage.folder))
    async with stage.agent() as box:
        await box.online()
        await asyncio.sleep(1)
        await asyncio.to_thread(stage.broker.stop)
        with suppress(OSError), (stage.folder / "filler").open("wb", buffering=0) as filler:
            while True:
                filler.write(bytes(4096))
        await until(lambda: box.outbox.trouble, _PATIENCE)
        await asyncio.sleep(seconds)
        stage.figures["told while full"] = box.outbox.depth
        (stage.folder / "filler").unlink()
        await asyncio.to_thread(stage.broker.start)
        await stage.seconds_until("healed", lambda: not box.outbox.trouble)


async def damaged(stage: Stage, _: float) -> None:
    """The file is cut in half, then filled with garbage, while nothing waits; then while something does."""
    database = stage.folder / "outbox.db"
    for harm in (lambda content: content[: len(content) // 2], lambda content: b"\xa5" * len(content), None):
        async with stage.agent() as box:
            await box.online()
            await asyncio.sleep(1)
        if harm:
            database.write_bytes(harm(database.read_bytes()))
    await asyncio.to_thread(stage.broker.stop)
    kept = list(stage.told)
    async with agent(stage.broker, stage.folder) as box:
        for _number in range(10):
            await box.journal.tell(STREET, notice())
    database.write_bytes(b"\xa5" * 8192)
    await asyncio.to_thread(stage.broker.start)
    stage.told = kept
    async with stage.agent() as box:
        await box.online()
        gaps = f"{ROOT}/event/gap"
        await stage.csu.until(lambda: len({gap["id"] for gap in stage.csu.on(gaps)}) >= 3, _PATIENCE)
        stage.figures["damages told"] = len({gap["id"] for gap in stage.csu.on(gaps)})


class _Stepping(SystemClock):
    """A wall clock that somebody sets."""

    step = timedelta()

    def wall(self) -> datetime:  # type: ignore[explicit-override] # typing's override is not worth an import here
        return super().wall() + self.step


async def stepped(stage: Stage, seconds: float) -> None:
    """The clock goes a day on, two days back, and home again, in one run and between runs."""
    clock = _Stepping()
    for days in (0, 1, -1, 0):
        clock.step = timedelta(days=days)
        async with stage.agent(clock=clock) as box:
            await asyncio.sleep(seconds / 8)
            clock.step = timedelta(days=days + 1)
            await asyncio.to_thread(stage.broker.stop)
            await asyncio.sleep(seconds / 8)
            clock.step = timedelta(days=days - 1)
            await asyncio.to_thread(stage.broker.start)
            await box.online()


async def killed(stage: Stage, seconds: float) -> None:
    """The broker's power is taken away again and again; what it had acknowledged may go with it."""
    async with stage.agent() as box:
        for _number in range(max(2, round(seconds / 3))):
            await box.online()
            await asyncio.sleep(0.7)
            await asyncio.to_thread(stage.broker.kill)
            await asyncio.sleep(0.8)
            await asyncio.to_thread(stage.broker.start)
        await box.online()
        await until(lambda: box.outbox.depth == 0, _PATIENCE)
        await asyncio.sleep(1)
        stage.figures["lost by the broker"] = reckon(stage.told, stage.csu).lost
        stage.figures["connections"] = box.uplink.connections
        await _fill(stage, box)


async def refused(stage: Stage, seconds: float) -> None:
    """First the password is wrong, then the broker's list does not let the agent write events."""
    token = stage.folder / "token"
    stage.folder.mkdir(exist_ok=True)
    token.write_text("wrong")
    async with stage.agent(username=AGENT, token=str(token)) as box:
        await until(lambda: "password" in str(box.uplink.trouble), _PATIENCE)
        await asyncio.sleep(seconds / 4)
        token.write_text("right")
        await until(lambda: "ACL" in str(box.uplink.trouble), _PATIENCE)
        await asyncio.sleep(seconds / 4)
        assert box.uplink.published == 0
        list_of_rights = next(stage.broker._folder.glob("acl"))
        list_of_rights.write_text(_RIGHTS + f"topic readwrite {ROOT}/#\n")
        stage.broker._peer._process.send_signal(signal.SIGHUP)
        await stage.seconds_until("back", lambda: box.uplink.published > 0)


_RIGHTS = f"user csu\ntopic readwrite #\nuser {AGENT}\n"
ORDEALS: dict[str, tuple[Callable[[Stage, float], Awaitable[None]], dict[str, Any]]] = {
    "cut": (cut, {}),
    "half-open": (half_open, {}),
    "slow": (slow, {}),
    "full": (full, {}),
    "damaged": (damaged, {}),
    "stepped": (stepped, {}),
    "killed": (killed, {}),
    "killed-forgetful": (killed, {"persistent": False}),
    "refused": (
        refused,
        {"users": {"csu": "csu", AGENT: "right"}, "acl": _RIGHTS + f"topic readwrite {ROOT}/status\n"},
    ),
}


async def undergo(name: str, folder: Path, seconds: float, keepalive: int) -> dict[str, object]:
    """Returns what an ordeal came to."""
    ordeal, options = ORDEALS[name]
    _run("ip", "link", "set", "lo", "up")
    side = free_port()
    lines = f"max_queued_messages 0\nlistener {side} 127.0.0.1"
    (folder / "broker").mkdir(parents=True)
    broker = Broker(folder / "broker", settings=lines, **options)
    begun = time.monotonic()
    login = {"username": "csu", "password": "csu"} if "users" in options else {}
    try:
        async with consumer(Place(side), **login) as csu:
            stage = Stage(broker, csu, folder / "agent", keepalive)
            await ordeal(stage, seconds)
            with suppress(TimeoutError):  # the toll says what is missing
                await csu.until(lambda: csu.has(stage.told), _PATIENCE)
            toll = reckon(stage.told, csu)
    finally:
        broker.kill()
    took = round(time.monotonic() - begun, 1)
    return {**asdict(toll), "untrue": round(stage.untrue, 2), "took": took, **stage.figures}


async def _fill(stage: Stage, box: Agent) -> None:
    """Does what a consumer does: asks for the numbers and the pictures that it misses."""
    pictures = {topic.rsplit("/", 1)[1] for topic in stage.csu.latest if "/snapshot/" in topic}
    whole = {
        event["data"]["sequence"]
        for event in stage.csu.events
        if not event["data"]["snapshot"] or event["id"] in pictures
    }
    holes = sorted(set(range(1, len(stage.told) + 1)) - whole)
    for hole in holes:
        await box.journal.replay(Sequences(box.outbox.boot, hole, hole))
    stage.figures["asked again"] = len(holes)
    await until(lambda: box.outbox.depth == 0, _PATIENCE)
    await asyncio.sleep(1)


@contextmanager
def _silence(*match: str) -> Iterator[None]:
    """Drops packets of the loopback without a word."""
    rule = ("INPUT", "-p", "tcp", *match, "-j", "DROP")
    _run("iptables", "-I", *rule)
    try:
        yield
    finally:
        _run("iptables", "-D", *rule)


async def result_of(name: str, folder: Path, seconds: float, keepalive: int = KEEPALIVE) -> dict[str, Any]:
    """Runs an ordeal apart from this machine's network and mounts, and returns what came of it; needs root."""
    process = await asyncio.create_subprocess_exec(
        *("unshare", "-n", "-m", sys.executable, "-m", "tests.uplink.ordeals", name, str(folder)),
        *(str(seconds), str(keepalive)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    told, errors = await process.communicate()
    assert process.returncode == 0, f"{name}: {errors.decode()[-3000:]}"
    found: dict[str, Any] = json.loads(told)
    return found


def _run(*command: str) -> None:
    subprocess.run([shutil.which(command[0]) or f"/usr/sbin/{command[0]}", *command[1:]], check=True)


if __name__ == "__main__":
    name, folder, seconds, keepalive = sys.argv[1:]
    sys.stdout.write(json.dumps(asyncio.run(undergo(name, Path(folder), float(seconds), int(keepalive)))))
