"""Passwords as they are kept: scrypt (RFC 7914) with a salt of its own for each."""

import base64
import hashlib
import hmac
import secrets

SHORTEST = 10
"""Letters; what is shorter is in the lists of those who guess."""

LONGEST = 256

_COST, _BLOCK, _LANES = 2**15, 8, 1  # 32 MB and about 80 ms, what OWASP's cheat sheet of 2024 asks at least
_MEMORY = 64 * 1024 * 1024


def digest(password: str) -> str:
    """Returns what is kept of a password; blocks for about 80 ms."""
    salt = secrets.token_bytes(16)
    return f"scrypt${_COST}${_BLOCK}${_LANES}${_text(salt)}${_text(_derive(password, salt, _COST, _BLOCK, _LANES))}"


def matches(password: str, kept: str) -> bool:
    """Tells whether a password is the one of which this was kept; blocks for about 80 ms, whatever is kept."""
    try:
        kind, cost, block, lanes, salt, derived = kept.split("$")
        given = _derive(password, base64.b64decode(salt), int(cost), int(block), int(lanes))
        right = base64.b64decode(derived)
    except ValueError:
        return False
    return kind == "scrypt" and hmac.compare_digest(given, right)


def _derive(password: str, salt: bytes, cost: int, block: int, lanes: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=cost, r=block, p=lanes, maxmem=_MEMORY, dklen=32)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
