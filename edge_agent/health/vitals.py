"""How the box is: processor, heat, memory, disk, and how late the event loop runs."""

import asyncio
import os
import shutil
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from edge_agent.aio.clock import Clock

_EVERY = 0.25  # seconds between two looks at the loop's lag: four wake-ups a second cost nothing that can be measured
_LOOKS = 240
_SAMPLE_AT = 20  # looks at the lag for one at the rest: every five seconds
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Pulse:
    """One look at the box; what it does not tell is None.

    Attributes:
        load: processes that want to run, mean of a minute.
        cpu: share of all processors that was busy since the last look, 0 to 1.
        agent_cpu: processors that the agent itself kept busy since the last look, 1 for a whole one.
        temperature: of the hottest part, degrees Celsius.
        memory: bytes that the agent holds.
        memory_free: bytes that programs may still have.
        memory_total: bytes of the box.
        disk_free: bytes free where the agent keeps its state.
        disk_total: bytes of that disk.
        uptime: seconds since the agent started.
        loop_lag: seconds that the event loop was late, 99 of 100 looks were better.
    """

    load: float
    cpu: float | None
    agent_cpu: float | None
    temperature: float | None
    memory: int | None
    memory_free: int | None
    memory_total: int | None
    disk_free: int | None
    disk_total: int | None
    uptime: float
    loop_lag: float


class Vitals:
    """Looks at the box.

    Args:
        state: folder whose disk matters.
        clock: measures.
        proc: the kernel's files on processes and memory.
        thermal: the kernel's files on temperature.
    """

    def __init__(
        self, state: Path, clock: Clock, *, proc: Path = Path("/proc"), thermal: Path = Path("/sys/class/thermal")
    ) -> None:
        self._clock = clock
        self._state = state
        self._proc = proc
        self._thermal = thermal
        self._started = clock.monotonic()
        self._lags: deque[float] = deque(maxlen=_LOOKS)
        self._busy: tuple[float, float] | None = None
        self._own: tuple[float, float] | None = None
        self._pulse: Pulse | None = None

    async def watch_loop(self) -> None:
        """Measures how late the loop runs, and takes the pulse now and then, for ever."""
        while True:
            self._pulse = await self.pulse()
            for _ in range(_SAMPLE_AT):
                due = self._clock.monotonic() + _EVERY
                await asyncio.sleep(_EVERY)
                self._lags.append(max(0.0, self._clock.monotonic() - due))

    def sample(self) -> dict[str, object]:
        """Returns the last pulse for a heartbeat, rounded; empty before the first. Never blocks."""
        told = asdict(self._pulse) if self._pulse else {}
        return {name: round(value, 4) if isinstance(value, float) else value for name, value in told.items()}

    async def pulse(self) -> Pulse:
        """Looks at everything; the kernel's files are read in a thread, for some drivers take their time."""
        lags = sorted(self._lags)
        return await asyncio.to_thread(self._look, lags[int(len(lags) * 0.99)] if lags else 0.0)

    def _look(self, lag: float) -> Pulse:
        memory = _numbers(self._proc / "meminfo")
        disk = _disk(self._state)
        return Pulse(
            load=os.getloadavg()[0],
            cpu=self._cpu(),
            agent_cpu=self._agent_cpu(),
            temperature=max(self._temperatures(), default=None),
            memory=self._resident(),
            memory_free=memory.get("MemAvailable"),
            memory_total=memory.get("MemTotal"),
            disk_free=disk[0] if disk else None,
            disk_total=disk[1] if disk else None,
            uptime=self._clock.monotonic() - self._started,
            loop_lag=lag,
        )

    def _cpu(self) -> float | None:
        """Follows proc_stat(5): user, nice, system, idle, iowait, irq, softirq, steal."""
        words = _text(self._proc / "stat").partition("\n")[0].split()[1:9]
        ticks = [float(word) for word in words]
        if len(ticks) < 5:  # noqa: PLR2004 - up to iowait
            return None
        total, idle = sum(ticks), ticks[3] + ticks[4]
        before, self._busy = self._busy, (total, idle)
        if before is None or total <= before[0]:
            return None
        return 1 - (idle - before[1]) / (total - before[0])

    def _agent_cpu(self) -> float | None:
        used, now = sum(os.times()[:4]), float(self._clock.monotonic())
        before, self._own = self._own, (used, now)
        return None if before is None or now <= before[1] else (used - before[0]) / (now - before[1])

    def _resident(self) -> int | None:
        words = _text(self._proc / "self" / "statm").split()
        return int(words[1]) * _PAGE if len(words) > 1 else None

    def _temperatures(self) -> Iterator[float]:
        for zone in self._thermal.glob("thermal_zone*/temp"):
            if (text := _text(zone).strip()).lstrip("-").isdigit():
                yield int(text) / 1000


def _disk(folder: Path) -> tuple[int, int] | None:
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return None
    return usage.free, usage.total


def _numbers(path: Path) -> dict[str, int]:
    """Reads lines such as ``MemTotal:  8000000 kB`` as bytes."""
    found = {}
    for line in _text(path).splitlines():
        name, _, rest = line.partition(":")
        if (words := rest.split()) and words[0].isdigit():
            found[name] = int(words[0]) * 1024
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:  # a sensor that is asleep, a kernel that has no such file
        return ""
