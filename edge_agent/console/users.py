"""The file of accounts: read by the console while it runs, written by ``edge-agent console user``."""

import asyncio
import fcntl
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from edge_agent.console.account import Account, Name
from edge_agent.console.passwords import LONGEST, SHORTEST
from edge_agent.errors import PermanentError

LOOK_EVERY = 2.0
"""Seconds between two looks at the file: who was removed is out as soon as this."""

log = logging.getLogger(__name__)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    users: dict[Name, Account] = {}


class Users:
    """Accounts by name.

    Args:
        path: of the file; none yet means no accounts.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._accounts: Mapping[str, Account] = {}
        self._seen: tuple[int, int] | None = None

    def __len__(self) -> int:
        return len(self._accounts)

    def find(self, name: str) -> Account | None:
        """Returns an account, None where there is none of this name."""
        return self._accounts.get(name)

    def everybody(self) -> Mapping[str, Account]:
        """Returns all accounts by their name."""
        return self._accounts

    def read(self) -> None:
        """Reads the file; blocks.

        Raises:
            PermanentError: it cannot be read, or holds something else.
        """
        seen = self._stamp()  # before it is read: what is written meanwhile is another one
        try:
            self._accounts = _File.model_validate_json(self._path.read_bytes()).users
        except FileNotFoundError:
            self._accounts = {}
        except ValidationError as exc:
            first = exc.errors(include_url=False, include_input=False, include_context=False)[0]
            place = ".".join(map(str, first["loc"]))
            raise PermanentError(
                f"{self._path}: {place}: {first['msg']}", "correct it, or take it from a copy"
            ) from exc
        except OSError as exc:
            remedy = "let the console's user read it"
            raise PermanentError(f"the accounts in {self._path} cannot be read ({exc.strerror})", remedy) from exc
        self._seen = seen

    async def follow(self, changed: Callable[[], None], every: float = LOOK_EVERY) -> None:
        """Reads the file whenever it changes, until cancelled; what cannot be read leaves all as it was."""
        while True:
            await asyncio.sleep(every)
            if await asyncio.to_thread(self._stamp) == self._seen:
                continue
            try:
                await asyncio.to_thread(self.read)
            except PermanentError as exc:
                log.warning("the accounts stay as they were: %s", exc)
                self._seen = await asyncio.to_thread(self._stamp)
            else:
                log.info("there are %d accounts now", len(self))
                changed()

    @contextmanager
    def changing(self) -> Iterator[dict[str, Account]]:
        """Gives the accounts to be changed and writes them when the block ends; blocks.

        Raises:
            PermanentError: the file cannot be read or written.
        """
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._path.with_suffix(".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                self.read()
                accounts = dict(self._accounts)
                yield accounts
                self._write(accounts)
        except OSError as exc:
            raise PermanentError(f"{self._path} cannot be written ({exc.strerror})", "make it writable") from exc

    def _write(self, accounts: dict[str, Account]) -> None:
        written = self._path.with_suffix(".new")
        written.unlink(missing_ok=True)
        written.touch(0o600)
        written.write_text(_File(users=accounts).model_dump_json(indent=2) + "\n", encoding="utf-8")
        written.replace(self._path)
        self._accounts = accounts

    def _stamp(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino


def check_account(name: str, told: Mapping[str, object]) -> Account:
    """Returns an account without a password.

    Raises:
        PermanentError: its name or what it is told to be cannot be.
    """
    try:
        return _File.model_validate({"users": {name: {**told, "password": ""}}}).users[name]
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_context=False)[0]
        remedy = "names have small letters, digits, dots and hyphens; cameras are like box-1:street, box-1:* or *:*"
        raise PermanentError(f"{first['input']!r} cannot be used ({first['msg']})", remedy) from exc


def check_password(password: str, name: str) -> None:
    """Refuses what would be guessed.

    Raises:
        PermanentError: it is too short, too long, or the name.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        remedy = f"take {SHORTEST} to {LONGEST} letters, such as four words that do not belong together"
        raise PermanentError(f"the password has {len(password)} letters", remedy)
    if name in password.lower() or len(set(password)) < SHORTEST // 2:
        raise PermanentError("the password is easy to guess", "take four words that do not belong together")
