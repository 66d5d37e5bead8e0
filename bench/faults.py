"""Pulls out what can be pulled out from under an agent's outbox and uplink, and counts what was lost.

Kills it with -9 at random moments while its broker is restarted; then what ``tests/uplink/ordeals.py`` has: a network
that is cut, a connection that is half open, a slow line, a full disk, a damaged file, a clock that steps, a broker that
is killed with -9, and one that refuses. Needs mosquitto, iproute2, iptables and root.

In the first the broker is asked to leave (SIGTERM), so that it keeps what it acknowledged for a consumer that is away.
What it loses when it is killed itself is counted, and ``events.replay`` brings it back.
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
from tests.uplink.ordeals import KEEPALIVE, ORDEALS, result_of


async def main() -> int:
    """Prints the tolls; the exit status is 1 where anything was lost."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=50)
    options.add_argument("--restarts", type=int, default=20)
    options.add_argument("--seconds", type=float, default=60, help="that each of the other faults lasts")
    options.add_argument("--only", choices=ORDEALS, nargs="*", default=list(ORDEALS), help="of those other faults")
    options.add_argument("--keepalive", type=int, default=KEEPALIVE, help="seconds; of a box it is 30")
    options.add_argument("--seed", type=int, default=6)
    chosen = options.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        broker = Broker(Path(name), settings="max_queued_messages 0")
        try:
            rng = random.Random(chosen.seed)  # noqa: S311 - moments
            toll = asdict(await torment(broker, Path(name), kills=chosen.kills, restarts=chosen.restarts, rng=rng))
        finally:
            broker.kill()
        print(f"{chosen.kills} kills and {chosen.restarts} restarts of the broker in {time.monotonic() - begun:.0f} s")
        print("  " + ", ".join(f"{what} {count}" for what, count in toll.items()))
        running = [result_of(each, Path(name) / each, chosen.seconds, chosen.keepalive) for each in chosen.only]
        outcomes = dict(zip(chosen.only, await asyncio.gather(*running), strict=True))
    for each, outcome in outcomes.items():
        print(each)
        print("  " + ", ".join(f"{what} {count}" for what, count in outcome.items()))
    every = [toll, *outcomes.values()]
    told = sum(outcome["told"] for outcome in every)
    lost = sum(outcome["lost"] + outcome["holes"] + outcome["pictures"] for outcome in every)
    print(f"in all {told} events told, {lost} lost")
    return int(bool(lost))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
