"""What happened in the town: each event once, the newest at hand, all of them on the disk, and which are missing."""

import asyncio
import json
import logging
import sqlite3
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial

from edge_agent.aio.clock import Clock
from edge_agent.aio.ending import see_through
from edge_agent.console.archive import Archive, Kept
from edge_agent.console.numbers import Numbers
from edge_agent.console.told import EnvelopeTold, EventTold
from edge_agent.events.envelope import encode, stamp
from edge_agent.events.replay import Sequences
from edge_agent.web.site import snapshot_address

AT_HAND = 2000
"""Events of all cameras in memory; a page shows a hundred."""

OF_A_PLACE = 10
"""Events of each camera in memory, for whoever sees few of them."""

PLACES = 20_000
"""Cameras whose events are kept apart; more than that is a box that makes names up."""

KNOWN = 20_000
"""Ids that are remembered to tell duplicates."""

UNWRITTEN = 10_000
"""Events that wait for the disk; with a disk that is full the oldest of them are lost to a restart."""

LONGEST_ID = 63

_EVERY = 0.5  # seconds between two commits
_LOOK_EVERY = 600.0  # seconds between two looks for old ones

log = logging.getLogger(__name__)


class Chronicle:
    """Keeps events; used on the event loop.

    Args:
        archive: on the disk; what it holds is read at once, which blocks.
        clock: says when an event came.
        days: how long events are kept.

    Attributes:
        taken: events that came, each once.
        doubled: events that came again.
    """

    def __init__(self, archive: Archive, clock: Clock, *, days: float) -> None:
        self.taken = 0
        self.doubled = 0
        self._archive = archive
        self._clock = clock
        self._days = days
        self._looked = clock.monotonic()
        self._recent: deque[Kept] = deque(maxlen=AT_HAND)
        self._places: defaultdict[str, deque[Kept]] = defaultdict(lambda: deque(maxlen=OF_A_PLACE))
        self._known: OrderedDict[str, str] = OrderedDict()
        self._numbers: defaultdict[str, Numbers] = defaultdict(Numbers)
        self._unwritten: deque[Kept] = deque(maxlen=UNWRITTEN)
        self._news = asyncio.Event()
        archive.forget(self._oldest())
        for kept in archive.newest(KNOWN):
            self._remember(kept)

    def take(self, agent: str, camera: str, envelope: object) -> Kept | None:
        """Takes an event; returns it as it is kept, None where it came before.

        Args:
            agent: whose topic it came on.
            camera: of the topic, empty for the agent itself.
            envelope: CloudEvents, as parsed.

        Raises:
            ValueError: it is no event.
        """
        if not isinstance(envelope, dict) or not isinstance(data := envelope.get("data"), dict):
            raise ValueError("an event is a JSON object with data")  # noqa: TRY004 - what came is wrong, not our call
        told, head = EventTold.model_validate(data), EnvelopeTold.model_validate(envelope)
        numbers = self._numbers[agent]
        numbers.note(told.boot, told.sequence)
        for gone in told.missing:  # a gap names what will never come
            _note_gone(numbers, gone)
        if str(head.id) in self._known:
            self.doubled += 1
            return None
        # The topic says whose it is, since the broker lets nobody write on another's; an envelope may say anything.
        source = f"/edge/v1/{agent}" + (f"/camera/{camera}" if camera else "")
        shown = {**envelope, "source": source, "snapshot": snapshot_address(head.id) if told.snapshot else None}
        place = f"{agent}:{camera or _acted_on(data)}"
        came = self._clock.wall().timestamp()
        kept = Kept(str(head.id), agent, place, told.boot, told.sequence, stamp(head.time), came, encode(shown))
        self._remember(kept)
        self._unwritten.append(kept)
        self._news.set()
        self.taken += 1
        return kept

    def recent(self, limit: int, sees: Callable[[str], bool] | None = None) -> Sequence[Mapping[str, object]]:
        """Returns the newest envelopes, newest first.

        Args:
            limit: how many at most.
            sees: tells which places to take; all where left out.
        """
        found = self._recent if sees is None else [kept for kept in self._recent if sees(kept.place)]
        if sees is not None and len(found) < limit:  # theirs are few among the others: look where they are kept apart
            found = [kept for place, events in self._places.items() if sees(place) for kept in events]
        newest = sorted(found, key=lambda kept: kept.time, reverse=True)[:limit]
        return [json.loads(kept.envelope) for kept in newest]

    def place(self, event: str) -> str | None:
        """Returns where an event happened, None where it is not known."""
        return self._known.get(event)

    def holes(self, agent: str) -> Sequence[Sequences]:
        """Returns which of an agent's events are missing."""
        return list(self._numbers[agent].holes()) if agent in self._numbers else []

    def give_up(self, agent: str, hole: Sequences) -> None:
        """Notes that events will never come."""
        self._numbers[agent].note(hole.boot, hole.first, hole.last)

    async def run(self) -> None:
        """Writes events down until cancelled, then the last of them."""
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_EVERY):
                        await self._news.wait()
                self._news.clear()
                await self._write()
                if self._clock.monotonic() - self._looked >= _LOOK_EVERY:
                    await self.forget_old()
                await asyncio.sleep(_EVERY)
        finally:
            await self._write()
            await asyncio.to_thread(self._archive.close)

    async def forget_old(self) -> None:
        """Forgets what is too old, here and on the disk: in a quiet town nothing else pushes it out."""
        self._looked, oldest = self._clock.monotonic(), self._oldest()
        for events in (self._recent, *self._places.values()):
            while events and events[0].came < oldest:
                events.popleft()
        for place in [place for place, events in self._places.items() if not events]:
            del self._places[place]
        try:
            await see_through(partial(self._archive.forget, oldest))
        except sqlite3.Error as exc:
            log.warning("old events cannot be deleted: %s", exc)

    def _oldest(self) -> float:
        return self._clock.wall().timestamp() - self._days * 86_400

    async def _write(self) -> None:
        events, self._unwritten = self._unwritten, deque(maxlen=UNWRITTEN)
        if not events:
            return
        try:
            await see_through(partial(self._archive.append, events))
        except sqlite3.Error as exc:
            log.warning("%d events wait for the disk: %s", len(events), exc)
            self._unwritten = deque([*events, *self._unwritten], maxlen=UNWRITTEN)
            self._news.set()

    def _remember(self, kept: Kept) -> None:
        self._known[kept.id] = kept.place
        while len(self._known) > KNOWN:
            self._known.popitem(last=False)
        self._recent.append(kept)
        if kept.place in self._places or len(self._places) < PLACES:
            self._places[kept.place].append(kept)
        self._numbers[kept.agent].note(kept.boot, kept.sequence)


def _acted_on(data: Mapping[str, object]) -> str:
    """Returns the camera on which somebody did something, as the data of an audit event says; else nothing."""
    camera = data.get("camera")
    return camera if isinstance(camera, str) and len(camera) <= LONGEST_ID else ""


def _note_gone(numbers: Numbers, gone: Mapping[str, object]) -> None:
    boot, first, last = gone.get("boot"), gone.get("first"), gone.get("last")
    if isinstance(boot, str) and isinstance(first, int) and isinstance(last, int) and first <= last:
        numbers.note(boot, first, last)
