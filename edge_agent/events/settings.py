"""How much may wait for the broker, and how much is kept to be sent again."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class KeptSettings(BaseModel):
    """Delivered events that the control room may ask for again with ``events.replay``.

    Attributes:
        rows: how many at most; 10,000 are a day of a busy box. With 0 nothing is kept.
        bytes: what they and their snapshots take on disk at most.
        days: how old they may become; a control room notices within a week what it missed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: Annotated[int, Field(ge=0)] = 10_000
    bytes: Annotated[int, Field(ge=0)] = 32_000_000
    days: Annotated[float, Field(gt=0, le=30)] = 7.0


class OutboxSettings(BaseModel):
    """How much may wait for the broker.

    Attributes:
        rows: events that wait on disk at most; 100,000 are a week of a busy box.
        bytes: what they and their snapshots take on disk at most; 256 MB fit beside a system on an 8 GB card.
        days: how long they may wait; 30 is as long as French law lets pictures of a public place be kept.
        memory_bytes: what waits in memory at most while the disk cannot be written.
        kept: what is kept of the delivered ones.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: Annotated[int, Field(ge=10)] = 100_000
    bytes: Annotated[int, Field(ge=100_000)] = 256_000_000
    days: Annotated[float, Field(gt=0, le=366)] = 30.0
    memory_bytes: Annotated[int, Field(ge=100_000)] = 16_000_000
    kept: KeptSettings = KeptSettings()
