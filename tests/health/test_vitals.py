"""The box's figures, from this box and from a drawn one."""

import asyncio
from pathlib import Path

import pytest

from edge_agent.aio.clock import SystemClock
from edge_agent.health.vitals import Vitals
from tests.uplink.town import until


def draw(folder: Path, stat: str) -> None:
    (folder / "proc" / "self").mkdir(parents=True, exist_ok=True)
    (folder / "proc" / "stat").write_text(f"cpu  {stat}\ncpu0 1 2 3\n")
    (folder / "proc" / "meminfo").write_text("MemTotal:  1000 kB\nMemAvailable:  250 kB\nHugePages_Total: 0\n")
    (folder / "proc" / "self" / "statm").write_text("100 50 10 1 0 20 0\n")
    for zone, heat in (("thermal_zone0", "41500"), ("thermal_zone1", "62300"), ("thermal_zone2", "asleep")):
        (folder / "thermal" / zone).mkdir(parents=True, exist_ok=True)
        (folder / "thermal" / zone / "temp").write_text(f"{heat}\n")


async def test_figures_are_read_from_the_kernel(tmp_path: Path) -> None:
    await asyncio.to_thread(draw, tmp_path, "100 0 100 700 100 0 0 0 0 0")
    vitals = Vitals(tmp_path, SystemClock(), proc=tmp_path / "proc", thermal=tmp_path / "thermal")
    first = await vitals.pulse()
    assert (first.cpu, first.agent_cpu) == (None, None), "a share needs two looks"
    assert first.temperature == 62.3
    assert (first.memory_total, first.memory_free) == (1_024_000, 256_000)
    assert first.memory is not None
    assert first.memory % 4096 == 0
    assert first.disk_total
    await asyncio.to_thread(draw, tmp_path, "175 0 100 715 110 0 0 0 0 0")
    assert (await vitals.pulse()).cpu == pytest.approx(0.75)


async def test_a_box_that_tells_nothing_is_no_error(tmp_path: Path) -> None:
    pulse = await Vitals(tmp_path / "gone", SystemClock(), proc=tmp_path, thermal=tmp_path).pulse()
    assert (pulse.cpu, pulse.temperature, pulse.memory, pulse.memory_total, pulse.disk_free) == (None,) * 5


async def test_this_box_is_alive(tmp_path: Path) -> None:
    vitals = Vitals(tmp_path, SystemClock())
    assert vitals.sample() == {}
    running = asyncio.create_task(vitals.watch_loop())
    await until(lambda: len(vitals._lags) == 2)
    running.cancel()
    await asyncio.wait([running])
    pulse = await vitals.pulse()
    assert set(vitals.sample()) == set(pulse.__dataclass_fields__)
    assert pulse.memory is not None
    assert 10_000_000 < pulse.memory < 10_000_000_000
    assert 0 <= pulse.loop_lag < 1
    assert 0.5 < pulse.uptime < 60
