"""What goes over a connection while it lasts: events in order, states, and answers to commands."""

import asyncio
from collections.abc import Mapping
from functools import partial

from aiomqtt import MqttError

from edge_agent.events.envelope import encode, plain
from edge_agent.events.outbox import Entry, Outbox, Place
from edge_agent.uplink.commands import Commands
from edge_agent.uplink.connection import IN_FLIGHT, Connection
from edge_agent.uplink.presence import Presence
from edge_agent.uplink.topics import Topics
from edge_agent.values.event import Severity

_AHEAD = 32  # events read from the disk at once; an alarm that comes now goes behind these and what is in flight


class Delivery:
    """Remembers states between connections; what else is to be told is the outbox's and the commands'.

    Args:
        outbox: what is to be delivered.
        topics: the agent's.

    Attributes:
        published: events that a broker acknowledged.
    """

    def __init__(self, outbox: Outbox, topics: Topics) -> None:
        self.published = 0
        self._outbox = outbox
        self._topics = topics
        self._states: dict[str, bytes] = {}
        self._changed = asyncio.Event()

    def retain(self, topic: str, payload: Mapping[str, object]) -> None:
        """Sets a state: told now, and again whenever a connection comes back."""
        self._states[topic] = encode(plain(payload))
        self._changed.set()

    async def run(self, connection: Connection, commands: Commands, presence: Presence) -> None:
        """Delivers, and hands on what comes, until the connection ends, which is an error."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen(connection, commands, presence), name="incoming commands")
            tasks.create_task(self._tell_answers(connection, commands), name="answers")
            tasks.create_task(self._tell_states(connection), name="states")
            tasks.create_task(self._tell_events(connection), name="events")

    async def _listen(self, connection: Connection, commands: Commands, presence: Presence) -> None:
        while True:
            incoming = await connection.incoming()
            if incoming.topic == self._topics.status:
                presence.hear(incoming.payload)
            else:
                commands.take(incoming)

    async def _tell_answers(self, connection: Connection, commands: Commands) -> None:
        while True:
            answer = await commands.answer()
            try:
                await connection.reply(answer)
            except (MqttError, asyncio.CancelledError):
                commands.put_back(answer)
                raise

    async def _tell_states(self, connection: Connection) -> None:
        told: dict[str, bytes] = {}
        while True:
            self._changed.clear()
            for topic, payload in list(self._states.items()):
                if told.get(topic) != payload:
                    await connection.tell(topic, payload, retain=True)
                    told[topic] = payload
            await self._changed.wait()

    async def _tell_events(self, connection: Connection) -> None:
        """Sends in the order of the outbox, several at once; a row goes when the broker has all of it."""
        place, room = Place(), asyncio.Semaphore(IN_FLIGHT)
        while True:
            for entry in await self._outbox.batch(place, _AHEAD):
                await room.acquire()
                self._send_event(connection, entry, room)
                place = place.past(entry)

    def _send_event(self, connection: Connection, entry: Entry, room: asyncio.Semaphore) -> None:
        snapshot = entry.snapshot

        def done() -> None:
            self._outbox.done(entry.position)
            self.published += 1
            room.release()

        def send_picture(picture: bytes) -> None:
            connection.send_picture(self._topics.snapshot(entry), picture, done)

        # The picture goes after its event: an alarm does not wait for it on a thin link.
        taken = done if snapshot is None else partial(send_picture, snapshot)
        severity = Severity(min(entry.rank, Severity.ALARM))  # a gap ranks above all, for those who drop
        connection.send_event(self._topics.event(entry), entry.payload, severity, taken)
