"""The console with four hundred cameras: CPU, memory, and how long an event takes to a page, beside a bare subscriber.

Needs mosquitto. One process plays all boxes: ``--boxes`` with four cameras each, ``--events`` an hour from each camera,
health every 5 s. Two others hear the same: the console with ``--pages`` open, and a bare aiomqtt client that parses
every message and does nothing with it. ``--factor`` plays all of it so many times faster.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import aiohttp
import aiomqtt

sys.path.insert(0, str(Path(__file__).parents[1]))

from edge_agent.console.account import Role
from tests.console.room import PASSWORD, Town
from tests.peers.broker import Broker
from tests.peers.peer import free_port

CAMERAS = 4
TICK = os.sysconf("SC_CLK_TCK")
BARE = """
import asyncio, json, sys, aiomqtt
async def main():
    async with aiomqtt.Client("127.0.0.1", int(sys.argv[1]), protocol=aiomqtt.ProtocolVersion.V5) as client:
        await client.subscribe("edge/v1/#", qos=1)
        async for message in client.messages:
            json.loads(message.payload)
asyncio.run(main())
"""


class Boxes:
    """Plays all boxes over one connection; remembers when it said what."""

    def __init__(self, client: aiomqtt.Client, options: argparse.Namespace) -> None:
        self.said: dict[str, float] = {}
        self.over = False
        self._client = client
        self._options = options
        self._sequences = [0] * options.boxes
        self._rng = random.Random(1)  # noqa: S311 - moments of events

    async def introduce(self) -> None:
        """Tells what a broker keeps of every box."""
        for box in range(self._options.boxes):
            cameras = [{"id": f"cam{n}", "name": f"Camera {n}", "speaker": True} for n in range(CAMERAS)]
            agent = {"name": f"Box {box}", "place": "Place du Marché", "version": "0.1.0"}
            policy = {"profile": "site", "individual_events": True}
            await self._keep(box, "info", {"agent": agent, "policy": policy, "cameras": cameras, "languages": ["fr"]})
            await self._keep(box, "status", {"state": "online", "boot": "bench", "version": "0.1.0"})
            for n in range(CAMERAS):
                await self._keep(box, f"camera/cam{n}/status", {"state": "online", "reason": "", "remedy": ""})

    async def live(self) -> None:
        """Tells events and health at random moments until it is over.

        It is not cancelled: on Python 3.11 aiomqtt loses a cancellation where a publish is acknowledged just then.
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._happen())
            tasks.create_task(self._breathe())

    async def _happen(self) -> None:
        options = self._options
        rate = options.boxes * CAMERAS * options.events / 3600 * options.factor
        due = time.perf_counter()
        while not self.over:
            due += self._rng.expovariate(rate)
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            box, event = self._rng.randrange(options.boxes), str(uuid4())
            self._sequences[box] += 1
            data = {"track": 17, "verdict": "no_mask", "confidence": 0.93, "looks": 6, "box": [0.41, 0.2, 0.52, 0.83]}
            data |= {
                "face": [0.44, 0.22, 0.48, 0.3],
                "sequence": self._sequences[box],
                "boot": "bench",
                "snapshot": False,
            }
            told = {
                "specversion": "1.0",
                "id": event,
                "type": "edge.v1.mask.verdict",
                "time": "2026-11-24T10:00:00.000Z",
            }
            self.said[event] = time.perf_counter()
            await self._tell(
                box, f"camera/cam{self._rng.randrange(CAMERAS)}/event/mask.verdict", told | {"data": data}, 1
            )

    async def _breathe(self) -> None:
        every = 5.0 / self._options.boxes / self._options.factor
        cameras = {f"cam{n}": {"state": "online", "fps": 25.0, "decoded": 1, "viewers": 0} for n in range(CAMERAS)}
        health = {"load": 0.5, "memory": 0.4, "broker": {"connected": True}, "outbox": 0, "cameras": cameras}
        box, due = 0, time.perf_counter()
        while not self.over:
            due += every
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            box = (box + 1) % self._options.boxes
            await self._tell(box, "health", health, 0)

    async def _keep(self, box: int, suffix: str, told: object) -> None:
        await self._client.publish(f"edge/v1/box-{box}/{suffix}", json.dumps(told), qos=1, retain=True)

    async def _tell(self, box: int, suffix: str, told: object, quality: int) -> None:
        await self._client.publish(f"edge/v1/box-{box}/{suffix}", json.dumps(told), qos=quality)


