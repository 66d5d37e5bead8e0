"""One RTSP connection to a camera: requests and their answers, and interleaved packets out."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TypeAlias

from typing_extensions import override

from edge_agent.aio.threads import own_thread
from edge_agent.errors import TransientError
from edge_agent.talkdown.rtsp.address import Address
from edge_agent.talkdown.rtsp.digest import Authenticator
from edge_agent.talkdown.rtsp.refusal import OK, refusal
from edge_agent.talkdown.rtsp.wire import Message, Parser, encode_message

Answer: TypeAlias = asyncio.Future[Message | TransientError]
"""An answer to come, or why none will; a value, so that one that nobody waits for makes no noise."""

_SENDING = 16 * 1024
"""Bytes of socket buffer: a second or two of sound, so that a camera which stopped listening is noticed soon."""

_SIGN_INS = 3
"""Times a request is sent again with an answer to the server's challenge: unsigned, signed, signed anew when stale."""

_DEFAULT_TIMEOUT = 60
"""Seconds that a session lives without a word from us where the camera names none (RFC 2326, section 12.37)."""

_UNAUTHORIZED = 401


class Connection(asyncio.Protocol):
    """Made by ``connected``; used by one coroutine.

    Args:
        address: where it leads.

    Attributes:
        session: what the camera calls our session, empty before it gave it a name; every later request carries it.
        lives: seconds that the session lives without a word from us.
    """

    def __init__(self, address: Address) -> None:
        self.session = ""
        self.lives = _DEFAULT_TIMEOUT
        self._timeout = address.timeout
        self._authenticator = Authenticator(address.credentials, sealed=address.sealed)
        self._parser = Parser()
        self._answers: dict[str, Answer] = {}
        self._number = 0
        self._lost: TransientError | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._transport: asyncio.Transport | None = None

    async def request(self, method: str, uri: str, headers: Mapping[str, str] | None = None) -> Message:
        """Sends a request, signs it where the camera asks for that, and returns an answer of status 200.

        Raises:
            TransientError: no answer in time, the connection is gone, or the camera is busy.
            PermanentError: the camera refuses, and will refuse again.
        """
        answer = Message("")
        for _ in range(_SIGN_INS):
            answer = await self.answered(method, self.post(method, uri, headers))
            if answer.status != _UNAUTHORIZED:
                break
            self._authenticator.challenged(answer.headers.get("www-authenticate", ()))
        if answer.status != OK:
            raise refusal(method, answer)
        return answer

    def post(self, method: str, uri: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Sends a request and returns at once; the answer comes into the future."""
        self._number += 1
        number = str(self._number)
        fields = {"CSeq": number, "User-Agent": "edge-agent", **(headers or {})}
        if self.session:
            fields["Session"] = self.session
        if authorization := self._authenticator.authorization(method, uri):
            fields["Authorization"] = authorization
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        if self._lost is not None:
            answer.set_result(self._lost)
        else:
            self._write(encode_message(f"{method} {uri} RTSP/1.0", fields))
        return answer

    async def answered(self, method: str, answer: Answer) -> Message:
        """Waits for an answer; cancelling it leaves the future for whoever cleans up.

        Raises:
            TransientError: it does not come in time, or the connection is gone.
        """
        await asyncio.wait([answer], timeout=self._timeout)
        if not answer.done():
            raise TransientError(
                f"the camera did not answer {method} within {self._timeout:g} s", "check the camera and its network"
            )
        result = answer.result()
        if isinstance(result, TransientError):
            raise result
        return result

    async def settled(self) -> None:
        """Waits until nothing is unanswered."""
        if self._answers:
            await asyncio.wait(self._answers.values())

    async def interleave(self, channel: int, packet: bytes) -> None:
        """Sends a packet inside the connection (RFC 2326, section 10.12).

        Raises:
            TransientError: the connection is gone, or the camera takes nothing more.
        """
        self.check()
        self._write(b"$" + bytes([channel]) + len(packet).to_bytes(2) + packet)
        if not self._writable.is_set():
            try:
                async with asyncio.timeout(self._timeout):
                    await self._writable.wait()
            except TimeoutError as exc:
                raise TransientError(
                    "the camera takes no more sound", "restart the camera if it happens again"
                ) from exc

    def check(self) -> None:
        """Raises the TransientError that ended the connection, if it is gone."""
        if self._lost is not None:
            raise self._lost

    def ours(self) -> tuple[str, int]:
        """Returns host and port of our end."""
        return _pair(self._transport, "sockname")

    def theirs(self) -> tuple[str, int]:
        """Returns host and port of the camera's end."""
        return _pair(self._transport, "peername")

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See ``asyncio.Protocol``."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a stream connection has a stream transport")
        self._transport = transport
        transport.set_write_buffer_limits(high=_SENDING)
        wire: socket.socket = transport.get_extra_info("socket")
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SENDING)
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @override
    def data_received(self, data: bytes) -> None:
        """See ``asyncio.Protocol``."""
        try:
            for message in self._parser.feed(data):
                self._take(message)
        except TransientError as exc:
            self._end(exc)
            if self._transport is not None:
                self._transport.abort()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """See ``asyncio.Protocol``."""
        why = f" ({exc})" if exc else ""
        self._end(TransientError(f"the camera closed the RTSP connection{why}", "it may be restarting"))

    @override
    def pause_writing(self) -> None:
        """See ``asyncio.Protocol``."""
        self._writable.clear()

    @override
    def resume_writing(self) -> None:
        """See ``asyncio.Protocol``."""
        self._writable.set()

    def close(self) -> None:
        """Ends the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    def _take(self, message: Message) -> None:
        number = message.header("CSeq")
        if not message.status:
            self._write(encode_message("RTSP/1.0 501 Not Implemented", {"CSeq": number[:20]}))
        elif answer := self._answers.pop(number, None):
            self._join(message.header("Session"))
            answer.set_result(message)

    def _join(self, header: str) -> None:
        name, _, parameters = header.partition(";")
        self.session = name.strip() or self.session
        timeout = parameters.strip().removeprefix("timeout=")
        if timeout.isascii() and timeout.isdigit():
            self.lives = min(max(int(timeout[:9]), 1), _DEFAULT_TIMEOUT)

    def _end(self, why: TransientError) -> None:
        self._lost = self._lost or why
        for answer in self._answers.values():
            if not answer.done():
                answer.set_result(self._lost)
        self._answers.clear()
        self._writable.set()

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)


@asynccontextmanager
async def connected(address: Address) -> AsyncIterator[Connection]:
    """Connects to a camera for the length of the block.

    Raises:
        TransientError: nobody answers there.
        PermanentError: its certificate is not trusted.
    """
    host, port = address.place
    connection = Connection(address)
    try:
        sealing = await own_thread(lambda _: address.sealing(), name="rtsps") if address.sealed else None
        async with asyncio.timeout(address.timeout):
            await asyncio.get_running_loop().create_connection(lambda: connection, host, port, ssl=sealing)
    except (OSError, TimeoutError) as exc:
        raise address.unreachable(exc) from exc
    try:
        yield connection
    finally:
        connection.close()


def _pair(transport: asyncio.Transport | None, which: str) -> tuple[str, int]:
    found = transport.get_extra_info(which) if transport is not None else None
    return (str(found[0]), int(found[1])) if found else ("", 0)
