"""Who may use this box: the token, and the cookie that stands for it."""

import hashlib
import hmac
from datetime import UTC, datetime

from aiohttp import web

from edge_agent.aio.clock import Clock
from edge_agent.errors import PermanentError
from edge_agent.web.brake import Brake
from edge_agent.web.door import Login, Visitor

COOKIE = "edge-agent"

SHIFT = 12 * 3600
"""Seconds that a login lasts: an operator's shift."""


class Token:
    """See ``Door``; lets everybody in who has the box's one token.

    The cookie holds no token but the time of its own end, signed with it: nothing to keep, and a new token ends every
    login.

    Args:
        token: the secret; None lets everybody in.
        clock: for the end of logins and the brake.
    """

    def __init__(self, token: str | None, clock: Clock) -> None:
        self._token = token.encode() if token is not None else None
        self._clock = clock
        self._brake = Brake(clock)

    def admit(self, request: web.Request) -> Visitor:
        """See ``Door``; one token is shared by all, so people are told apart by their address."""
        return Visitor(f"page at {request.remote}", self._check(request) if self._token is not None else None)

    async def log_in(self, request: web.Request, login: Login, answer: web.StreamResponse) -> None:
        """See ``Door``."""
        if self._token is None:
            return
        self._compare(request, login.token.get_secret_value())
        value = self._sign(self._token, int(self._clock.wall().timestamp()) + SHIFT)
        answer.set_cookie(COOKIE, value, max_age=SHIFT, httponly=True, samesite="Strict", secure=request.secure)

    def log_out(self, request: web.Request, answer: web.StreamResponse) -> None:
        """See ``Door``; the cookie itself stays good until its end, since nothing is kept about it."""
        answer.del_cookie(COOKIE, httponly=True, samesite="Strict", secure=request.secure)

    def _check(self, request: web.Request) -> datetime | None:
        kind, _, given = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "bearer":
            self._compare(request, given.strip())
            return None
        cookie = request.cookies.get(COOKIE, "")
        if not self._is_valid(cookie):
            raise PermanentError("this box asks for a token", "log in, or send it as a bearer", code="token_missing")
        return datetime.fromtimestamp(int(cookie.partition(".")[0]), UTC)

    def _compare(self, request: web.Request, given: str) -> None:
        address = request.remote or ""
        self._brake.check(address)
        if self._token is not None and hmac.compare_digest(given.encode(errors="replace"), self._token):
            self._brake.release(address)
            return
        self._brake.press(address)
        raise PermanentError("the token is wrong", "it stands as web.token in the box's settings", code="token_wrong")

    def _is_valid(self, cookie: str) -> bool:
        end = cookie.partition(".")[0]
        if self._token is None or not (end.isascii() and end.isdigit()) or len(cookie) > 128:  # noqa: PLR2004
            return False
        signed = self._sign(self._token, int(end)).encode()
        return (
            hmac.compare_digest(cookie.encode(errors="replace"), signed) and int(end) > self._clock.wall().timestamp()
        )

    @staticmethod
    def _sign(token: bytes, end: int) -> str:
        return f"{end}.{hmac.new(token, str(end).encode(), hashlib.sha256).hexdigest()}"
