"""Knobs of the HTTP server."""

import ipaddress
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

HostName = Annotated[str, StringConstraints(to_lower=True, max_length=253, pattern=r"^[A-Za-z0-9.:\[\]-]+$")]
"""A name or an address, without a port."""

Origin = Annotated[str, StringConstraints(to_lower=True, max_length=300, pattern=r"^https?://[A-Za-z0-9.:\[\]-]+$")]
"""Where a page comes from, such as ``https://wall.town.example``."""

SHORTEST_TOKEN = 16
"""Letters; fewer could be guessed in spite of the brake on attempts."""


class PageSettings(BaseModel):
    """Where a page is served, whosever it is.

    Attributes:
        host: address to listen on.
        port: TCP port; below 1024 only root may listen.
        hosts: further names and addresses under which it is called, such as a reverse proxy's; any other is refused, so
            that no foreign page reaches it through a name of its own (DNS rebinding).
        origins: other places whose pages may play the cameras over WHEP; none unless somebody runs a player elsewhere.
        language: of the page where the browser asks for neither; its users are French towns.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    hosts: tuple[HostName, ...] = ()
    origins: tuple[Origin, ...] = ()
    language: Literal["fr", "en"] = "fr"


class WebSettings(PageSettings):
    """The page and the HTTP interface of this box; on any ``host`` but the loopback a token is mandatory.

    Attributes:
        token: whoever has it may watch and speak; at least 16 letters, such as ``openssl rand -hex 16`` makes.
    """

    token: SecretStr | None = None

    @model_validator(mode="after")
    def _others_need_a_token(self) -> Self:
        length = len(self.token.get_secret_value()) if self.token else 0
        if not length and not is_loopback(self.host):
            raise ValueError(
                f"host {self.host!r} can be reached by others, so a token is mandatory; "
                "set web.token (openssl rand -hex 16 makes one) or web.host to 127.0.0.1"
            )
        if self.token and length < SHORTEST_TOKEN:
            raise ValueError(f"the token is too short; use at least {SHORTEST_TOKEN} letters (openssl rand -hex 16)")
        return self


def is_loopback(host: str) -> bool:
    """Tells whether only this machine reaches an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
