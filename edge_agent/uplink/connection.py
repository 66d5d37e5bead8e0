"""One connection to the broker, used once; what aiomqtt leaves open is closed here."""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, NoReturn, Self, TypeVar

from aiomqtt import Client, MqttCodeError, MqttError, ProtocolVersion, Will
from paho.mqtt.client import MQTT_ERR_SUCCESS, MQTTMessage
from paho.mqtt.client import Client as Paho
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from typing_extensions import override

from edge_agent.errors import TransientError
from edge_agent.uplink.access import Access
from edge_agent.uplink.commands import Answer, Incoming
from edge_agent.uplink.errors import refusal
from edge_agent.uplink.properties import Packed, at_connect, beside, beside_event
from edge_agent.uplink.settings import MqttSettings
from edge_agent.uplink.wire import LARGEST
from edge_agent.values.event import Severity

T = TypeVar("T")

IN_FLIGHT = 20
"""Messages that wait for the broker's acknowledgement at once."""

_ANSWERS_WITHIN = 10.0  # seconds for CONNACK and SUBACK
_WANTED_FOR = 300  # seconds that a broker keeps an answer for whoever asked
_LEAVING = 0.5  # seconds for a good-bye; a broker that hangs must not keep the box from restarting
_UNREAD = 64
_BESIDE = 4096  # bytes of a packet beside its payload: topic and properties
_BOUNDS = {"SessionExpiryInterval": 0, "MaximumPacketSize": LARGEST + _BESIDE, "ReceiveMaximum": _UNREAD}
"""Lets the broker drop what is too large before it is on the way (MQTT 5, section 3.1.2.11.4).

The session ends with the connection: a command must not wait for an agent that is away, and the will must be told at
once. What the agent has to say waits in its own outbox.
"""
_SILENT = logging.getLogger("edge_agent.uplink.paho")
_SILENT.setLevel(logging.CRITICAL)  # what it says is told by us, with a remedy and not once a message


