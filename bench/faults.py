"""Kills an agent's outbox and uplink with -9 under load while its broker is restarted, and counts what was lost.

Needs mosquitto. The broker is asked to leave (SIGTERM), so that it keeps what it acknowledged for a consumer that is
away; what it loses when it is killed itself is not ours, and ``events.replay`` brings it back.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.peers.broker import Broker
from tests.uplink.faults import torment


async def main() -> int:
    """Prints the toll; the exit status is 1 where anything was lost."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=50)
    options.add_argument("--restarts", type=int, default=20)
    options.add_argument("--seed", type=int, default=6)
    chosen = options.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        broker = Broker(Path(name), settings="max_queued_messages 0")
        try:
            rng = random.Random(chosen.seed)  # noqa: S311 - moments
            toll = await torment(broker, Path(name), kills=chosen.kills, restarts=chosen.restarts, rng=rng)
        finally:
            broker.kill()
    print(f"{chosen.kills} kills and {chosen.restarts} restarts of the broker in {time.monotonic() - begun:.0f} s")
    for what, count in asdict(toll).items():
        print(f"{what:12}{count:8}")
    return int(bool(toll.lost or toll.holes or toll.disordered or toll.pictures))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
