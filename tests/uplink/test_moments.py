import asyncio
from collections.abc import Mapping

import pytest

from edge_agent.aio.background import background
from edge_agent.uplink.moments import INTERVAL, Moments


@pytest.mark.looptime
async def test_the_newest_is_told_and_no_more_often_than_may_be() -> None:
    told: list[tuple[float, str, object]] = []
    loop = asyncio.get_running_loop()

    async def report(suffix: str, payload: Mapping[str, object]) -> None:
        told.append((round(loop.time(), 3), suffix, payload["number"]))

    moments = Moments(report)
    async with background(moments=moments.run()):
        for number in range(10):
            moments.tell("camera/street/scene", lambda number=number: {"number": number})  # type: ignore[misc]
            moments.tell("camera/yard/scene", lambda: {"number": "yard"})
            await asyncio.sleep(INTERVAL / 5)
        await asyncio.sleep(INTERVAL)
    street = [(at, number) for at, suffix, number in told if suffix == "camera/street/scene"]
    assert street == [(0.0, 0), (0.2, 4), (0.4, 9)]
    assert told[0][1] == "camera/street/scene"
    assert ("camera/yard/scene", "yard") in {(suffix, number) for _, suffix, number in told}
