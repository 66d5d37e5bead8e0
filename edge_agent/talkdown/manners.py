"""The manners of one loudspeaker: when it keeps silent, how loud it is, and whose turn it is around it."""

from collections import deque
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from edge_agent.aio.clock import Clock
from edge_agent.errors import TransientError
from edge_agent.talkdown.floor import Floor
from edge_agent.talkdown.settings import TalkdownSettings
from edge_agent.values.time import Monotonic

HOUR = 3600.0


class Manners:
    """What a loudspeaker may do now; making it reads the time zone and blocks, the rest is for the event loop.

    Args:
        settings: quiet hours, limits and volumes.
        clock: tells both times.
        floor: shared with the loudspeakers that are heard in the same place.
        volume: the loudspeaker's own, in decibels, 0 or less.

    Attributes:
        settings: of talk-down.
        floor: whose turn it is.
        loudness: the loudspeaker's own volume, which may be changed, in decibels, 0 or less.
    """

    def __init__(
        self, settings: TalkdownSettings, clock: Clock, *, floor: Floor | None = None, volume: float = 0.0
    ) -> None:
        self.settings = settings
        self.floor = floor or Floor()
        self._clock = clock
        self.loudness = volume
        # Read here, where blocking is allowed.
        self._zone = ZoneInfo(settings.time_zone) if settings.time_zone else UTC
        self._spoken: deque[Monotonic] = deque(maxlen=settings.per_hour)

    def check(self, priority: int, *, waiting: int) -> None:
        """Makes sure that something may be said now.

        Args:
            priority: of what is to be said.
            waiting: utterances that will sound before it.

        Raises:
            TransientError: it is a quiet hour, or this loudspeaker spoke too often.
        """
        if priority >= self.settings.urgent:
            return
        urgent = f"a priority of {self.settings.urgent} (talkdown.urgent) or a person's own words are heard"
        now = self._here().time()
        for hours in self.settings.quiet:
            if hours.hold(now):
                raise TransientError(
                    f"quiet hours until {hours.end:%H:%M}", f"wait until then; {urgent}", code="quiet_hours"
                )
        while self._spoken and self._clock.monotonic() - self._spoken[0] >= HOUR:
            self._spoken.popleft()
        if len(self._spoken) + waiting >= self.settings.per_hour:
            raise TransientError(
                f"this loudspeaker spoke {len(self._spoken)} times within the hour",
                f"wait, or raise talkdown.per_hour; {urgent}",
                code="too_often",
            )

    def count(self) -> None:
        """Remembers that something sounds now."""
        self._spoken.append(self._clock.monotonic())

    def volume(self) -> float:
        """Returns how loud to be now in decibels, 0 or less."""
        now = self._here().time() if self.settings.volumes else None
        softer = [hours.volume for hours in self.settings.volumes if now is not None and hours.hold(now)]
        return self.loudness + min(softer, default=0.0)

    def _here(self) -> datetime:
        return self._clock.wall().astimezone(self._zone)
