"""RTSP messages on the wire: bounded parsing of what a server sends, and requests as bytes (RFC 2326)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from edge_agent.errors import TransientError

HEADER_LIMIT = 16 * 1024
"""Bytes of the first line and all header lines together; cameras send a few hundred."""

BODY_LIMIT = 64 * 1024
"""Bytes of a body; a session description has a few thousand."""

_HEADER_END = re.compile(rb"\r?\n\r?\n")

_REMEDY = "check that the address is the camera's RTSP port"


@dataclass(frozen=True, slots=True)
class Message:
    """A response, or a request that the server makes of us.

    Attributes:
        start: the first line.
        headers: values by name in lower case, in their order of arrival.
        body: as sent.
    """

    start: str
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    body: bytes = b""

    @property
    def status(self) -> int:
        """The status code of a response; 0 when this is a request."""
        version, _, rest = self.start.partition(" ")
        code = rest.strip()[:3]
        return int(code) if version.startswith("RTSP/") and code.isascii() and code.isdigit() else 0

    @property
    def reason(self) -> str:
        """The status line's words, fit to be shown."""
        return "".join(letter for letter in self.start.partition(" ")[2] if letter.isprintable())[:80]

    def header(self, name: str) -> str:
        """Returns the first value of a header, empty where there is none."""
        return next(iter(self.headers.get(name.lower(), ())), "")


def encode_message(start: str, headers: Mapping[str, str]) -> bytes:
    """Returns a request or an answer without a body, ready to send."""
    lines = [start, *(f"{name}: {value}" for name, value in headers.items())]
    if any("\r" in line or "\n" in line for line in lines):
        raise AssertionError("a line break inside a header would start another one")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class Parser:
    """Cuts messages out of what arrives; interleaved frames are skipped (RFC 2326, section 10.12)."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._head: Message | None = None
        self._body = 0
        self._skip = 0

    def feed(self, data: bytes) -> Iterator[Message]:
        """Takes the next bytes and yields the messages that they complete.

        Raises:
            TransientError: this is not RTSP, or exceeds a bound.
        """
        self._buffer += data
        while (message := self._next()) is not None:
            yield message

    def _next(self) -> Message | None:
        while self._head is None:
            if not self._skipped():
                return None
            end = _HEADER_END.search(self._buffer, 0, HEADER_LIMIT)
            if end is None:
                if len(self._buffer) >= HEADER_LIMIT:
                    raise TransientError(f"the camera's RTSP header exceeds {HEADER_LIMIT} bytes", _REMEDY)
                return None
            self._head = _parse_head(bytes(self._buffer[: end.start()]))
            self._body = _content_length(self._head)
            del self._buffer[: end.end()]
        if len(self._buffer) < self._body:
            return None
        head, self._head = self._head, None
        body = bytes(self._buffer[: self._body])
        del self._buffer[: self._body]
        return Message(head.start, head.headers, body)

    def _skipped(self) -> bool:
        """Drops empty lines and interleaved frames in front of a message; False when more bytes must come first."""
        while True:
            gone = min(self._skip, len(self._buffer))
            del self._buffer[:gone]
            self._skip -= gone
            blank = len(self._buffer) - len(self._buffer.lstrip(b"\r\n"))
            del self._buffer[:blank]
            if not self._buffer.startswith(b"$"):
                return bool(self._buffer)
            if len(self._buffer) < len("$") + 3:
                return False
            self._skip = 4 + int.from_bytes(self._buffer[2:4])


def _parse_head(raw: bytes) -> Message:
    start, *lines = raw.decode("utf-8", "replace").split("\n")
    if "RTSP/" not in start:
        raise TransientError("what answers at the camera's address does not speak RTSP", _REMEDY)
    headers: dict[str, tuple[str, ...]] = {}
    for line in lines:
        # A lone carriage return stays inside no value: values go back to the camera in our own headers.
        name, _, value = line.partition(":")
        key = name.strip().lower()
        headers[key] = (*headers.get(key, ()), value.replace("\r", " ").strip())
    return Message(start.strip(), headers)


def _content_length(message: Message) -> int:
    text = message.header("Content-Length") or "0"
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(BODY_LIMIT)) and int(text) <= BODY_LIMIT):
        raise TransientError(f"the camera announces a body that is no length up to {BODY_LIMIT} bytes", _REMEDY)
    return int(text)
