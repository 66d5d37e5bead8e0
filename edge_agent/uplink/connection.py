"""One connection to the broker, used once; what aiomqtt leaves open is closed here."""

import asyncio
import logging
import socket
import ssl
from types import TracebackType
from typing import Any, Self

from aiomqtt import Client, MqttError, ProtocolVersion, Will
from paho.mqtt.client import Client as Paho
from paho.mqtt.client import MQTTMessage
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from typing_extensions import override

from edge_agent.errors import TransientError
from edge_agent.events.envelope import CONTENT_TYPE
from edge_agent.uplink.commands import Answer, Incoming
from edge_agent.uplink.settings import MqttSettings, TlsSettings
from edge_agent.uplink.wire import LARGEST

IN_FLIGHT = 20
"""Messages that wait for the broker's acknowledgement at once."""

_ANSWERS_WITHIN = 10.0  # seconds for CONNACK and SUBACK
_LEAVING = 0.5  # seconds for a good-bye; a broker that hangs must not keep the box from restarting
_UNREAD = 64
_BESIDE = 4096  # bytes of a packet beside its payload: topic and properties
_SILENT = logging.getLogger("edge_agent.uplink.paho")
_SILENT.setLevel(logging.CRITICAL)  # what it says is told by us, with a remedy and not once a message


