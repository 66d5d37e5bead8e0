"""Answers to an RTSP server that asks for a password: digest (RFC 7616, RFC 2069), basic only over TLS."""

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from edge_agent.errors import PermanentError

_HASHES: dict[str, Callable[[bytes], "_Hash"]] = {"SHA-256": hashlib.sha256, "MD5": hashlib.md5}
"""Strongest first; MD5 is what most cameras still ask for."""

_PARAMETER = re.compile(r'([A-Za-z][\w-]*)\s*=\s*(?:"([^"]*)"|([^\s",]+))')


class _Hash(Protocol):
    def hexdigest(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are to a camera.

    Attributes:
        username: empty where the camera asks for none.
        password: never shown, not even in a traceback's repr.
    """

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Challenge:
    """One ``WWW-Authenticate`` header.

    Attributes:
        scheme: in lower case.
        parameters: by name in lower case.
    """

    scheme: str
    parameters: dict[str, str]

    @property
    def algorithm(self) -> str:
        """The digest's algorithm in upper case without its session variant; MD5 where none is named."""
        return self.parameters.get("algorithm", "MD5").upper().removesuffix("-SESS")

    @property
    def stale(self) -> bool:
        """Whether only the nonce is too old and the password was right."""
        return self.parameters.get("stale", "").lower() == "true"


def parse_challenge(header: str) -> Challenge:
    """Returns what a ``WWW-Authenticate`` header asks for; garbage gives a scheme that nobody knows."""
    scheme, _, rest = header.strip().partition(" ")
    found = {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(rest)}
    return Challenge(scheme.lower(), found)


class Authenticator:
    """Signs the requests of one connection once the server has asked for it.

    Args:
        credentials: ours.
        sealed: whether the connection is encrypted, so that the password itself may travel.
    """

    def __init__(self, credentials: Credentials, *, sealed: bool) -> None:
        self._credentials = credentials
        self._sealed = sealed
        self._challenge: Challenge | None = None
        self._count = 0

    def challenged(self, headers: Sequence[str]) -> None:
        """Chooses the strongest way that the server offers.

        Args:
            headers: its ``WWW-Authenticate`` headers.

        Raises:
            PermanentError: there are no credentials, they were refused, or no way is one that we take.
        """
        if not self._credentials.username:
            raise PermanentError("the camera asks for a password", "set username and password of the loudspeaker")
        offered = [parse_challenge(header) for header in headers]
        if self._challenge is not None and not any(challenge.stale for challenge in offered):
            raise PermanentError(
                f"the camera refuses the password of user {self._credentials.username!r}",
                "correct username and password of the loudspeaker; many cameras lock the user after a few failures",
            )
        self._challenge = self._strongest(offered)
        self._count = 0

    def authorization(self, method: str, uri: str) -> str:
        """Returns the value of the ``Authorization`` header, empty while nobody asked for one."""
        challenge = self._challenge
        if challenge is None:
            return ""
        if challenge.scheme == "basic":
            pair = f"{self._credentials.username}:{self._credentials.password}"
            return "Basic " + base64.b64encode(pair.encode()).decode()
        self._count += 1
        return _digest(challenge, self._credentials, (method, uri), secrets.token_hex(8), self._count)

    def _strongest(self, offered: Sequence[Challenge]) -> Challenge:
        for algorithm in _HASHES:
            for challenge in offered:
                if (
                    challenge.scheme == "digest"
                    and challenge.algorithm == algorithm
                    and "nonce" in challenge.parameters
                ):
                    return challenge
        for challenge in offered:
            if challenge.scheme == "basic" and self._sealed:
                return challenge
        raise PermanentError(
            "the camera offers no safe way to send the password",
            "switch the camera's RTSP authentication to digest, or use an rtsps:// address",
        )


def _digest(challenge: Challenge, credentials: Credentials, target: tuple[str, str], cnonce: str, count: int) -> str:
    """Returns a digest header, with ``qop=auth`` where the server offers it (RFC 7616, section 3.4.1)."""
    make = _HASHES[challenge.algorithm]
    given = challenge.parameters
    realm, nonce, (method, uri) = given.get("realm", ""), given["nonce"], target

    def hashed(*parts: str) -> str:
        return make(":".join(parts).encode()).hexdigest()

    secret = hashed(credentials.username, realm, credentials.password)
    session = given.get("algorithm", "").upper().endswith("-SESS")
    if session:
        secret = hashed(secret, nonce, cnonce)
    fields = {"username": credentials.username, "realm": realm, "nonce": nonce, "uri": uri}
    protected = "auth" in re.split(r"[\s,]+", given.get("qop", "").lower())
    if protected:
        fields["response"] = hashed(secret, nonce, f"{count:08x}", cnonce, "auth", hashed(method, uri))
    else:
        fields["response"] = hashed(secret, nonce, hashed(method, uri))
    if protected or session:
        fields["cnonce"] = cnonce
    if "opaque" in given:
        fields["opaque"] = given["opaque"]
    text = ", ".join(f'{name}="{_quoted(value)}"' for name, value in fields.items())
    if protected:
        text += f", qop=auth, nc={count:08x}"
    if "algorithm" in given:
        text += f", algorithm={given['algorithm']}"
    return f"Digest {text}"


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
