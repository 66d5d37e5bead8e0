"""Log lines of one cause."""

import logging
from datetime import UTC, datetime

import pytest

from edge_agent.aio.tally import Tally
from edge_agent.values.time import Monotonic


class Still:
    """See ``Clock``: it goes when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> Monotonic:
        """See ``Clock``."""
        return Monotonic(self.now)

    def wall(self) -> datetime:
        """See ``Clock``."""
        return datetime.fromtimestamp(self.now, UTC)


def test_one_line_a_second_with_the_count_of_those_not_written(caplog: pytest.LogCaptureFixture) -> None:
    clock = Still()
    tally = Tally(logging.getLogger("test"), clock, every=1.0)
    for _ in range(5):
        tally.warn("it dropped", "example")
    clock.now = 1.0
    tally.warn("it dropped")
    tally.warn("it broke")
    assert [record.getMessage().strip() for record in caplog.records] == [
        "it dropped (1 times) example",
        "it dropped (5 times)",
        "it broke (1 times)",
    ]
    assert tally.counts == {"it dropped": 6, "it broke": 1}
