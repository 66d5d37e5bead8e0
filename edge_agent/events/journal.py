"""The one place where events are made: durable first, then told to whoever listens."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

from edge_agent.aio.clock import Clock
from edge_agent.events.envelope import envelope
from edge_agent.events.outbox import Outbox
from edge_agent.events.replay import Replayed, Wanted
from edge_agent.events.trail import Trail
from edge_agent.values.event import Audit, Event, EventData
from edge_agent.values.ids import AgentId, CameraId

_REMEMBERED = 200  # envelopes for a page that is opened later
_SNAPSHOTS = 100
_SNAPSHOT_BYTES = 20_000_000
_UNREAD = 64


@dataclass(frozen=True, slots=True)
class Told:
    """An event as it was told.

    Attributes:
        event: what happened.
        envelope: the same as JSON types, with its sequence number.
    """

    event: Event
    envelope: Mapping[str, object]


class Listener:
    """One listener's unread events; made by ``Journal.listen``.

    Attributes:
        lost: how many it lost because it was too slow.
    """

    def __init__(self) -> None:
        self.lost = 0
        self._unread: deque[Told] = deque(maxlen=_UNREAD)
        self._news = asyncio.Event()

    async def get(self) -> Told:
        """Waits for the next event."""
        while not self._unread:
            self._news.clear()
            await self._news.wait()
        return self._unread.popleft()

    def tell(self, told: Told) -> None:
        """Leaves an event; the oldest unread one goes when there are too many."""
        self.lost += len(self._unread) == _UNREAD
        self._unread.append(told)
        self._news.set()


class Journal:
    """Makes events; used on the event loop.

    Args:
        outbox: keeps them until the broker has them.
        agent: whose they are.
        clock: stamps them.
        trail: keeps what people did on the box too.
    """

    def __init__(self, outbox: Outbox, agent: AgentId, clock: Clock, trail: Trail | None = None) -> None:
        self._outbox = outbox
        self._trail = trail
        self._agent = agent
        self._clock = clock
        self._recent: deque[Told] = deque(maxlen=_REMEMBERED)
        self._snapshots: OrderedDict[str, bytes] = OrderedDict()
        self._listeners: set[Listener] = set()

    async def tell(self, camera: CameraId | None, data: EventData, snapshot: bytes | None = None) -> Event:
        """Makes an event of what just happened, writes it down, then tells the listeners.

        Args:
            camera: where, or None for the agent itself.
            data: what.
            snapshot: JPEG that goes with it, privacy masks burned in; the caller has asked the policy.

        Raises:
            TransientError: when the agent is ending and the outbox is closed.
        """
        event = Event(uuid4(), self._clock.wall(), camera, data, snapshot)
        if self._trail is not None and isinstance(data, Audit):
            await self._trail.append(event, data)
        sequence = await self._outbox.put(event)
        told = Told(event, envelope(event, self._agent, sequence, self._outbox.boot))
        self._recent.appendleft(told)
        if snapshot is not None:
            self._keep(str(event.id), snapshot)
        for listener in self._listeners:
            listener.tell(told)
        return event

    async def replay(self, wanted: Wanted) -> Replayed:
        """Lets delivered events be sent again; see ``Outbox.replay``."""
        return await self._outbox.replay(wanted)

    @contextmanager
    def listen(self) -> Iterator[Listener]:
        """Gives a listener of its own every event from now on."""
        listener = Listener()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def recent(self, limit: int) -> list[Mapping[str, object]]:
        """Returns the newest envelopes of this run, newest first."""
        return [told.envelope for told in list(self._recent)[:limit]]

    def snapshot(self, event: str) -> bytes | None:
        """Returns the JPEG of a recent event by its id, if it had one and it is still remembered."""
        return self._snapshots.get(event)

    def _keep(self, event: str, snapshot: bytes) -> None:
        self._snapshots[event] = snapshot
        while len(self._snapshots) > _SNAPSHOTS or sum(map(len, self._snapshots.values())) > _SNAPSHOT_BYTES:
            self._snapshots.popitem(last=False)
