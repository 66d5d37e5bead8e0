"""Server-sent events: what happens now, for every page that is open."""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from edge_agent.errors import TransientError

WAITING = 100
"""Messages that may wait for one page of a box; at a scene and a few events a second it is not looking if more do."""

LISTENERS = 32
"""Pages at a time; a box in a street serves an installer and a small control room."""


class Feed:
    """Hands every message to all listeners, encoded once.

    Args:
        waiting: messages that may wait for one page.
        listeners: pages at a time.
        pause: seconds between two packets of messages to one page, so that many words wake it once.

    A message with a ``key`` replaces an unread one of the same key, so that a slow page gets the newest scene rather
    than all of them; of the others the oldest goes when too many wait.

    Attributes:
        replaced: how many messages were replaced before a listener read them.
        lost: how many messages a slow listener never got.
    """

    def __init__(self, *, waiting: int = WAITING, listeners: int = LISTENERS, pause: float = 0.0) -> None:
        self.pause = pause
        self.replaced = 0
        self.lost = 0
        self._waiting = waiting
        self._most = listeners
        self._listeners: set[Listener] = set()
        self._closed = False

    @property
    def pages(self) -> int:
        """How many listen."""
        return len(self._listeners)

    @property
    def listening(self) -> bool:
        """Whether anybody would get a message: scenes need not be drawn up for nobody."""
        return bool(self._listeners)

    def publish(self, name: str, data: Mapping[str, object], *, key: str = "", camera: str = "") -> None:
        """Tells all listeners who may know; to be called on the event loop.

        Args:
            name: kind of message, the ``event`` field.
            data: a JSON object.
            key: what the message replaces, such as the camera of a scene; empty if each one counts.
            camera: whose it is; empty for what concerns no camera.
        """
        if self._listeners:
            encoded = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
            self.publish_encoded(name, encoded, key=key, camera=camera)

    def publish_encoded(self, name: str, data: bytes, *, key: str = "", camera: str = "") -> None:
        """Does what ``publish`` does with JSON on one line."""
        encoded = b"event: %b\ndata: %b\n\n" % (name.encode(), data)
        for listener in self._listeners:
            if not listener.sees(camera):
                continue
            replaced, lost = listener.put(f"{name} {key}" if key else "", encoded)
            self.replaced += replaced
            self.lost += lost

    @contextmanager
    def listen(self, sees: Callable[[str], bool] = lambda _: True) -> Iterator["Listener"]:
        """Subscribes for as long as the block runs.

        Args:
            sees: tells whether the listener may know what happens at a camera, empty for what concerns none.

        Raises:
            TransientError: as many pages as there may be listen already.
        """
        if self._closed or len(self._listeners) >= self._most:
            raise TransientError(
                f"{self._most} pages listen already", "close a page that nobody looks at", code="too_many_listeners"
            )
        listener = Listener(sees, self._waiting)
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def close(self) -> None:
        """Lets every listener come to its end."""
        self._closed = True
        for listener in self._listeners:
            listener.end()


class Listener:
    """One page's unread messages; made by ``Feed.listen``.

    Args:
        sees: as ``Feed.listen`` takes it.
        waiting: messages that may wait.
    """

    def __init__(self, sees: Callable[[str], bool], waiting: int) -> None:
        self.sees = sees
        self._waiting = waiting
        self._unread: dict[str, bytes] = {}
        self._count = 0
        self._ended = False
        self._changed = asyncio.Event()

    def put(self, key: str, message: bytes) -> tuple[bool, bool]:
        """Adds a message; returns whether it replaced one, and whether one was lost for it."""
        self._count += 1
        replaced = bool(key) and self._unread.pop(key, None) is not None
        self._unread[key or str(self._count)] = message
        lost = len(self._unread) > self._waiting
        if lost:
            del self._unread[next(iter(self._unread))]
        self._changed.set()
        return replaced, lost

    def end(self) -> None:
        """Makes ``take`` return None once everything was read."""
        self._ended = True
        self._changed.set()

    async def take(self) -> bytes | None:
        """Waits for messages and returns all of them, None at the end."""
        await self._changed.wait()
        if self._unread:
            messages, self._unread = b"".join(self._unread.values()), {}
            if not self._ended:
                self._changed.clear()
            return messages
        return None
