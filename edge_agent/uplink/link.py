"""The agent's line to the control room: stays up, or comes back, and loses nothing in between."""

import asyncio
import logging
import random
from collections.abc import Iterator, Mapping
from typing import Literal

from aiomqtt import MqttError, Will

from edge_agent import __version__
from edge_agent.aio.clock import Clock
from edge_agent.aio.restart import Backoff, forever
from edge_agent.errors import AgentError, PermanentError
from edge_agent.events.envelope import encode, plain
from edge_agent.events.outbox import Entry, Outbox, Place
from edge_agent.uplink.commands import Commands, Obey, Refused
from edge_agent.uplink.connection import IN_FLIGHT, Connection, tls_context
from edge_agent.uplink.errors import Trouble, refusal, trouble
from edge_agent.uplink.settings import MqttSettings, trusted_keys
from edge_agent.uplink.tokens import Guard
from edge_agent.uplink.topics import Topics
from edge_agent.uplink.wire import StatusMessage
from edge_agent.values.ids import AgentId

log = logging.getLogger(__name__)

_AHEAD = 32  # events read from the disk at once; an alarm that comes now goes behind these and what is in flight
_FAREWELL = 1.0  # seconds to say that the agent ends; with the good-bye of the connection well within two


class Uplink:
    """Connects for ever and hands over events, states, reports and answers.

    Args:
        settings: the broker.
        agent: names the box in every topic.
        outbox: what is to be delivered.
        clock: checks tokens.
        rng: keeps four hundred boxes from coming back in the same second.
        obey: carries commands out.
        refused: told of refused commands.
        backoff: how long to wait between tries.

    Attributes:
        connected: set while the broker knows the agent as online.
        trouble: why it is not connected, None when it is or was not tried yet.
        connections: how often it connected.
        failures: how often connecting failed or a connection was lost.
        published: events that the broker acknowledged.
        counts: how many commands had which end: ``ok`` or the code of an error.
    """

    def __init__(  # noqa: PLR0913 - each is a seam, named where it is given
        self,
        settings: MqttSettings,
        agent: AgentId,
        outbox: Outbox,
        *,
        clock: Clock,
        rng: random.Random,
        obey: Obey,
        refused: Refused | None = None,
        backoff: Backoff = Backoff(),  # noqa: B008 - frozen
    ) -> None:
        self.connected = asyncio.Event()
        self.trouble: Trouble | None = None
        self.connections = 0
        self.failures = 0
        self.published = 0
        self.counts: dict[str, int] = {}
        self._settings = settings
        self._where = f"{settings.host}:{settings.port}"
        self._outbox = outbox
        self._clock = clock
        self._rng = rng
        self._obey = obey
        self._refused = refused
        self._backoff = backoff
        self._agent = agent
        self._topics = Topics(settings.prefix, agent)
        self._connection: Connection | None = None
        self._states: dict[str, bytes] = {}
        self._changed = asyncio.Event()

    def retain(self, suffix: str, payload: Mapping[str, object]) -> None:
        """Sets a state that the broker keeps: told now, and again whenever the connection comes back.

        Args:
            suffix: topic below the agent's own, such as ``info`` or ``camera/street/status``.
            payload: JSON types, boxes, stamps and the like.
        """
        self._states[suffix] = encode(plain(payload))
        self._changed.set()

    async def report(self, suffix: str, payload: Mapping[str, object]) -> None:
        """Tells something that is worth nothing later, such as a heartbeat; silently nothing while not connected."""
        if self._connection is None:
            return
        try:
            await self._connection.publish(self._topics.under(suffix), encode(plain(payload)), qos=0)
        except MqttError as exc:
            log.debug("a report was lost: %s", exc)

    async def run(self) -> None:
        """Keeps the connection until it is cancelled; then tells that the agent is offline, within two seconds.

        Raises:
            PermanentError: when a key that may sign commands cannot be read.
        """
        rules = self._settings.commands
        keys = await asyncio.to_thread(trusted_keys, rules)
        unsigned = rules.unsigned_on_loopback and not keys
        guard = None if unsigned else Guard(keys, self._agent, self._clock)
        commands = Commands(self._topics, guard, self._obey, self._refused)
        self.counts = commands.counts

        async def once() -> None:
            await self._once(commands)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(commands.run(), name="commands")
            again = forever(once, failed=self._failed, backoff=self._backoff, rng=self._rng)
            tasks.create_task(again, name="broker")

    async def _once(self, commands: Commands) -> None:
        """One connection, from its beginning to its end, which is an error."""
        tls = self._settings.tls
        try:
            context = await asyncio.to_thread(tls_context, tls) if tls else None
        except OSError as exc:
            remedy = "correct the files that mqtt.tls names"
            raise PermanentError(f"the TLS files cannot be used ({exc})", remedy) from exc
        will = Will(self._topics.status, self._status("offline", "the connection was lost"), qos=1, retain=True)
        try:
            async with Connection(self._settings, self._agent, will, context) as connection:
                await self._serve(connection, commands)
        except (MqttError, OSError) as exc:
            raise trouble(exc, self._where) from exc
        except BaseExceptionGroup as group:
            if (meaning := self._meaning(group)) is None:
                raise
            raise meaning from group

    async def _serve(self, connection: Connection, commands: Commands) -> None:
        try:
            granted = await connection.subscribe(self._topics.commands, qos=1)
            if any(getattr(code, "is_failure", False) for code in granted):
                log.warning("the broker lets nobody command this agent: allow it to read %s", self._topics.commands)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._watch(connection), name="refused messages")
                await connection.tell(self._topics.status, self._status("online"), retain=True)
                self._arrived(connection)
                tasks.create_task(self._listen(connection, commands), name="incoming commands")
                tasks.create_task(self._tell_answers(connection, commands), name="answers")
                tasks.create_task(self._tell_states(connection), name="states")
                tasks.create_task(self._tell_events(connection), name="events")
        except asyncio.CancelledError:
            await self._take_leave(connection)
            raise
        finally:
            self.connected.clear()
            self._connection = None

    async def _watch(self, connection: Connection) -> None:
        raise refusal(await connection.refused, self._where)

    async def _listen(self, connection: Connection, commands: Commands) -> None:
        while True:
            commands.take(await connection.incoming())

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
            for suffix, payload in list(self._states.items()):
                if told.get(suffix) != payload:
                    await connection.tell(self._topics.under(suffix), payload, retain=True)
                    told[suffix] = payload
            await self._changed.wait()

    async def _tell_events(self, connection: Connection) -> None:
        """Sends in the order of the outbox, several at once; a row goes when the broker has all of it."""
        place = Place()
        room = asyncio.Semaphore(IN_FLIGHT)
        async with asyncio.TaskGroup() as sending:
            while True:
                for entry in await self._outbox.batch(place, _AHEAD):
                    await room.acquire()
                    sending.create_task(self._tell_event(connection, entry, room), name=f"event {entry.id}")
                    place = place.past(entry)

    async def _tell_event(self, connection: Connection, entry: Entry, room: asyncio.Semaphore) -> None:
        await connection.tell_event(self._topics.event(entry), entry.payload)
        if entry.snapshot is not None:  # after its event: an alarm does not wait for its picture on a thin link
            await connection.tell(self._topics.snapshot(entry), entry.snapshot)
        self._outbox.done(entry.position)
        self.published += 1
        room.release()

    def _arrived(self, connection: Connection) -> None:
        self._connection = connection
        self.connections += 1
        self.trouble = None
        self.connected.set()
        log.info("connected to the broker %s, %d events wait", self._where, self._outbox.depth)

    async def _take_leave(self, connection: Connection) -> None:
        try:
            async with asyncio.timeout(_FAREWELL):
                await connection.tell(self._topics.status, self._status("offline", "the agent ended"), retain=True)
        except (TimeoutError, MqttError) as exc:
            log.warning("could not tell the broker that the agent ends: %s", exc)

    def _failed(self, exc: Trouble, wait: float) -> None:
        self.failures += 1
        if self.trouble is None or self.trouble.reason != exc.reason:
            log.warning("no broker, trying again in %.0f s and on: %s", wait, exc)
        self.trouble = type(exc)(exc.reason, exc.remedy)  # a copy: the original holds on to frames and their sockets

    def _meaning(self, group: BaseExceptionGroup) -> Trouble | None:
        """Returns what ended a connection: what a person must mend, else the first; None for a fault of ours."""
        leaves = list(_leaves(group))
        for leaf in leaves:
            if not isinstance(leaf, MqttError | OSError | AgentError):
                return None
        found = [trouble(leaf, self._where) for leaf in leaves]
        return next((each for each in found if isinstance(each, PermanentError)), found[0])

    def _status(self, state: Literal["online", "offline"], reason: str = "") -> bytes:
        told = StatusMessage(state=state, boot=self._outbox.boot, version=__version__, reason=reason)
        return told.model_dump_json().encode()


def _leaves(group: BaseExceptionGroup) -> Iterator[BaseException]:
    for each in group.exceptions:
        if isinstance(each, BaseExceptionGroup):
            yield from _leaves(each)
        else:
            yield each
