"""Knobs of live view."""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

from edge_agent.values.viewing import StreamName

IceUrl = Annotated[
    str,
    StringConstraints(
        max_length=300,
        pattern=r"^(stuns?:[A-Za-z0-9._-]+(:[0-9]{1,5})?|turns?:[A-Za-z0-9._-]+(:[0-9]{1,5})?(\?transport=(udp|tcp))?)$",
    ),
]
"""A STUN (RFC 7064) or TURN server (RFC 7065), such as ``turn:turn.town.example:3478?transport=udp``."""

SHIFT = 12 * 3600.0
"""Seconds of an operator's shift."""


class IceServer(BaseModel):
    """A server that helps viewers and this box to find each other through address translation; viewers are told it too.

    Attributes:
        urls: its addresses.
        username: for TURN with an account that is always the same.
        credential: of that account.
        secret: for TURN instead of an account: what the server and this box share, so that every viewer gets
            credentials of its own that expire (coturn: ``use-auth-secret``).
        lifetime: seconds that such credentials are good for making a connection; one that is made goes on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    urls: Annotated[tuple[IceUrl, ...], Field(min_length=1)]
    username: str = ""
    credential: SecretStr = SecretStr("")
    secret: SecretStr = SecretStr("")
    lifetime: Annotated[int, Field(ge=60, le=86_400)] = 3600

    @model_validator(mode="after")
    def _turn_has_credentials(self) -> Self:
        account = bool(self.username and self.credential.get_secret_value())
        turn = any(url.startswith("turn") for url in self.urls)
        if turn and not (account or self.secret.get_secret_value()):
            raise ValueError("a TURN server needs secret, or username and credential; or use a stun: address")
        if self.secret.get_secret_value() and (self.username or self.credential.get_secret_value()):
            raise ValueError("a TURN server has either a secret or username and credential; take one of them out")
        return self

    def issue(self, actor: str, now: datetime) -> "IceServer":
        """Returns the server with credentials for one viewer (draft-uberti-behave-turn-rest-00), never the secret.

        Args:
            actor: who is to use it, for the server's log.
            now: UTC.
        """
        secret = self.secret.get_secret_value()
        if not secret:
            return self
        name = re.sub(r"[^A-Za-z0-9@._-]", "-", actor)[:64]
        username = f"{int(now.timestamp()) + self.lifetime}:{name}"
        # SHA-1 is what TURN servers expect here; as an HMAC with a secret of full length it is not broken.
        digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
        return IceServer(urls=self.urls, username=username, credential=SecretStr(base64.b64encode(digest).decode()))


@dataclass(frozen=True, slots=True)
class Quality:
    """How large and how good a transcoded picture is.

    Attributes:
        bitrate: bits a second.
        width: pixels at most, 0 for the camera's own.
    """

    bitrate: int
    width: int = 0


class LiveSettings(BaseModel):
    """Live view.

    Attributes:
        viewers: how many may watch one camera at a time; each costs 0.3 % of a PC's core and the camera's bit rate.
        box_viewers: how many may watch all cameras of this box together; 32 of a 4 Mb/s camera fill 128 Mb/s.
        connect: seconds that a viewer may take to come up; a poor link needs 5 to 10.
        idle: seconds without a sign of life after which a viewer counts as gone; its browser speaks every second, and
            a radio link that comes back within 20 s is no reason to begin anew.
        patience: seconds that a viewer's session waits for a camera that is away.
        longest: seconds after which a session ends whatever login it was opened with.
        talk: seconds that somebody may talk through a loudspeaker in one go; no command's token lives longer, and a
            microphone that was left on ends by itself.
        ice_servers: none where viewers reach this box directly; then nobody outside is ever asked for its address.
        encoder: which one transcodes; ``auto`` takes the first that this box has, and so does one that it has not.
        bitrate: bits a second of a transcoded picture; a street in 1080p looks good at 2.5 million.
        thin_bitrate: bits a second of a transcoded sub-stream; what the mobile network carries at the edge of town.
        thin_transcoders: how many transcoders may run before none is begun for a thin link to a camera without a
            sub-stream; 0 never begins one. One of 1080p costs twice what decoding it costs.
        thin_width: pixels; how wide that picture is at most.
        preset: libx264's; each one slower gives a better picture from a hotter box.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    viewers: Annotated[int, Field(ge=1, le=100)] = 8
    box_viewers: Annotated[int, Field(ge=1, le=500)] = 32
    connect: Annotated[float, Field(gt=0, le=60)] = 15.0
    idle: Annotated[float, Field(gt=0, le=300)] = 30.0
    patience: Annotated[float, Field(gt=0, le=3600)] = 60.0
    longest: Annotated[float, Field(gt=0, le=7 * 86_400)] = SHIFT
    talk: Annotated[float, Field(gt=0, le=1800)] = 120.0
    ice_servers: tuple[IceServer, ...] = ()
    encoder: Literal["auto", "h264_v4l2m2m", "h264_nvenc", "libx264"] = "auto"
    bitrate: Annotated[int, Field(ge=100_000, le=20_000_000)] = 2_500_000
    thin_bitrate: Annotated[int, Field(ge=50_000, le=20_000_000)] = 400_000
    thin_transcoders: Annotated[int, Field(ge=0, le=64)] = 2
    thin_width: Annotated[int, Field(ge=160, le=3840, multiple_of=2)] = 640
    preset: Literal["ultrafast", "superfast", "veryfast", "faster"] = "ultrafast"

    def quality(self, stream: StreamName) -> Quality:
        """Returns how a stream is encoded where it has to be."""
        if stream is StreamName.SUB:
            return Quality(self.thin_bitrate, self.thin_width)
        return Quality(self.bitrate)
