"""Numbers without holes, and an account of those that will be missing."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from uuid import uuid4

from edge_agent.aio.clock import Clock
from edge_agent.events.envelope import encode, envelope
from edge_agent.events.store import Entry, Victim
from edge_agent.values.event import Event, EventData, Gap, Missing, Severity
from edge_agent.values.ids import AgentId

NEVER_DROPPED = max(Severity) + 1
"""The rank of a gap: whoever is told of a loss must not lose that too."""

_RANGES = 100


class Numbering:
    """Makes entries of events.

    Args:
        agent: whose events these are.
        boot: names this run of the agent.
        clock: stamps what the outbox has to tell about itself.

    Attributes:
        position: of the newest entry, in all runs.
        dropped: how many events were dropped in this run.
    """

    def __init__(self, agent: AgentId, boot: str, clock: Clock) -> None:
        self.position = 0
        self.dropped = 0
        self._agent = agent
        self._boot = boot
        self._clock = clock
        self._sequence = 0
        self._gap: tuple[Entry, Event, Gap] | None = None

    def entry(self, event: Event) -> Entry:
        """Returns an event with the next position and sequence number.

        Raises:
            ValueError: if a number in it is not finite; nothing is counted then.
        """
        payload = encode(envelope(event, self._agent, self._sequence + 1, self._boot))
        self.position += 1
        self._sequence += 1
        rank = NEVER_DROPPED if isinstance(event.data, Gap) else int(event.data.severity)
        place = self.position, rank, self._boot, self._sequence
        at = event.at.timestamp()
        return Entry(*place, str(event.id), event.camera, event.data.type, at, payload, event.snapshot)

    def own(self, data: EventData) -> Entry:
        """Returns an entry for something that the outbox tells about itself."""
        return self.entry(self._event(data))

    def account(self, lost: Sequence[Victim], reason: str) -> tuple[Entry, bool]:
        """Returns the gap that tells of dropped events, and whether it replaces the one at the same position.

        One gap grows until it is handed out; a long outage leaves one and not thousands.
        """
        self.dropped += len(lost)
        missing = [Missing(victim.boot, victim.sequence, victim.sequence) for victim in lost]
        grows = self._gap is not None
        if self._gap is None:
            data = Gap(len(lost), reason, _merged(missing))
            event = self._event(data)
            entry = self.entry(event)
        else:
            entry, event, known = self._gap
            data = Gap(known.dropped + len(lost), reason, _merged([*known.missing, *missing]))
            event = replace(event, data=data)
            entry = entry._replace(payload=encode(envelope(event, self._agent, entry.sequence, self._boot)))
        self._gap = entry, event, data
        return entry, grows

    def hand_out(self, entries: Iterable[Entry]) -> None:
        """Notes that these go to the broker: a gap among them must not grow any more."""
        if self._gap and any(entry.position == self._gap[0].position for entry in entries):
            self._gap = None

    def close_gap(self) -> None:
        """Leaves the gap as it is; the next loss begins a new one."""
        self._gap = None

    @contextmanager
    def unless_it_fails(self) -> Iterator[None]:
        """Takes back the numbers that were given inside when it ends with an error."""
        before = self.position, self._sequence, self._gap, self.dropped
        try:
            yield
        except BaseException:
            self.position, self._sequence, self._gap, self.dropped = before
            raise

    def _event(self, data: EventData) -> Event:
        return Event(uuid4(), self._clock.wall(), None, data)


def _merged(missing: Sequence[Missing]) -> tuple[Missing, ...]:
    """Joins neighbouring ranges; keeps the first hundred."""
    ranges: list[Missing] = []
    for each in sorted(missing, key=lambda each: (each.boot, each.first)):
        if ranges and ranges[-1].boot == each.boot and ranges[-1].last + 1 == each.first:
            ranges[-1] = replace(ranges[-1], last=each.last)
        else:
            ranges.append(each)
    return tuple(ranges[:_RANGES])
