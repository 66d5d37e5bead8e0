"""A WAV file instead of a loudspeaker, to try talk-down out where there is none."""

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal

from typing_extensions import override

from edge_agent.aio.threads import own_thread
from edge_agent.errors import PermanentError
from edge_agent.talkdown.blocks import Beat, cut
from edge_agent.talkdown.sound import RATE
from edge_agent.talkdown.speakers import Speaker, SpeakerSettings
from edge_agent.values.speech import Sound, Speech

_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_BLOCK = 441
"""Samples in 20 ms."""

_AT_ONCE = 10
"""Blocks written at a time."""

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

    async def play(self, sound: Sound, started: Callable[[], None]) -> None:
        """See ``Speaker``."""
        live = not isinstance(sound, Speech)
        blocks = await cut(sound, RATE, _BLOCK)
        await self.probe()
        beat = Beat(_BLOCK / RATE, live=live, ahead=0.0 if self._paced or live else float("inf"))
        started()
        heard: list[bytes] = []
        try:
            while True:
                await beat.due()
                if (block := next(blocks, None)) is None:
                    break
                heard.append(block.astype("<i2").tobytes())
                if len(heard) == _AT_ONCE:
                    part, heard = b"".join(heard), []
                    await self._write(part)
        finally:
            await self._write(b"".join(heard))

    async def probe(self) -> str:
        """See ``Speaker``."""
        await self._write(b"")
        return f"16 bit PCM at {RATE} Hz"

    async def _write(self, part: bytes) -> None:
        await own_thread(lambda _: self._append(part), name="speaker file")

    @contextmanager
    def _opened(self) -> Iterator[BinaryIO]:
        try:
            with self._path.open("r+b" if self._path.exists() else "w+b") as file:
                yield file
        except OSError as exc:
            raise PermanentError(
                f"cannot write {self._path} ({exc.strerror})", "set a path in a folder of ours"
            ) from exc

    def _append(self, part: bytes) -> None:
        with self._opened() as file:
            end = _end(file) + file.write(part)
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
