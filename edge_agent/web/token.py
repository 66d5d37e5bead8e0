"""Who may use this box: the token, the cookie that stands for it, and the brake on guessing."""

import hashlib
import hmac
from collections import OrderedDict

from aiohttp import web

from edge_agent.aio.clock import Clock
from edge_agent.errors import PermanentError, TransientError
from edge_agent.values.time import Monotonic

COOKIE = "edge-agent"

SHIFT = 12 * 3600
"""Seconds that a login lasts: an operator's shift."""

DIGITS = 12
"""Of a time in a cookie, at most."""

ATTEMPTS = 5
"""Wrong tokens from one address before it has to wait."""

PAUSE = 10.0
"""Seconds from the last wrong token until an address may try again."""

STRANGERS = 256
"""Addresses that are remembered for wrong tokens."""


class Token:
    """Tells whether a request may pass.

    The cookie holds no token but the time of its own end, signed with it: nothing to keep, and a new token ends every
    login.

    Args:
        token: the secret; None lets everybody in.
        clock: for the end of logins and the brake.
    """

    def __init__(self, token: str | None, clock: Clock) -> None:
        self._token = token.encode() if token is not None else None
        self._clock = clock
        self._wrong: OrderedDict[str, tuple[int, Monotonic]] = OrderedDict()

    def check(self, request: web.Request) -> None:
        """Lets a request pass that carries the token or the cookie.

        Raises:
            PermanentError: it carries none, or a wrong one.
            TransientError: too many wrong ones came from its address.
        """
        if self._token is None:
            return
        kind, _, given = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "bearer":
            self._compare(request, given.strip())
        elif not self._is_valid(request.cookies.get(COOKIE, "")):
            raise PermanentError("this box asks for a token", "log in, or send it as a bearer", code="token_missing")

    def log_in(self, request: web.Request, given: str, answer: web.StreamResponse) -> None:
        """Gives the cookie to whoever has the token.

        Raises:
            PermanentError: it is wrong.
            TransientError: too many wrong ones came from its address.
        """
        if self._token is None:
            return
        self._compare(request, given)
        value = self._sign(self._token, int(self._clock.wall().timestamp()) + SHIFT)
        answer.set_cookie(COOKIE, value, max_age=SHIFT, httponly=True, samesite="Strict", secure=request.secure)

    def _compare(self, request: web.Request, given: str) -> None:
        address = request.remote or ""
        count, last = self._wrong.get(address, (0, Monotonic(0.0)))
        now = self._clock.monotonic()
        if count >= ATTEMPTS and now - last < PAUSE:
            raise TransientError(
                "too many wrong tokens came from this address", f"wait {PAUSE:.0f} seconds", code="too_many_attempts"
            )
        if self._token is not None and hmac.compare_digest(given.encode(errors="replace"), self._token):
            self._wrong.pop(address, None)
            return
        self._wrong[address] = (count + 1, now)
        self._wrong.move_to_end(address)
        if len(self._wrong) > STRANGERS:
            self._wrong.popitem(last=False)
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
