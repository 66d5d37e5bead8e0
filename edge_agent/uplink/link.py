"""The agent's line to the control room: stays up, or comes back, and loses nothing in between."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

from aiomqtt import MqttError

from edge_agent.aio.clock import Clock
from edge_agent.aio.restart import Backoff, forever
from edge_agent.errors import AgentError, PermanentError
from edge_agent.events.envelope import encode, plain
from edge_agent.events.outbox import Outbox
from edge_agent.uplink.access import read_access
from edge_agent.uplink.commands import Commands, Obey, Refused
from edge_agent.uplink.connection import Connection
from edge_agent.uplink.delivery import Delivery
from edge_agent.uplink.errors import TakenOver, Trouble, trouble
from edge_agent.uplink.home_assistant import discovery
from edge_agent.uplink.keys import TrustedKeys
from edge_agent.uplink.presence import Presence
from edge_agent.uplink.probe import probe
from edge_agent.uplink.rivals import Rivals
from edge_agent.uplink.settings import MqttSettings
from edge_agent.uplink.skew import Skew
from edge_agent.uplink.tokens import Guard
from edge_agent.uplink.topics import Topics
from edge_agent.values.event import Degradation
from edge_agent.values.ids import AgentId, CameraId

log = logging.getLogger(__name__)

PATIENCE = Backoff(first=4.0, most=30.0, jitter=1.0)
"""How long to wait between tries: four hundred boxes whose broker restarts are back within seconds, yet spread."""

_LOOK_EVERY = 30.0  # seconds between two looks at what is rarely wrong: the clock, rivals

Tell: TypeAlias = Callable[[Degradation], Awaitable[object]]
"""Makes an event of what the uplink has to say about itself."""


class _Better(Exception):  # noqa: N818 - good news
    """A broker that is preferred is back."""


class Uplink:
    """Connects for ever and hands over events, states, reports and answers.

    Args:
        settings: the brokers.
        agent: names the box in every topic.
        outbox: what is to be delivered.
        clock: checks tokens.
        rng: keeps four hundred boxes from coming back in the same second.
        obey: carries commands out.
        refused: told of refused commands.
        tell: told of a wrong clock and of a rival with the same name.
        backoff: how long to wait between tries.

    Attributes:
        connected: set while a broker knows the agent as online.
        where: address of that broker, empty while there is none.
        trouble: why it is not connected, None when it is or was not tried yet.
        connections: how often it connected.
        failures: how often connecting failed or a connection was lost.
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
        tell: Tell | None = None,
        backoff: Backoff = PATIENCE,
    ) -> None:
        self.connected = asyncio.Event()
        self.where = ""
        self.trouble: Trouble | None = None
        self.connections = 0
        self.failures = 0
        self.counts: dict[str, int] = {}
        self._settings = settings
        self._outbox = outbox
        self._clock = clock
        self._rng = rng
        self._obey = obey
        self._refused = refused
        self._tell = tell
        self._backoff = backoff
        self._agent = agent
        self._topics = Topics(settings.prefix, agent)
        self._delivery = Delivery(outbox, self._topics)
        self._rivals = Rivals(clock, rng)
        self._connection: Connection | None = None

    @property
    def published(self) -> int:
        """Events that a broker acknowledged."""
        return self._delivery.published

    def retain(self, suffix: str, payload: Mapping[str, object]) -> None:
        """Sets a state that the broker keeps: told now, and again whenever the connection comes back.

        Args:
            suffix: topic below the agent's own, such as ``info`` or ``camera/street/status``.
            payload: JSON types, boxes, stamps and the like.
        """
        self._delivery.retain(self._topics.under(suffix), payload)

    def introduce(self, name: str, cameras: Mapping[CameraId, str]) -> None:
        """Lets Home Assistant find the box, where the settings say so.

        Args:
            name: the box's, for people; its id where empty.
            cameras: names for people, by id; the id where empty.
        """
        if prefix := self._settings.home_assistant:
            for topic, payload in discovery(prefix, self._topics, self._agent, name or self._agent, cameras):
                self._delivery.retain(topic, payload)

    async def report(self, suffix: str, payload: Mapping[str, object]) -> None:
        """Tells something that is worth nothing later, such as a heartbeat; silently nothing while not connected."""
        if self._connection is None:
            return
        try:
            await self._connection.publish(self._topics.under(suffix), encode(plain(payload)), qos=0)
        except MqttError as exc:
            log.debug("a report was lost: %s", exc)

    async def run(self) -> None:
        """Keeps a connection until it is cancelled; then tells that the agent is offline, within two seconds.

        Raises:
            PermanentError: when a key that may sign commands cannot be read.
        """
        rules = self._settings.commands
        keys = TrustedKeys(rules)
        await asyncio.to_thread(keys.read)
        guard = None if rules.unsigned_on_loopback and not rules.keys else Guard(keys, self._agent, self._clock)
        commands = Commands(self._topics, guard, self._obey, self._refused)
        self.counts = commands.counts
        presence = Presence(self._topics, self._outbox.boot, guard)

        async def once() -> None:
            try:
                await self._round(presence, commands)
            except TakenOver as exc:
                await self._give_way(exc)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(commands.run(), name="commands")
            tasks.create_task(keys.follow(), name="keys")
            tasks.create_task(self._look_around(guard), name="clock and rivals")
            again = forever(once, failed=self._failed, backoff=self._backoff, rng=self._rng)
            tasks.create_task(again, name="broker")

    async def _round(self, presence: Presence, commands: Commands) -> None:
        """Serves the best broker that answers; raises what ended that, or why the best one did not answer."""
        brokers, troubles = self._settings.brokers, list[Trouble]()
        for place, broker in enumerate(brokers):
            before = self.connections
            begun = self._clock.monotonic()
            try:
                await self._serve(broker, brokers[:place], presence, commands)
            except (AgentError, MqttError, OSError, BaseExceptionGroup) as exc:
                found = _meaning(exc, broker.address)
                if found is None:
                    raise
                lived = self._clock.monotonic() - begun if self.connections > before else 0.0
                judged = self._rivals.judge(found, lived, presence)
                if lived or isinstance(judged, TakenOver):
                    raise judged from exc
                troubles.append(found)
            else:
                return
        raise troubles[0]

    async def _serve(
        self, broker: MqttSettings, better: Sequence[MqttSettings], presence: Presence, commands: Commands
    ) -> None:
        """One connection, from its beginning to its end, which is an error; or until a better broker is back."""
        access = await read_access(broker)
        days = self._outbox.limits.days
        async with Connection(broker, self._agent, access, will=presence.will, days=days) as connection:
            try:
                await self._work(connection, broker, better, presence, commands)
            except asyncio.CancelledError:
                await presence.take_leave(connection, "the agent ended")
                raise
            finally:
                self.connected.clear()
                self._connection = None
                self.where = ""

    async def _work(
        self,
        connection: Connection,
        broker: MqttSettings,
        better: Sequence[MqttSettings],
        presence: Presence,
        commands: Commands,
    ) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(connection.lost(), name="end of the connection")
                await self._subscribe(connection)
                await presence.be_born(connection)
                self._arrived(connection, broker)
                tasks.create_task(presence.keep_true(connection), name="status")
                tasks.create_task(self._delivery.run(connection, commands, presence), name="delivery")
                tasks.create_task(self._look_back(better, broker.return_after), name="better brokers")
        except* _Better as exc:
            await presence.take_leave(connection, str(exc.exceptions[0]))

    async def _subscribe(self, connection: Connection) -> None:
        granted = await connection.subscribe([(self._topics.commands, 1), (self._topics.status, 1)])
        orders = ("the broker lets nobody command this agent", self._topics.commands)
        rivals = ("a second box of this name would not be noticed", self._topics.status)
        for code, (reason, topic) in zip(granted, (orders, rivals), strict=False):
            if getattr(code, "is_failure", False):
                log.warning("%s: allow it to read %s", reason, topic)

    async def _look_back(self, better: Sequence[MqttSettings], every: float) -> None:
        """Raises ``_Better`` when a better broker lets a client in again; never returns where there is none."""
        while better:
            await asyncio.sleep(every * self._rng.uniform(0.5, 1.0))
            for broker in better:
                try:
                    await probe(broker, self._agent)
                except AgentError as exc:
                    log.debug("still on a fallback: %s", exc)
                else:
                    raise _Better(f"the agent went over to {broker.address}")
        await asyncio.Event().wait()

    async def _look_around(self, guard: Guard | None) -> None:
        skew = Skew()
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            for news in (skew.news(guard.skew if guard else 0.0), self._rivals.alone()):
                await self._say(news)

    async def _say(self, news: Degradation | None) -> None:
        if news is not None and self._tell is not None:
            await self._tell(news)

    async def _give_way(self, exc: TakenOver) -> None:
        """Waits long: two boxes of one name that fight for it would both be useless."""
        wait, news = self._rivals.taken(exc)
        self._failed(exc, wait)
        await self._say(news)
        await asyncio.sleep(wait)

    def _arrived(self, connection: Connection, broker: MqttSettings) -> None:
        self._connection = connection
        self.connections += 1
        self.trouble = None
        self.where = broker.address
        self.connected.set()
        log.info("connected to the broker %s, %d events wait", broker.address, self._outbox.depth)

    def _failed(self, exc: Trouble, wait: float) -> None:
        self.failures += 1
        if self.trouble is None or self.trouble.reason != exc.reason:
            log.warning("no broker, trying again in %.0f s and on: %s", wait, exc)
        self.trouble = type(exc)(exc.reason, exc.remedy)  # a copy: the original holds on to frames and their sockets


def _meaning(exc: BaseException, where: str) -> Trouble | None:
    """Returns what ended a connection: what a person must mend, else the first; None for a fault of ours."""
    leaves = list(_leaves(exc))
    if not all(isinstance(leaf, MqttError | OSError | AgentError) for leaf in leaves):
        return None
    found = [trouble(leaf, where) for leaf in leaves]
    return next((each for each in found if isinstance(each, PermanentError)), found[0])


def _leaves(exc: BaseException) -> Iterator[BaseException]:
    if isinstance(exc, BaseExceptionGroup):
        for each in exc.exceptions:
            yield from _leaves(each)
    else:
        yield exc
