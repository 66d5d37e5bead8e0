"""Holds the manners of turning a camera, in fake time."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from edge_agent.errors import PermanentError, TransientError
from edge_agent.onvif.ptz import HOLD, RELEASE, Preset, Ptz, Velocity
from tests.clocks import LoopClock

pytestmark = pytest.mark.looptime

RIGHT = Velocity(pan=1.0, tilt=0.0, zoom=0.0)
CLOSER = Velocity(pan=0.0, tilt=0.0, zoom=0.5)
STILL = Velocity(pan=0.0, tilt=0.0, zoom=0.0)


class Motors:
    """See ``Mechanics``: writes down what it is told, and when."""

    def __init__(self) -> None:
        self.told: list[tuple[float, object]] = []
        self.failures: list[Exception] = []
        self.slow = 0.0

    async def _take(self, what: object) -> None:
        await asyncio.sleep(self.slow)
        if self.failures:
            raise self.failures.pop(0)
        self.told.append((round(asyncio.get_running_loop().time(), 3), what))

    async def turns(self) -> bool:
        await asyncio.sleep(0)
        if self.failures:
            raise self.failures.pop(0)
        return True

    async def move(self, velocity: Velocity) -> None:
        await self._take(velocity)

    async def stop(self) -> None:
        await self._take("stop")

    async def presets(self) -> Sequence[Preset]:
        return [Preset("1", "gate")]

    async def recall(self, preset: str) -> None:
        await self._take(preset)

    @property
    def what(self) -> list[object]:
        return [what for _, what in self.told]


@asynccontextmanager
async def running(motors: Motors) -> AsyncIterator[Ptz]:
    known = asyncio.Event()
    ptz = Ptz(motors, LoopClock(), random.Random(1), changed=known.set)  # noqa: S311 - jitter
    task = asyncio.create_task(ptz.run())
    await known.wait()
    try:
        yield ptz
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_movement_that_nobody_holds_stops_by_itself() -> None:
    motors = Motors()
    async with running(motors) as ptz:
        began = asyncio.get_running_loop().time()
        assert await ptz.move(RIGHT, "anna")
        await asyncio.sleep(5)
    assert motors.what == [Velocity(1.0, 0.0, None), "stop"]
    assert motors.told[1][0] - began == pytest.approx(RELEASE, abs=0.01)


async def test_a_movement_that_is_held_goes_on_and_is_begun_once() -> None:
    motors = Motors()
    async with running(motors) as ptz:
        began = [await ptz.move(RIGHT, "anna")]
        for _ in range(6):
            await asyncio.sleep(RELEASE / 2)
            began.append(await ptz.move(RIGHT, "anna"))
        assert "stop" not in motors.what
        began.append(await ptz.move(STILL, "anna"))
        await asyncio.sleep(5)
    assert began == [True] + [False] * 7
    assert motors.what[-1] == "stop"
    assert motors.what.count("stop") == 1


async def test_an_axis_that_is_let_go_stands() -> None:
    motors = Motors()
    async with running(motors) as ptz:
        await ptz.move(RIGHT, "anna")
        await ptz.move(CLOSER, "anna")
        await ptz.move(CLOSER, "anna")
        await ptz.move(STILL, "anna")
    assert motors.what == [Velocity(1.0, 0.0), Velocity(0.0, 0.0, 0.5), Velocity(None, None, 0.5), "stop"]


async def test_a_slow_camera_gets_the_newest_wish_and_no_backlog() -> None:
    motors = Motors()
    motors.slow = 0.8
    async with running(motors) as ptz:
        wishes = [RIGHT, CLOSER, RIGHT, STILL]
        await asyncio.gather(*(ptz.move(wish, "anna") for wish in wishes))
    assert motors.what == [Velocity(1.0, 0.0), "stop"]


async def test_two_people_do_not_pull_it_to_and_fro() -> None:
    motors = Motors()
    async with running(motors) as ptz:
        await ptz.move(RIGHT, "anna")
        with pytest.raises(TransientError, match="anna is moving this camera") as caught:
            await ptz.move(CLOSER, "bert")
        assert caught.value.code == "ptz_busy"
        with pytest.raises(TransientError):
            await ptz.recall("1", "bert")
        await asyncio.sleep(HOLD + 0.1)
        assert await ptz.move(CLOSER, "bert")


async def test_a_preset_ends_the_movement_before_it() -> None:
    motors = Motors()
    async with running(motors) as ptz:
        await ptz.move(RIGHT, "anna")
        await ptz.recall("1", "anna")
        await asyncio.sleep(5)
    assert motors.what == [Velocity(1.0, 0.0), "1"]


async def test_a_stop_that_failed_is_tried_again() -> None:
    motors = Motors()
    async with running(motors) as ptz:
        await ptz.move(RIGHT, "anna")
        motors.failures = [TransientError("away"), TransientError("away")]
        await asyncio.sleep(5)
    assert motors.what == [Velocity(1.0, 0.0), "stop"]


async def test_the_agents_end_stops_the_camera() -> None:
    motors = Motors()
    async with running(motors) as ptz:
        await ptz.move(RIGHT, "anna")
    assert motors.what[-1] == "stop"


async def test_a_camera_that_is_away_is_asked_again_and_one_that_refuses_seldom() -> None:
    motors = Motors()
    motors.failures = [TransientError("away"), PermanentError("wrong password")]
    async with running(motors) as ptz:
        assert ptz.able
        assert 60 <= asyncio.get_running_loop().time() <= 63
