"""The clock as a parameter, so that tests decide what time it is."""

import time
from datetime import UTC, datetime
from typing import Protocol

from edge_agent.values.time import Monotonic


class Clock(Protocol):
    """Tells both times; callable from any thread."""

    def monotonic(self) -> Monotonic:
        """Returns seconds for measuring."""
        ...

    def wall(self) -> datetime:
        """Returns an aware UTC stamp for telling."""
        ...


class SystemClock:
    """See ``Clock``."""

    def monotonic(self) -> Monotonic:
        """See ``Clock``."""
        return Monotonic(time.monotonic())

    def wall(self) -> datetime:
        """See ``Clock``."""
        return datetime.now(UTC)
