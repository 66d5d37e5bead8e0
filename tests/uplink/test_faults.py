"""Nothing is lost whatever is pulled out; ``bench/faults.py`` runs the same for longer."""

import asyncio
import random
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import _need as need
from tests.peers.broker import Broker
from tests.peers.peer import missing
from tests.uplink.faults import torment
from tests.uplink.ordeals import KEEPALIVE, ORDEALS, result_of


@pytest.mark.timeout(180)
async def test_an_agent_that_is_killed_while_its_broker_comes_and_goes_loses_nothing(
    make_broker: Callable[..., Broker], tmp_path: Path
) -> None:
    broker = make_broker(settings="max_queued_messages 0")
    toll = await torment(broker, tmp_path, kills=5, restarts=3, rng=random.Random(6))  # noqa: S311 - moments
    assert toll.told > 100
    assert (toll.lost, toll.holes, toll.disordered, toll.pictures) == (0, 0, 0, 0), toll
    assert toll.runs == 6


@pytest.mark.timeout(180)
async def test_what_was_given_arrives_and_the_status_is_true_whatever_befalls_the_line(tmp_path: Path) -> None:
    need(not missing("mosquitto", "unshare", "ip", "iptables", "tc"), "needs mosquitto, iproute2 and iptables")
    apart = await asyncio.to_thread(subprocess.run, ["unshare", "-n", "-m", "true"], check=False, capture_output=True)
    need(apart.returncode == 0, "only root may make a network of its own")
    outcomes = dict(
        zip(ORDEALS, await asyncio.gather(*(result_of(name, tmp_path / name, 8) for name in ORDEALS)), strict=True)
    )
    for name, outcome in outcomes.items():
        assert outcome["told"] > 20, name
        assert (outcome["lost"], outcome["holes"], outcome["pictures"]) == (0, 0, 0), (name, outcome)
        # What a broker forgot comes again when it is asked for, and so late.
        assert name.startswith("killed") or outcome["disordered"] == 0, (name, outcome)
        assert outcome["untrue"] < 3 * KEEPALIVE, (name, outcome)
    for name in ("cut", "half-open"):
        assert outcomes[name]["agent notices"] < 3 * KEEPALIVE, "twice the keep-alive, and a busy machine"
    assert outcomes["damaged"]["damages told"] == 3
    assert outcomes["full"]["told while full"] > 0
