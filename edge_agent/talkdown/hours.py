"""Times of day, by the clock on the wall of the town hall."""

from datetime import time
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

SOFTEST = -40.0
"""Decibels; softer than that nobody hears an outdoor loudspeaker."""


class Hours(BaseModel):
    """A stretch of every day.

    Attributes:
        begin: its first minute, such as ``22:00``.
        end: the first minute after it; before ``begin`` where it lasts over midnight.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    begin: time
    end: time

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        if self.begin.tzinfo or self.end.tzinfo:
            raise ValueError("write begin and end without an offset: talkdown.time_zone says where they hold")
        if self.begin == self.end:
            raise ValueError("begin and end are the same: for all day write 00:00 and 23:59:59")
        return self

    def hold(self, now: time) -> bool:
        """Whether a moment lies in it."""
        if self.begin < self.end:
            return self.begin <= now < self.end
        return now >= self.begin or now < self.end


class VolumeHours(Hours):
    """A stretch of every day in which everything is softer.

    Attributes:
        volume: decibels, 0 or less.
    """

    volume: float = Field(ge=SOFTEST, le=0)
