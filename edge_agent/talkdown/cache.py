"""Rendered sounds on disk, found again by what they were made from."""

import hashlib
import os
import tempfile
from pathlib import Path

from edge_agent.errors import TransientError
from edge_agent.talkdown.sound import from_wav, to_wav
from edge_agent.values.speech import Speech

LIMIT = 64 * 1024 * 1024
"""Bytes: some 300 messages of five seconds."""


class SoundCache:
    """Keeps the sounds used last, each in a WAV file of its own; blocks, for threads, of which any number may use it.

    Args:
        folder: of its own; made when first needed.
        limit: bytes that all files may have together.
    """

    def __init__(self, folder: Path, limit: int = LIMIT) -> None:
        self._folder = folder
        self._limit = limit

    def find(self, *made_from: str | bytes) -> Speech | None:
        """Returns the sound made from these parts, or None; a damaged file counts as none."""
        path = self._path(made_from)
        try:
            speech = from_wav(path.read_bytes())
            os.utime(path)
        except (OSError, ValueError):
            return None
        return speech

    def keep(self, speech: Speech, *made_from: str | bytes) -> None:
        """Writes a sound, wholly or not at all, and forgets those not used for longest if there are too many.

        Raises:
            TransientError: the disk is full or the folder cannot be written.
        """
        path = self._path(made_from)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            number, name = tempfile.mkstemp(dir=self._folder, suffix=".part")
            try:
                with os.fdopen(number, "wb") as file:
                    file.write(to_wav(speech))
                Path(name).replace(path)
            except OSError:
                Path(name).unlink(missing_ok=True)
                raise
            self._trim()
        except OSError as exc:
            raise TransientError(f"cannot keep a rendered message ({exc.strerror})", "free space on the disk") from exc

    def _path(self, made_from: tuple[str | bytes, ...]) -> Path:
        digest = hashlib.sha256()
        for part in made_from:
            data = part.encode() if isinstance(part, str) else part
            digest.update(len(data).to_bytes(8) + data)
        return self._folder / f"{digest.hexdigest()}.wav"

    def _trim(self) -> None:
        """Drops the files not used for longest, and what a crash left half written."""
        found = []
        for path in self._folder.iterdir():
            try:
                found.append((path.stat().st_mtime, path.stat().st_size, path))
            except FileNotFoundError:
                continue  # another thread tidied up at the same time
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found)[:-1]:
            if total <= self._limit:
                return
            path.unlink(missing_ok=True)
            total -= size
