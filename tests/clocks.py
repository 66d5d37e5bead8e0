"""A clock for tests in fake time."""

import asyncio
from datetime import UTC, datetime

from edge_agent.values.time import Monotonic


class LoopClock:
    """See ``Clock``; measures by the loop's time, which looptime makes up."""

    def monotonic(self) -> Monotonic:
        return Monotonic(asyncio.get_running_loop().time())

    def wall(self) -> datetime:
        return datetime.now(UTC)
