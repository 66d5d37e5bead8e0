"""The control room's door: accounts sign in, a cookie stands for a login, and a login ends."""

import asyncio
import hashlib
import logging
import secrets
from contextlib import suppress
from datetime import timedelta
from functools import partial

from aiohttp import web

from edge_agent.aio.clock import Clock
from edge_agent.aio.ending import see_through
from edge_agent.console.passes import Pass, PassFile
from edge_agent.console.passwords import digest, matches
from edge_agent.console.settings import ConsoleWebSettings, RoomSettings
from edge_agent.console.users import Users
from edge_agent.errors import PermanentError, TransientError
from edge_agent.values.time import Monotonic
from edge_agent.web.brake import Brake
from edge_agent.web.door import Login, Visitor

COOKIE = "edge-console"

AT_ONCE = 2
"""Passwords computed at a time: each takes 32 MB and a core."""

WAITING = 16
"""Attempts that wait for that; more is an attack, and whoever is in already notices nothing of it."""

EACH = 16
"""Logins of one account at a time; the one unused for longest ends."""

ALL = 4096
"""Logins at a time."""

KEPT_EVERY = 60.0
"""Seconds between two writings of when logins were used; they end half an hour after that at the earliest."""

log = logging.getLogger(__name__)


class Logins:
    """See ``Door``; tells the accounts' names as visitors'.

    Args:
        users: the accounts.
        room: how long logins last.
        settings: of the page: whether it is encrypted, and which proxies to believe.
        clock: for their ends.

    Making it reads the logins that an earlier run kept, and blocks as long as computing a password does.
    """

    def __init__(self, users: Users, room: RoomSettings, settings: ConsoleWebSettings, clock: Clock) -> None:
        self._users = users
        self._room = room
        self._settings = settings
        self._clock = clock
        self._brake = Brake(clock)
        # Compared with where a name is unknown, so that the time taken does not tell which names there are.
        self._nobodys = digest(secrets.token_urlsafe())
        self._file = PassFile(room.state / "logins.json", clock, room.longest)
        self._passes = self._file.read()
        self._changed = asyncio.Event()
        self._computing = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    def admit(self, request: web.Request) -> Visitor:
        """See ``Door``; a page that is open keeps its login in use, since whoever watches a wall touches nothing."""
        key = _hashed(request.cookies.get(COOKIE, ""))
        found = self._passes.get(key)
        if found is None or not self._is_good(found):
            raise PermanentError("the control room asks who you are", "sign in", code="login_missing")
        found.used = self._clock.monotonic()
        return Visitor(found.name, self._clock.wall() + timedelta(seconds=found.end - found.used), key)

    async def log_in(self, request: web.Request, login: Login, answer: web.StreamResponse) -> None:
        """See ``Door``."""
        places = (f"at {self._address(request)}", f"as {login.name}")
        for place in places:
            self._brake.check(place)
        for place in places:  # before the password is computed, or a hundred guesses at once would count as none
            self._brake.press(place)
        account = self._users.find(login.name)
        right = await self._compare(login.password.get_secret_value(), account.password if account else self._nobodys)
        if account is None or not right:
            remedy = "try again, or ask whoever keeps the accounts for a new password"
            raise PermanentError("name or password is wrong", remedy, code="login_wrong")
        for place in places:
            self._brake.release(place)
        answer.set_cookie(
            COOKIE,
            self._begin(login.name, account.password),
            max_age=int(self._room.longest),
            httponly=True,
            samesite="Strict",
            secure=self._settings.encrypted,
        )

    def log_out(self, request: web.Request, answer: web.StreamResponse) -> None:
        """See ``Door``."""
        self._passes.pop(_hashed(request.cookies.get(COOKIE, "")), None)
        self._changed.set()
        answer.del_cookie(COOKIE, httponly=True, samesite="Strict", secure=self._settings.encrypted)

    def is_good(self, login: str) -> bool:
        """Tells whether a visitor's login has not ended."""
        found = self._passes.get(login)
        return found is not None and self._is_good(found)

    async def run(self) -> None:
        """Keeps the logins on the disk until cancelled, then once more."""
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(KEPT_EVERY):
                        await self._changed.wait()
                if self._passes or self._changed.is_set():
                    self._changed.clear()
                    await self._keep()
        finally:
            await self._keep()

    async def _keep(self) -> None:
        good = [(key, each) for key, each in self._passes.items() if self._is_good(each)]
        try:
            await see_through(partial(self._file.write, good))
        except OSError as exc:
            log.warning("after a restart everybody has to sign in again: %s", exc)

    def _begin(self, name: str, password: str) -> str:
        """Returns what the cookie holds; only its hash is kept, so that a core dump lets nobody in."""
        self._passes = {key: each for key, each in self._passes.items() if self._is_good(each)}
        own = sorted((each.used, key) for key, each in self._passes.items() if each.name == name)
        for _, key in own[: max(0, len(own) - EACH + 1)]:
            del self._passes[key]
        if len(self._passes) >= ALL:
            raise TransientError(f"{ALL} logins are open", "sign out where nobody looks", code="too_many_logins")
        now = self._clock.monotonic()
        secret = secrets.token_urlsafe(32)
        self._passes[_hashed(secret)] = Pass(name, _hashed(password), Monotonic(now + self._room.longest), now)
        self._changed.set()
        return secret

    def _is_good(self, login: Pass) -> bool:
        now, account = self._clock.monotonic(), self._users.find(login.name)
        return (
            account is not None
            and _hashed(account.password) == login.password
            and now < login.end
            and now - login.used < self._room.idle
        )

    async def _compare(self, password: str, kept: str) -> bool:
        if self._waiting >= WAITING:
            raise TransientError("too many sign in at once", "try again in a few seconds", code="too_many_attempts")
        self._waiting += 1
        try:
            async with self._computing:
                return await asyncio.to_thread(matches, password, kept)
        finally:
            self._waiting -= 1

    def _address(self, request: web.Request) -> str:
        """Returns where a browser is: behind a proxy of ours what that says, the last of several hops."""
        remote = request.remote or ""
        if self._settings.is_proxy(remote):
            return request.headers.get("X-Forwarded-For", remote).rpartition(",")[2].strip()[:64]
        return remote


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret[:256].encode(errors="replace")).hexdigest()