class Connection(Client):
    """A client that is entered once.

    Args:
        settings: where the broker is and how to speak with it.
        name: client id.
        access: lets it in.
        will: what the broker tells when the connection is lost, or None for nothing.
        days: that a broker may keep an event or picture for a consumer that is away.

    Attributes:
        keepalive: seconds of silence before either side asks whether the other is there.
        refused: done when the broker refused a message; what was counted on cannot be then.
        overflowed: incoming messages dropped because they came faster than they were read.
    """

    def __init__(
        self, settings: MqttSettings, name: str, access: Access, *, will: Will | None = None, days: float = 30.0
    ) -> None:
        self.newest = settings.protocol == "5"
        self.keepalive = settings.keepalive
        self._address = settings.address
        super().__init__(
            settings.host,
            settings.port,
            identifier=name,
            username=settings.username or None,
            password=access.password,
            protocol=ProtocolVersion.V5 if self.newest else ProtocolVersion.V311,
            clean_session=None if self.newest else True,
            keepalive=settings.keepalive,
            will=will,
            timeout=_ANSWERS_WITHIN,
            logger=_SILENT,
            max_inflight_messages=IN_FLIGHT,
            properties=at_connect(**_BOUNDS) if self.newest else None,
            tls_context=access.context,
            transport="websockets" if settings.websocket else "tcp",
            websocket_path=settings.websocket or None,
        )
        self._opening: socket.socket | None = None
        if settings.websocket:
            self._remember("_create_socket_connection")
            self._remember("_ssl_wrap_socket")
        self.refused: asyncio.Future[ReasonCode] = self._loop.create_future()
        self.overflowed = 0
        self.pending_calls_threshold = 10 * IN_FLIGHT
        # A message may be a picture on a thin link: whether the broker is there is for the keep-alive to find out.
        self._acknowledged_within = 2.0 * settings.keepalive + _ANSWERS_WITHIN
        self._unanswered: dict[int, tuple[float, Callable[[], None]]] = {}
        expiry = round(days * 86_400)
        self._beside_event = {severity: beside_event(severity, expiry) for severity in Severity}
        self._beside_picture = beside(ContentType="image/jpeg", MessageExpiryInterval=expiry)

    async def tell(self, topic: str, payload: bytes, *, retain: bool = False, within: float | None = None) -> None:
        """Publishes JSON and returns when the broker has it.

        Args:
            topic: where.
            payload: what.
            retain: whether the broker keeps it.
            within: seconds after which the broker counts as lost; enough for a picture on a thin link if left out.
        """
        await self.publish(topic, payload, qos=1, retain=retain, timeout=within or self._acknowledged_within)

    def send_event(self, topic: str, payload: bytes, severity: Severity, taken: Callable[[], None]) -> None:
        """Puts an envelope on the way; ``taken`` is called when the broker has it.

        Raises:
            MqttError: when the connection is lost.
        """
        self._send(topic, payload, self._beside_event[severity], taken)

    def send_picture(self, topic: str, payload: bytes, taken: Callable[[], None]) -> None:
        """Puts a JPEG on the way, as ``send_event`` does."""
        self._send(topic, payload, self._beside_picture, taken)

    async def lost(self) -> NoReturn:
        """Waits for the end of the connection, and raises what it was.

        Raises:
            MqttError: it is lost, or the broker leaves a message without an answer for too long.
            TransientError: the broker refuses a message for now.
            PermanentError: the broker refuses a message.
        """
        ends: tuple[asyncio.Future[Any], ...] = (self._disconnected, self.refused)
        while not any(end.done() for end in ends):
            await asyncio.wait(ends, timeout=self.keepalive, return_when=asyncio.FIRST_COMPLETED)
            oldest = next(iter(self._unanswered.values()), None)
            if oldest and self._loop.time() - oldest[0] > self._acknowledged_within:
                raise MqttError("the broker does not acknowledge what it gets")
        if self.refused.done():
            raise refusal(self.refused.result(), self._address)
        raise MqttError("the connection ended") from self._disconnected.exception()

    async def reply(self, answer: Answer) -> None:
        """Publishes an answer and returns when the broker has it."""
        correlation = {"CorrelationData": answer.correlation} if answer.correlation is not None else {}
        await self._publish(answer.topic, answer.payload, beside(MessageExpiryInterval=_WANTED_FOR, **correlation))

    async def ask(self, topic: str, payload: bytes, response: str) -> None:
        """Publishes a command, to be answered on a topic, and returns when the broker has it."""
        await self._publish(topic, payload, beside(ResponseTopic=response))

    async def incoming(self) -> Incoming:
        """Waits for the next message."""
        message = await anext(self.messages)
        given = message.properties
        response, correlation = getattr(given, "ResponseTopic", ""), getattr(given, "CorrelationData", None)
        return Incoming(message.topic.value, bytes(message.payload), message.retain, response, correlation)

    async def _publish(self, topic: str, payload: bytes, properties: Packed) -> None:
        given = properties if self.newest else None
        await self.publish(topic, payload, qos=1, properties=given, timeout=self._acknowledged_within)

    def _send(self, topic: str, payload: bytes, properties: Packed, taken: Callable[[], None]) -> None:
        # Not aiomqtt's publish: its two tasks, timer and event for each message cost as much as the message.
        info = self._client.publish(topic, payload, 1, False, properties if self.newest else None)  # noqa: FBT003
        if info.rc != MQTT_ERR_SUCCESS:
            raise MqttCodeError(info.rc, "the connection was lost")
        self._unanswered[info.mid] = self._loop.time(), taken

    @override
    async def __aenter__(self) -> Self:
        # Its connect runs in a thread that a cancellation does not reach; whoever lets go of it leaves an open socket.
        connecting, lost = asyncio.create_task(super().__aenter__(), name="connect"), self._disconnected
        try:
            await asyncio.shield(connecting)
            self._disconnected = lost  # where it is lost right after CONNACK aiomqtt forgets it, and waits in vain
        except asyncio.CancelledError:
            await asyncio.wait([connecting], timeout=_LEAVING)
            connecting.cancel()
            await asyncio.wait([connecting])
            await self._drop()
            raise
        except (MqttError, OSError, TransientError):
            await self._drop()
            raise
        return self

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

    @override
    async def _wait_for(self, fut: Awaitable[T], timeout: float | None) -> T:
        # Before Python 3.12 aiomqtt's wait_for swallows a cancellation that comes together with the answer: its caller
        # would go on for ever on a connection that has ended.
        try:
            async with asyncio.timeout(timeout or self.timeout):
                return await fut
        except TimeoutError as exc:
            raise MqttError("Operation timed out") from exc

    def _remember(self, name: str) -> None:
        """Keeps hold of the sockets that paho makes: it forgets one whose WebSocket handshake fails, still open."""
        made = getattr(self._client, name)

        def remembered(*arguments: object) -> socket.socket:
            opened: socket.socket = made(*arguments)
            self._opening = opened
            return opened

        setattr(self._client, name, remembered)

    async def _drop(self) -> None:
        """Closes what is still open, however the connection ended."""
        paho = self._client
        paho.on_socket_open = paho.on_socket_register_write = None  # a connect that comes late must not touch the loop
        if (sock := paho.socket()) is not None:
            self._loop.remove_reader(sock)
            self._loop.remove_writer(sock)
            sock.close()
        if self._opening is not None:
            self._opening.close()
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
        if answered := self._unanswered.pop(mid, None):
            _, taken = answered
            taken()
        else:
            super()._on_publish(client, userdata, mid, reason_code, properties)

    @override
    def _on_message(self, client: Paho, userdata: Any, message: MQTTMessage) -> None:
        if len(self.messages) >= _UNREAD:
            self.overflowed += 1
            return
        message.payload = message.payload[: LARGEST + 1]  # enough to be refused for its size
        super()._on_message(client, userdata, message)