class Connection(Client):
    """A client that is entered once.

    Args:
        settings: where the broker is and how to speak with it.
        name: client id.
        will: what the broker tells when the connection is lost, or None for nothing.
        context: of TLS, or None for none.

    Attributes:
        refused: done when the broker refused a message; what was counted on cannot be then.
        overflowed: incoming messages dropped because they came faster than they were read.
    """

    def __init__(self, settings: MqttSettings, name: str, will: Will | None, context: ssl.SSLContext | None) -> None:
        self.newest = settings.protocol == "5"
        super().__init__(
            settings.host,
            settings.port,
            identifier=name,
            username=settings.username or None,
            password=settings.password.get_secret_value() or None,
            protocol=ProtocolVersion.V5 if self.newest else ProtocolVersion.V311,
            clean_session=None if self.newest else True,
            keepalive=settings.keepalive,
            will=will,
            timeout=_ANSWERS_WITHIN,
            logger=_SILENT,
            max_inflight_messages=IN_FLIGHT,
            properties=_bounds() if self.newest else None,
            tls_context=context,
        )
        self.refused: asyncio.Future[ReasonCode] = self._loop.create_future()
        self.overflowed = 0
        self.pending_calls_threshold = 10 * IN_FLIGHT
        # A message may be a picture on a thin link: whether the broker is there is for the keep-alive to find out.
        self._acknowledged_within = 2.0 * settings.keepalive + _ANSWERS_WITHIN
        self._event = _properties(PacketTypes.PUBLISH, ContentType=CONTENT_TYPE) if self.newest else None

    async def tell(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publishes JSON and returns when the broker has it."""
        await self.publish(topic, payload, qos=1, retain=retain, timeout=self._acknowledged_within)

    async def tell_event(self, topic: str, payload: bytes) -> None:
        """Publishes an envelope and returns when the broker has it."""
        await self.publish(topic, payload, qos=1, properties=self._event, timeout=self._acknowledged_within)

    async def reply(self, answer: Answer) -> None:
        """Publishes an answer and returns when the broker has it."""
        correlated = self.newest and answer.correlation is not None
        properties = _properties(PacketTypes.PUBLISH, CorrelationData=answer.correlation) if correlated else None
        await self.publish(
            answer.topic, answer.payload, qos=1, properties=properties, timeout=self._acknowledged_within
        )

    async def ask(self, topic: str, payload: bytes, response: str) -> None:
        """Publishes a command, to be answered on a topic, and returns when the broker has it."""
        properties = _properties(PacketTypes.PUBLISH, ResponseTopic=response) if self.newest else None
        await self.publish(topic, payload, qos=1, properties=properties, timeout=self._acknowledged_within)

    async def incoming(self) -> Incoming:
        """Waits for the next message."""
        message = await anext(self.messages)
        given = message.properties
        response, correlation = getattr(given, "ResponseTopic", ""), getattr(given, "CorrelationData", None)
        return Incoming(message.topic.value, bytes(message.payload), message.retain, response, correlation)

    @override
    async def __aenter__(self) -> Self:
        # Its connect runs in a thread that a cancellation does not reach; whoever lets go of it leaves an open socket.
        connecting = asyncio.create_task(super().__aenter__(), name="connect")
        try:
            return await asyncio.shield(connecting)
        except asyncio.CancelledError:
            await asyncio.wait([connecting], timeout=_LEAVING)
            connecting.cancel()
            await asyncio.wait([connecting])
            await self._drop()
            raise
        except (MqttError, OSError, TransientError):
            await self._drop()
            raise

    @override
    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        try:
            async with asyncio.timeout(_LEAVING):
                await super().__aexit__(exc_type, exc, tb)
        except (TimeoutError, MqttError) as late:
            _SILENT.debug("no good-bye: %s", late)
        finally:
            await self._drop()

    async def _drop(self) -> None:
        """Closes what is still open, however the connection ended."""
        paho = self._client
        paho.on_socket_open = paho.on_socket_register_write = None  # a connect that comes late must not touch the loop
        if (sock := paho.socket()) is not None:
            self._loop.remove_reader(sock)
            self._loop.remove_writer(sock)
            sock.close()
        if self._misc_task is not None:
            self._misc_task.cancel()
            await asyncio.wait([self._misc_task])
        for outcome in (self._connected, self._disconnected):
            if outcome.done() and not outcome.cancelled():
                outcome.exception()  # it was told already

    @override
    def _on_disconnect(self, client: Paho, *arguments: Any) -> None:
        # aiomqtt waits for its time-out when the broker hangs up instead of answering.
        self._loop.call_soon_threadsafe(self._hung_up)
        super()._on_disconnect(client, *arguments)

    def _hung_up(self) -> None:
        if not self._connected.done():
            where, remedy = f"{self._hostname}:{self._port}", "look at mqtt.port, at mqtt.tls and at the broker's log"
            self._connected.set_exception(TransientError(f"{where}: the broker hung up instead of answering", remedy))

    @override
    def _on_socket_register_write(self, client: Paho, userdata: Any, sock: Any) -> None:
        # aiomqtt registers the file's number on the loop's next turn, when it may be closed or somebody else's.
        self._loop.call_soon_threadsafe(self._write_when_open, client, sock)

    def _write_when_open(self, client: Paho, sock: socket.socket) -> None:
        if sock.fileno() >= 0:
            self._loop.add_writer(sock, self._write, client)

    def _write(self, client: Paho) -> None:
        try:
            client.loop_write()
        except (OSError, ValueError) as exc:
            if not self._disconnected.done():
                self._disconnected.set_exception(exc)

    @override
    def _on_publish(
        self, client: Paho, userdata: Any, mid: int, reason_code: ReasonCode, properties: Properties
    ) -> None:
        # aiomqtt takes a PUBACK that refuses for one that accepts: the event would be lost.
        if reason_code.is_failure:
            if not self.refused.done():
                self.refused.set_result(reason_code)
            return
        super()._on_publish(client, userdata, mid, reason_code, properties)

    @override
    def _on_message(self, client: Paho, userdata: Any, message: MQTTMessage) -> None:
        if len(self.messages) >= _UNREAD:
            self.overflowed += 1
            return
        message.payload = message.payload[: LARGEST + 1]  # enough to be refused for its size
        super()._on_message(client, userdata, message)


def tls_context(settings: TlsSettings) -> ssl.SSLContext:
    """Returns what TLS needs; blocks on files.

    Raises:
        OSError: when a file cannot be read.
        ssl.SSLError: when it holds something else.
    """
    context = ssl.create_default_context(cafile=settings.ca)
    context.sslsocket_class = _Tidy
    if settings.certificate and settings.key:
        context.load_cert_chain(settings.certificate, settings.key)
    return context


class _Tidy(ssl.SSLSocket):
    """Closes itself when the handshake fails; paho leaves that to the garbage collector."""

    @override
    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


def _bounds() -> Properties:
    """Lets the broker drop what is too large before it is on the way (MQTT 5, section 3.1.2.11.4)."""
    return _properties(PacketTypes.CONNECT, MaximumPacketSize=LARGEST + _BESIDE, ReceiveMaximum=_UNREAD)


def _properties(packet: int, **values: object) -> Properties:
    made = Properties(packet)  # type: ignore[no-untyped-call] # paho has no types here
    for name, value in values.items():
        setattr(made, name, value)
    return made
