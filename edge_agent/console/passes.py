"""Logins, and the file that carries them over a restart: a wall must come back by itself after an update."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from edge_agent.aio.clock import Clock
from edge_agent.values.time import Monotonic

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Pass:
    """A login.

    Attributes:
        name: of the account.
        password: hash of what was kept of the password then; another one ends the login.
        end: when it ends at the latest.
        used: when a request came with it last.
    """

    name: str
    password: str
    end: Monotonic
    used: Monotonic


class _Kept(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    password: str
    end: AwareDatetime
    used: AwareDatetime


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    logins: dict[Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")], _Kept] = {}


class PassFile:
    """Keeps logins by the hash of their cookie: who reads the file cannot sign in with it. Its calls block.

    Args:
        path: of the file.
        clock: turns the times of a run into those of the wall, which alone go on over a restart.
        longest: seconds that no login lasts longer than, whatever the file and a clock that was set say.
    """

    def __init__(self, path: Path, clock: Clock, longest: float) -> None:
        self._path = path
        self._clock = clock
        self._longest = longest

    def read(self) -> dict[str, Pass]:
        """Returns what was kept; nothing where there is no file, or one that cannot be understood."""
        try:
            kept = _File.model_validate_json(self._path.read_bytes()).logins
        except FileNotFoundError:
            return {}
        except (OSError, ValidationError) as exc:
            log.warning("everybody has to sign in again, %s cannot be read: %s", self._path, exc)
            return {}
        now, wall = self._clock.monotonic(), self._clock.wall()
        return {
            key: Pass(
                each.name,
                each.password,
                Monotonic(now + min((each.end - wall).total_seconds(), self._longest)),
                Monotonic(now - max((wall - each.used).total_seconds(), 0.0)),
            )
            for key, each in kept.items()
        }

    def write(self, passes: Iterable[tuple[str, Pass]]) -> None:
        """Keeps logins in the place of those before.

        Raises:
            OSError: the folder cannot be written.
        """
        kept = _File(logins=dict(self._of_the_wall(passes)))
        written = self._path.with_suffix(".new")
        written.unlink(missing_ok=True)
        written.touch(0o600)
        written.write_text(kept.model_dump_json(), encoding="utf-8")
        written.replace(self._path)

    def _of_the_wall(self, passes: Iterable[tuple[str, Pass]]) -> Mapping[str, _Kept]:
        now, wall = self._clock.monotonic(), self._clock.wall()
        return {
            key: _Kept(
                name=each.name,
                password=each.password,
                end=wall + timedelta(seconds=each.end - now),
                used=wall + timedelta(seconds=each.used - now),
            )
            for key, each in passes
        }