class Pages:
    """Pages that are open; the first one measures."""

    def __init__(self, address: str, said: dict[str, float]) -> None:
        self.delays: list[float] = []
        self.bytes = 0
        self._address = address
        self._said = said

    async def follow(self, number: int, ready: asyncio.Barrier) -> None:
        """Signs in and reads what is told, until cancelled."""
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(self._address, cookie_jar=jar) as client:
            await client.post("/api/login", json={"name": "anne", "password": PASSWORD})
            async with client.get("/api/feed", timeout=aiohttp.ClientTimeout()) as feed:
                await ready.wait()
                while line := await feed.content.readline():
                    if number:
                        continue
                    self.bytes += len(line)
                    if line.startswith(b"data: ") and b'"specversion"' in line:
                        begun = self._said.get(json.loads(line[6:])["id"])
                        if begun is not None:
                            self.delays.append(time.perf_counter() - begun)


def used(pid: int) -> tuple[float, float]:
    """Returns seconds of CPU so far, and megabytes in memory."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return (int(fields[11]) + int(fields[12])) / TICK, pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@asynccontextmanager
async def process(*command: str, **environment: str) -> AsyncIterator[int]:
    """Runs a program; gives its process id."""
    made = await asyncio.create_subprocess_exec(*command, env=os.environ | environment)
    try:
        yield made.pid
    finally:
        made.terminate()
        await made.wait()


async def known(address: str, cameras: int) -> float:
    """Waits until the console knows every camera; returns the milliseconds that its description of all takes."""
    async with aiohttp.ClientSession(address, cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
        while True:
            try:
                await client.post("/api/login", json={"name": "anne", "password": PASSWORD})
                begun = time.perf_counter()
                found = (await (await client.get("/api/site")).json())["cameras"]
                if sum(camera["state"] == "online" for camera in found) == cameras:
                    return 1000 * (time.perf_counter() - begun)
            except (aiohttp.ClientError, KeyError):
                pass
            await asyncio.sleep(0.2)


async def main(options: argparse.Namespace, folder: Path) -> None:
    """Runs broker, boxes, console and peer, and prints what was measured."""
    broker = Broker(folder, settings="max_queued_messages 0", persistent=False)
    town = Town(folder, broker)
    town.found()
    town.account("anne", Role.OPERATOR)
    port = free_port()
    place = {"EDGE_CONSOLE__KEY": str(town.key), "EDGE_CONSOLE__STATE": str(folder / "room")}
    place |= {"EDGE_CONSOLE__LOG_LEVEL": "warning", "EDGE_MQTT__PORT": str(broker.port), "EDGE_WEB__PORT": str(port)}
    address = f"http://127.0.0.1:{port}"
    try:
        async with aiomqtt.Client(broker.host, broker.port, protocol=aiomqtt.ProtocolVersion.V5) as client:
            boxes = Boxes(client, options)
            await boxes.introduce()
            begun = time.perf_counter()
            async with (
                process(sys.executable, "-m", "edge_agent", "console", **place) as console,
                process(sys.executable, "-c", BARE, str(broker.port)) as bare,
            ):
                described = await known(address, options.boxes * CAMERAS)
                print(f"started, and {options.boxes * CAMERAS} cameras known: {time.perf_counter() - begun:.1f} s")
                print(f"GET /api/site: {described:.0f} ms")
                await measured(options, boxes, address, {"console": console, "bare subscriber": bare})
    finally:
        broker.stop()


async def measured(options: argparse.Namespace, boxes: Boxes, address: str, programs: dict[str, int]) -> None:
    """Lets the boxes live for a while."""
    pages, ready = Pages(address, boxes.said), asyncio.Barrier(options.pages + 1)
    running = [asyncio.create_task(pages.follow(number, ready)) for number in range(options.pages)]
    await ready.wait()
    live = asyncio.create_task(boxes.live())
    before = {name: used(pid) for name, pid in programs.items()}
    begun = time.perf_counter()
    await asyncio.sleep(options.seconds)
    spent = time.perf_counter() - begun
    after = {name: used(pid) for name, pid in programs.items()}
    boxes.over = True
    await live
    for task in running:
        task.cancel()
    await asyncio.wait(running)
    rate, bandwidth = len(boxes.said) / spent, pages.bytes / spent / 1000
    print(f"{rate:.0f} events a second, {options.pages} pages, {bandwidth:.0f} kB/s each")
    share = {name: 100 * (after[name][0] - before[name][0]) / spent for name in programs}
    for name in programs:
        print(f"{name:16} {share[name]:5.1f} % of a core, {after[name][1]:.0f} MB")
    print(f"console / bare   {share['console'] / max(share['bare subscriber'], 0.01):.2f}")
    delays = sorted(1000 * delay for delay in pages.delays)
    half, most = statistics.median(delays), delays[int(0.95 * len(delays))]
    print(f"event to page    {half:.0f} ms median, {most:.0f} ms p95, {delays[-1]:.0f} ms worst of {len(delays)}")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # or its peers would outlive it
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--boxes", type=int, default=100)
    parser.add_argument("--events", type=float, default=500, help="of each camera an hour")
    parser.add_argument("--pages", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--factor", type=float, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        asyncio.run(main(given, Path(temporary)))
