"""Cameras that stream over the network: RTSP, so every ONVIF camera."""

import threading
from collections.abc import Generator
from typing import Annotated, Literal, Self
from urllib.parse import quote, unquote, urlsplit

from pydantic import ConfigDict, Field, SecretStr, field_validator, model_validator
from typing_extensions import override

from edge_agent.aio.clock import Clock, SystemClock
from edge_agent.capture.address import Address
from edge_agent.capture.demux import Demux
from edge_agent.capture.microphone import CameraMicrophone
from edge_agent.capture.sources import Source, SourceSettings
from edge_agent.values.address import read_address
from edge_agent.values.packet import Packet

_PROBE = "500000"
"""Microseconds that FFmpeg may watch the stream before it gives the first packet: enough for a size and a rate."""

_SILENCE = 7.0
"""Seconds that a connected camera may send nothing: less than the watchdog of ``Capture`` waits for this thread."""


class RtspSettings(SourceSettings):
    """A camera on the network.

    Attributes:
        url: ``rtsp://`` or ``rtsps://`` address of the stream, without user name and password.
        username: of an account that may watch live video, empty for none.
        password: of that account.
        transport: TCP loses nothing and passes firewalls; UDP where a thin radio link makes TCP lag.
        timeout: seconds that connecting may take; cameras take up to 5 to wake.
    """

    # An address that is refused for the password in it is not to be repeated.
    model_config = ConfigDict(hide_input_in_errors=True)

    kind: Literal["rtsp"] = "rtsp"
    url: str
    username: str = ""
    password: SecretStr | None = None
    transport: Literal["tcp", "udp"] = "tcp"
    timeout: Annotated[float, Field(gt=0, le=60)] = 10.0

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        read_address(url, ("rtsp", "rtsps"), "write rtsp://192.0.2.10:554/stream")
        return url

    @model_validator(mode="after")
    def _whose_password(self) -> Self:
        if self.password is not None and self.password.get_secret_value() and not self.username:
            raise ValueError("a password needs a user name: set `username` too")
        return self

    @override
    def build(self) -> Source:
        """See ``SourceSettings``."""
        return RtspSource(self, SystemClock())

    @override
    def microphone(self) -> CameraMicrophone:
        """See ``SourceSettings``."""
        return CameraMicrophone(_address(self, "audio"))


class RtspSource:
    """See ``Source``."""

    def __init__(self, settings: RtspSettings, clock: Clock) -> None:
        self._demux = Demux(_address(settings, "video"), clock)

    def packets(self, stop: threading.Event) -> Generator[Packet]:
        """See ``Source``."""
        return self._demux.packets(stop)


def part_credentials(url: str) -> tuple[str, dict[str, str]]:
    """Takes user name and password out of an address as people type it: settings keep them apart and secret."""
    scheme, rest = url.split("://", 1)
    authority, slash, path = rest.partition("/")
    user, at, host = authority.rpartition("@")
    if not at:
        return url, {}
    name, _, password = user.partition(":")
    return f"{scheme}://{host}{slash}{path}", {"username": unquote(name), "password": unquote(password)}


def _address(settings: RtspSettings, media: Literal["video", "audio"]) -> Address:
    parts = urlsplit(settings.url)
    where = parts.netloc
    if settings.username:
        password = settings.password.get_secret_value() if settings.password is not None else ""
        where = f"{quote(settings.username, safe='')}:{quote(password, safe='')}@{parts.netloc}"
    return Address(
        url=parts._replace(netloc=where).geturl(),
        where=f"the camera at {parts.netloc}",
        format="rtsp",
        options={
            "rtsp_transport": settings.transport,
            # With the picture, a camera's microphone is not even asked for.
            "allowed_media_types": media,
            "analyzeduration": _PROBE,
            "timeout": str(round(settings.timeout * 1_000_000)),
            # A camera's answer must not make FFmpeg open files or other addresses.
            "protocol_whitelist": "rtp,srtp,udp,tcp,tls",
        },
        connecting=settings.timeout,
        reading=min(settings.timeout, _SILENCE),
    )
