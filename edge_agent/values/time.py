"""Two times that are never mixed: monotonic seconds measure, UTC wall-clock stamps tell."""

from typing import NewType

Monotonic = NewType("Monotonic", float)
"""Seconds of the system's monotonic clock; only differences mean something. Wall time is an aware ``datetime``."""

CLOCK_RATE = 90_000
"""Ticks a second of every ``pts`` in the agent, RTP's video clock (RFC 3551, section 5)."""
