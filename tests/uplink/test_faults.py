import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.peers.broker import Broker
from tests.uplink.faults import torment


@pytest.mark.timeout(180)
async def test_an_agent_that_is_killed_while_its_broker_comes_and_goes_loses_nothing(
    make_broker: Callable[..., Broker], tmp_path: Path
) -> None:
    broker = make_broker(settings="max_queued_messages 0")
    toll = await torment(broker, tmp_path, kills=5, restarts=3, rng=random.Random(6))  # noqa: S311 - moments
    assert toll.told > 100
    assert (toll.lost, toll.holes, toll.disordered, toll.pictures) == (0, 0, 0, 0), toll
    assert toll.runs == 6
