"""Knobs of live view."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

IceUrl = Annotated[
    str,
    StringConstraints(
        max_length=300,
        pattern=r"^(stuns?:[A-Za-z0-9._-]+(:[0-9]{1,5})?|turns?:[A-Za-z0-9._-]+(:[0-9]{1,5})?(\?transport=(udp|tcp))?)$",
    ),
]
"""A STUN (RFC 7064) or TURN server (RFC 7065), such as ``turn:turn.town.example:3478?transport=udp``."""


class IceServer(BaseModel):
    """A server that helps viewers and this box to find each other through address translation; viewers are told it too.

    Attributes:
        urls: its addresses.
        username: for TURN.
        credential: for TURN.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    urls: Annotated[tuple[IceUrl, ...], Field(min_length=1)]
    username: str = ""
    credential: SecretStr = SecretStr("")

    @model_validator(mode="after")
    def _turn_has_credentials(self) -> Self:
        turn = any(url.startswith("turn") for url in self.urls)
        if turn and not (self.username and self.credential.get_secret_value()):
            raise ValueError("a TURN server needs username and credential; set both, or use a stun: address")
        return self


class LiveSettings(BaseModel):
    """Live view.

    Attributes:
        viewers: how many may watch one camera at a time; each costs about 1 % of a core and the camera's bit rate.
        connect: seconds that a viewer may take to come up; a poor link needs 5 to 10.
        idle: seconds without a sign of life after which a viewer counts as gone; its browser speaks every second.
        ice_servers: none where viewers reach this box directly; then nobody outside is ever asked for its address.
        bitrate: bits a second of a transcoded picture; a street in 1080p looks good at 2.5 million.
        preset: libx264's; each one slower gives a better picture from a hotter box.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    viewers: Annotated[int, Field(ge=1, le=100)] = 8
    connect: Annotated[float, Field(gt=0, le=60)] = 15.0
    idle: Annotated[float, Field(gt=0, le=300)] = 20.0
    ice_servers: tuple[IceServer, ...] = ()
    bitrate: Annotated[int, Field(ge=100_000, le=20_000_000)] = 2_500_000
    preset: Literal["ultrafast", "superfast", "veryfast", "faster"] = "ultrafast"
