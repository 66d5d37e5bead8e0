"""Where the walls of a page are kept: a small JSON file for each user, opaque to the server."""

import asyncio
import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from edge_agent.aio.ending import see_through
from edge_agent.errors import TransientError


class Layouts:
    """Keeps layouts in a folder.

    Args:
        folder: is made when the first one is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writing = asyncio.Lock()

    async def read(self, name: str) -> Mapping[str, object]:
        """Returns what was kept under a name, an empty object where nothing was or what is there is damaged."""
        return await asyncio.to_thread(self._read, name)

    async def keep(self, name: str, layouts: Mapping[str, object]) -> None:
        """Keeps layouts under a name that may be the name of a file.

        Raises:
            TransientError: the folder cannot be written.
        """
        try:
            async with self._writing:
                await see_through(partial(self._write, name, layouts))
        except OSError as exc:
            raise TransientError(f"the layout cannot be kept ({exc.strerror})", "make room on the disk") from exc

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.json"

    def _read(self, name: str) -> Mapping[str, object]:
        try:
            found = json.loads(self._path(name).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _write(self, name: str, layouts: Mapping[str, object]) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(name)
        written = path.with_suffix(".new")
        written.write_text(json.dumps(layouts, ensure_ascii=False), "utf-8")
        written.replace(path)
