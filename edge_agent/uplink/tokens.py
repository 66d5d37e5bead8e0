"""Who may command: short-lived tokens (JWT, RFC 7519) from trusted keys, each good for one command."""

import secrets
from collections import OrderedDict, deque
from collections.abc import Mapping
from typing import Annotated

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jwt.types import Options
from pydantic import BaseModel, Field, ValidationError

from edge_agent.aio.clock import Clock
from edge_agent.errors import PermanentError, TransientError
from edge_agent.uplink.keys import PublicKey, TrustedKeys
from edge_agent.values.ids import AgentId
from edge_agent.values.time import Monotonic

LONGEST = 120
"""Seconds that a token may live; whoever records one has no longer to find a use for it."""

_REMEMBERED = 4096
_CHALLENGES = 8  # a connection that breaks again and again brings a new one each time
_LONGEST_NAME = 128
# What PyJWT lets through where a header or payload is nested too deep, or holds a number of thousands of digits.
_UNREADABLE = (jwt.PyJWTError, ValueError, RecursionError)
_SIGNATURE_ONLY: Options = {"verify_aud": False, "verify_exp": False, "verify_iat": False, "verify_nbf": False}
_SIGN_ANEW = "sign a new token for each command, with the challenge of the agent's status, or set the clocks"


class Claims(BaseModel):
    """What a token says.

    Attributes:
        sub: who asks.
        jti: names the token.
        iat: when it was signed, seconds since 1970.
        exp: until when it is good.
        scope: actions allowed, ``{name}:{camera}`` or ``{name}:*``, with spaces between them.
        challenge: the agent's, from its status; it proves that the token is new whatever the box's clock says.
    """

    sub: Annotated[str, Field(min_length=1, max_length=_LONGEST_NAME)]
    jti: Annotated[str, Field(min_length=1, max_length=128)]
    iat: Annotated[float, Field(allow_inf_nan=False)]
    exp: Annotated[float, Field(allow_inf_nan=False)]
    scope: str
    challenge: Annotated[str, Field(max_length=64)] = ""

    def allows(self, action: str, camera: str) -> bool:
        """Whether the action is allowed on a camera, empty for the agent itself."""
        allowed = self.scope.split()
        return f"{action}:*" in allowed or (camera != "" and f"{action}:{camera}" in allowed)


class Guard:
    """Checks tokens; remembers those that were used.

    Args:
        keys: that may sign.
        agent: whom a token must be meant for.
        clock: tells whether it is still good.

    Attributes:
        skew: seconds that the signer's clock is ahead of the box's, as the last token with a challenge showed.
    """

    def __init__(self, keys: TrustedKeys, agent: AgentId, clock: Clock) -> None:
        self.skew = 0.0
        self._keys = keys
        self._agent = agent
        self._clock = clock
        self._begun = clock.monotonic()
        self._used: OrderedDict[str, Monotonic] = OrderedDict()
        self._challenges: deque[tuple[str, Monotonic]] = deque(maxlen=_CHALLENGES)

    def challenge(self) -> str:
        """Returns a new challenge; tokens that carry it are good for ``LONGEST`` seconds, told without any clock."""
        made = secrets.token_urlsafe(12)
        self._challenges.append((made, self._clock.monotonic()))
        return made

    def check(self, token: str, action: str, camera: str) -> Claims:
        """Returns what a token says if it allows an action.

        Raises:
            PermanentError: with the code ``unauthorised``, ``wrong_audience``, ``expired`` or ``forbidden``.
        """
        claims = self._verified(token)
        if claims.challenge:
            self._check_challenge(claims)
        else:
            self._check_times(claims)
        if not claims.allows(action, camera):
            wanted = f"{action}:{camera or '*'}"
            raise PermanentError("the token's scope does not allow this", f"it needs {wanted}", code="forbidden")
        return claims

    def subject(self, token: str) -> str:
        """Returns who asks, where a trusted key signed it, however old it is or whomever it is for; else nothing."""
        for key in self._candidates(token).values():
            try:
                subject = jwt.decode(token, key, algorithms=[_algorithm(key)], options=_SIGNATURE_ONLY).get("sub")
            except _UNREADABLE:
                continue
            return subject[:_LONGEST_NAME] if isinstance(subject, str) else ""
        return ""

    def use(self, claims: Claims) -> None:
        """Notes that a token was used.

        Raises:
            PermanentError: with the code ``replayed`` if it was used before.
            TransientError: with the code ``busy`` if too many are in use to remember one more.
        """
        if claims.jti in self._used:
            raise PermanentError("the token was used before", _SIGN_ANEW, code="replayed")
        now = self._clock.monotonic()
        if len(self._used) >= _REMEMBERED:
            self._used = OrderedDict((name, at) for name, at in self._used.items() if now - at < 2 * LONGEST)
        if len(self._used) >= _REMEMBERED:
            raise TransientError("too many tokens are in use", "send fewer commands", code="busy")
        self._used[claims.jti] = now

    def _check_challenge(self, claims: Claims) -> None:
        since = self._clock.monotonic() - LONGEST
        if not any(made == claims.challenge and at >= since for made, at in self._challenges):
            remedy = "take the challenge of the agent's status and sign a new token"
            raise PermanentError("the token answers no challenge of the last minutes", remedy, code="expired")
        self.skew = claims.iat - self._clock.wall().timestamp()

    def _check_times(self, claims: Claims) -> None:
        now = self._clock.wall().timestamp()
        # A token from before the start may have been used in the run before, of which nothing is remembered. The start
        # is told in today's wall time: a box without a battery for its clock gets the time only after it.
        started = int(now - (self._clock.monotonic() - self._begun))
        if claims.exp <= now or claims.iat < started:
            raise PermanentError("the token is too old", _SIGN_ANEW, code="expired")
        if claims.exp > now + LONGEST:
            raise PermanentError(f"the token lives longer than {LONGEST} s", _SIGN_ANEW, code="unauthorised")

    def _candidates(self, token: str) -> Mapping[str, PublicKey]:
        try:
            name = jwt.get_unverified_header(token).get("kid")
        except _UNREADABLE:
            name = None
        return self._keys.candidates(name)

    def _verified(self, token: str) -> Claims:
        if not self._keys:
            remedy = "name the public keys that may sign in mqtt.commands.keys"
            raise PermanentError("this agent trusts no key", remedy, code="unauthorised")
        for key in self._candidates(token).values():
            try:
                # The key decides the algorithm, not the token: no "none", no public key taken for an HMAC secret.
                decoded = jwt.decode(
                    token,
                    key,
                    algorithms=[_algorithm(key)],
                    audience=self._agent,
                    options={"require": ["aud", "exp", "iat", "jti", "sub"], "verify_exp": False, "verify_iat": False},
                )
                return Claims.model_validate(decoded, strict=True)
            except (jwt.InvalidSignatureError, jwt.InvalidAlgorithmError):
                continue
            except jwt.InvalidAudienceError as exc:
                remedy = f"set aud to {self._agent}"
                raise PermanentError("the token is meant for somebody else", remedy, code="wrong_audience") from exc
            except (*_UNREADABLE, ValidationError) as exc:
                remedy = "send a JWT with aud, sub, iat, exp, jti and scope"
                raise PermanentError("the token cannot be read", remedy, code="unauthorised") from exc
        remedy = "sign with a key that mqtt.commands.keys names, with EdDSA or ES256"
        raise PermanentError("no trusted key signed the token", remedy, code="unauthorised")


def _algorithm(key: PublicKey) -> str:
    return "EdDSA" if isinstance(key, Ed25519PublicKey) else "ES256"
