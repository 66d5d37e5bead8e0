"""Who may pass: what the server asks about each request. A box has one token, a control room has accounts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Protocol

from aiohttp import web
from pydantic import BaseModel, ConfigDict, SecretStr, StringConstraints

Secret = Annotated[SecretStr, StringConstraints(max_length=256)]
"""What a person types; longer than anybody would, and bounded before anything is computed from it."""


class Login(BaseModel):
    """Body of ``POST /api/login``: the box's token, or a name and a password of the control room.

    Attributes:
        token: of the box.
        name: of an account.
        password: of that account.
    """

    model_config = ConfigDict(extra="forbid")

    token: Secret = SecretStr("")
    name: Annotated[str, StringConstraints(max_length=64)] = ""
    password: Secret = SecretStr("")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who was let in.

    Attributes:
        name: for the audit trail, and for whatever the site allows them.
        until: when the login ends, None where nothing ends it.
        login: which of their logins they came with, empty where there is none; no secret.
    """

    name: str
    until: datetime | None = None
    login: str = ""


class Door(Protocol):
    """Lets requests pass or not; called on the event loop."""

    def admit(self, request: web.Request) -> Visitor:
        """Returns who asks.

        Raises:
            PermanentError: nobody who may pass.
            TransientError: too many wrong guesses came from there.
        """
        ...

    async def log_in(self, request: web.Request, login: Login, answer: web.StreamResponse) -> None:
        """Gives a cookie to whoever has the secret.

        Raises:
            PermanentError: it is wrong.
            TransientError: too many wrong ones came from there.
        """
        ...

    def log_out(self, request: web.Request, answer: web.StreamResponse) -> None:
        """Takes the cookie back; what it opened ends."""
        ...
