"""The control room's line to the broker: hears every agent, speaks to any, and comes back when it is lost."""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from typing import Any

from aiomqtt import MqttError
from paho.mqtt.client import Client as Paho
from paho.mqtt.client import MQTTMessage
from typing_extensions import override

from edge_agent.aio.restart import Backoff, forever
from edge_agent.errors import TransientError
from edge_agent.uplink.access import Access, read_access
from edge_agent.uplink.connection import Connection
from edge_agent.uplink.errors import Trouble, trouble
from edge_agent.uplink.properties import at_connect
from edge_agent.uplink.settings import MqttSettings

LARGEST = 4_194_304
"""Bytes of a message that is taken: a picture of 4K has one or two million."""

_KEPT = 3600  # seconds that the broker keeps what comes for a control room that is away
_UNREAD = 1000  # messages on the way at once; each is done with before the next is read
_BOUNDS = {"SessionExpiryInterval": _KEPT, "MaximumPacketSize": LARGEST, "ReceiveMaximum": _UNREAD}

log = logging.getLogger(__name__)

Heard = Callable[[str, bytes, bool], None]
"""Takes a message: its topic, what it says, and whether the broker had kept it; must not raise."""


class _Ear(Connection):
    """One connection whose messages are handed on at once: what is not read yet waits in the network, not in memory."""

    def __init__(self, settings: MqttSettings, name: str, heard: Heard, access: Access) -> None:
        super().__init__(settings, name, access)
        self._heard = heard
        if self.newest:
            self._clean_start = False
            self._properties = at_connect(**_BOUNDS)

    @override
    def _on_message(self, client: Paho, userdata: Any, message: MQTTMessage) -> None:
        if len(message.payload) <= LARGEST:
            self._heard(message.topic, bytes(message.payload), message.retain)


class Line:
    """Keeps a connection.

    Args:
        settings: the brokers.
        name: client id; the broker keeps under it what comes while the line is down for a while.
        filters: topics to hear, each with the quality of service wanted.
        heard: takes what comes.
        rng: jitter.
        backoff: how long to wait between tries.

    Attributes:
        connected: set while it is up.
        gone: set while it is not.
        trouble: why it is not, None when it is or was not tried yet.
        connections: how often it came up.
    """

    def __init__(
        self,
        settings: MqttSettings,
        name: str,
        filters: Sequence[tuple[str, int]],
        heard: Heard,
        *,
        rng: random.Random,
        backoff: Backoff = Backoff(),  # noqa: B008 - frozen
    ) -> None:
        self.connected = asyncio.Event()
        self.gone = asyncio.Event()
        self.trouble: Trouble | None = None
        self.connections = 0
        self._settings = settings
        self._failures = 0
        self._name = name
        self._filters = list(filters)
        self._heard = heard
        self._rng = rng
        self._backoff = backoff
        self._ear: _Ear | None = None

    async def run(self) -> None:
        """Keeps the line up until cancelled."""
        await forever(self._once, failed=self._failed, backoff=self._backoff, rng=self._rng)

    async def ask(self, topic: str, payload: bytes, response: str) -> None:
        """Sends a command, to be answered on a topic, and returns when the broker has it.

        Raises:
            TransientError: the line is down.
            PermanentError: the broker refuses it.
        """
        if self._ear is None:
            remedy = self.trouble.remedy if self.trouble else "try again in a moment"
            raise TransientError("the control room has no connection to its broker", remedy)
        try:
            await self._ear.ask(topic, payload, response)
        except MqttError as exc:
            raise trouble(exc, self._broker.address) from exc

    @property
    def _broker(self) -> MqttSettings:
        """The one to try: after each failure the next of those that there are."""
        brokers = self._settings.brokers
        return brokers[self._failures % len(brokers)]

    async def _once(self) -> None:
        broker = self._broker
        access = await read_access(broker)
        try:
            async with _Ear(broker, self._name, self._heard, access) as ear:
                granted = await ear.subscribe(self._filters)
                if any(getattr(code, "is_failure", False) for code in granted):
                    log.warning("the broker does not let the control room hear all agents: look at its ACL")
                self._ear = ear
                self._arrived(broker)
                await ear.lost()
        except (MqttError, OSError) as exc:
            raise trouble(exc, broker.address) from exc
        finally:
            self._ear = None
            self.connected.clear()
            self.gone.set()

    def _arrived(self, broker: MqttSettings) -> None:
        self.connections += 1
        self.trouble = None
        self.gone.clear()
        self.connected.set()
        log.info("connected to the broker %s", broker.address)

    def _failed(self, exc: Trouble, wait: float) -> None:
        if self.trouble is None or self.trouble.reason != exc.reason:
            log.warning("no broker, trying again in %.0f s and on: %s", wait, exc)
        self._failures += 1
        self.trouble = type(exc)(exc.reason, exc.remedy)
