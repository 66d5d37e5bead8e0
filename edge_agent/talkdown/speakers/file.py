"""A WAV file instead of a loudspeaker, to try talk-down out where there is none."""

import asyncio
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal

from typing_extensions import override

from edge_agent.aio.threads import own_thread
from edge_agent.errors import PermanentError
from edge_agent.talkdown.sound import RATE, resampled
from edge_agent.talkdown.speakers import Speaker, SpeakerSettings
from edge_agent.values.speech import Speech

_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_CHUNK = 0.1
"""Seconds of sound written at a time."""

_MOST = 64 * 1024 * 1024
"""Bytes after which the file is begun anew: 25 minutes."""


class FileSettings(SpeakerSettings):
    """A file that what was said is appended to.

    Attributes:
        path: of the WAV file; its folder must exist.
        paced: whether it takes as long as speaking does, so that the rest of the agent behaves as with a loudspeaker.
    """

    kind: Literal["file"] = "file"
    path: Path
    paced: bool = True

    @override
    def build(self) -> Speaker:
        """See ``SpeakerSettings``."""
        return FileSpeaker(self.path, paced=self.paced)


class FileSpeaker:
    """See ``Speaker``; a sentence that was stopped ends in the file where it ended in time."""

    def __init__(self, path: Path, *, paced: bool) -> None:
        self._path = path
        self._paced = paced

    async def play(self, speech: Speech, started: Callable[[], None]) -> None:
        """See ``Speaker``."""
        loop = asyncio.get_running_loop()
        await own_thread(
            lambda stop: self._write(speech, stop, lambda: loop.call_soon_threadsafe(started)), name="speaker file"
        )

    async def probe(self) -> str:
        """See ``Speaker``."""
        await own_thread(lambda _: self._touch(), name="speaker file")
        return f"16 bit PCM at {RATE} Hz"

    def _touch(self) -> None:
        with self._opened():
            pass

    @contextmanager
    def _opened(self) -> Iterator[BinaryIO]:
        try:
            with self._path.open("r+b" if self._path.exists() else "w+b") as file:
                yield file
        except OSError as exc:
            raise PermanentError(
                f"cannot write {self._path} ({exc.strerror})", "set a path in a folder of ours"
            ) from exc

    def _write(self, speech: Speech, stop: threading.Event, started: Callable[[], object]) -> None:
        sound = resampled(speech, RATE).samples.astype("<i2").tobytes()
        size = int(_CHUNK * RATE) * 2
        with self._opened() as file:
            end = _end(file)
            started()
            begun = time.monotonic()
            for offset in range(0, len(sound), size):
                if stop.is_set():
                    break
                end += file.write(sound[offset : offset + size])
                due = begun + (offset + size) / (2 * RATE)
                stop.wait(max(0.0, due - time.monotonic()) if self._paced else 0.0)
            file.seek(0)
            file.write(_header(end - _HEADER.size))


def _header(length: int) -> bytes:
    """Returns the header of a WAV file with so many bytes of 16 bit PCM mono at ``RATE``."""
    return _HEADER.pack(b"RIFF", 36 + length, b"WAVE", b"fmt ", 16, 1, 1, RATE, 2 * RATE, 2, 16, b"data", length)


def _end(file: BinaryIO) -> int:
    """Goes to where the next sound belongs and returns that position; a file that is not ours is begun anew."""
    head = file.read(_HEADER.size)
    length = int.from_bytes(head[-4:], "little")
    if head != _header(length) or length > _MOST:
        file.seek(0)
        file.truncate()
        file.write(_header(0))
        return _HEADER.size
    file.seek(_HEADER.size + length)
    file.truncate()
    return _HEADER.size + length
