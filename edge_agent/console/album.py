"""Pictures of events on the console's disk, the newest so many bytes of the last so many days."""

import asyncio
import logging
import time
from collections import OrderedDict, deque
from functools import partial
from pathlib import Path
from uuid import UUID

from edge_agent.aio.ending import see_through

WAITING = 64
"""Pictures that wait for the disk; they are a few hundred kilobytes each."""

PATIENCE = 10.0
"""Seconds that somebody waits for a picture whose event is here already: it follows its event on a thin link."""

ASKING = 256
"""Who may wait for one at a time."""

LARGEST = 4 << 20
"""Bytes of one; the broker of deploy/csu hands on no more, another one may."""

_JPEG = b"\xff\xd8"
_LOOK_EVERY = 600.0  # seconds between two looks for old ones

log = logging.getLogger(__name__)


class Album:
    """Keeps pictures; used on the event loop.

    Args:
        folder: made where it is missing; its files are looked through at once, which blocks.
        most: bytes.
        days: how long.
    """

    def __init__(self, folder: Path, *, most: int, days: float) -> None:
        self._folder = folder
        self._most = most
        self._days = days
        self._size = 0
        self._files: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._unwritten: deque[tuple[str, bytes]] = deque(maxlen=WAITING)
        self._news = asyncio.Event()
        self._arrived = asyncio.Condition()
        self._asking = 0
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = [(path, path.stat()) for path in folder.glob("*.jpg")]
        for path, told in sorted(found, key=lambda each: each[1].st_mtime):
            self._add(path.stem, told.st_size, told.st_mtime)

    def __len__(self) -> int:
        return len(self._files)

    def take(self, event: str, picture: bytes) -> None:
        """Takes an event's picture.

        Raises:
            ValueError: it is none, too large, or of no event.
        """
        if not picture.startswith(_JPEG) or len(picture) > LARGEST:
            raise ValueError("no JPEG, or too large a one")
        self._unwritten.append((str(UUID(event)), picture))
        self._news.set()

    async def find(self, event: UUID, patience: float = PATIENCE) -> bytes | None:
        """Returns an event's picture, None where there is none.

        Args:
            event: its id.
            patience: seconds to wait for it.
        """
        name = str(event)
        if name not in self._files and self._asking < ASKING:
            self._asking += 1
            try:
                async with asyncio.timeout(patience), self._arrived:
                    await self._arrived.wait_for(lambda: name in self._files)
            except TimeoutError:
                return None
            finally:
                self._asking -= 1
        return await asyncio.to_thread(self._read, name) if name in self._files else None

    async def run(self) -> None:
        """Writes pictures down until cancelled, then the last of them: the broker has none of them any more."""
        try:
            while True:
                try:
                    async with asyncio.timeout(_LOOK_EVERY):
                        await self._news.wait()
                except TimeoutError:
                    await self._delete()
                self._news.clear()
                await self._keep_all()
        finally:
            await self._keep_all()

    async def _keep_all(self) -> None:
        while self._unwritten:
            await self._keep(*self._unwritten.popleft())

    async def _keep(self, name: str, picture: bytes) -> None:
        try:
            await see_through(partial(self._write, name, picture))
        except OSError as exc:
            log.warning("a picture cannot be kept: %s", exc)
            return
        self._add(name, len(picture), time.time())
        await self._delete()
        async with self._arrived:
            self._arrived.notify_all()

    async def _delete(self) -> None:
        """Deletes what is too old or too much."""
        oldest = time.time() - self._days * 86_400
        gone = []
        while self._files and (self._size > self._most or next(iter(self._files.values()))[1] < oldest):
            name, (size, _) = self._files.popitem(last=False)
            self._size -= size
            gone.append(self._path(name))
        if gone:
            await asyncio.to_thread(_unlink, gone)

    def _add(self, name: str, size: int, at: float) -> None:
        before, _ = self._files.pop(name, (0, 0.0))
        self._files[name] = (size, at)
        self._size += size - before

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.jpg"

    def _read(self, name: str) -> bytes | None:
        try:
            return self._path(name).read_bytes()
        except OSError:
            return None

    def _write(self, name: str, picture: bytes) -> None:
        written = self._path(name).with_suffix(".new")
        written.write_bytes(picture)
        written.replace(self._path(name))


def _unlink(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
