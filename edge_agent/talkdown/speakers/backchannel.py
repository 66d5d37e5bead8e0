"""The loudspeaker of an ONVIF camera, through its RTSP backchannel in whichever codec sounds best there."""

from collections.abc import Callable
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, FilePath, SecretStr, field_validator
from typing_extensions import override

from edge_agent.aio.clock import SystemClock
from edge_agent.talkdown.rtsp.address import Address
from edge_agent.talkdown.rtsp.digest import Credentials
from edge_agent.talkdown.rtsp.session import Transport, opened
from edge_agent.talkdown.speakers import Speaker, SpeakerSettings
from edge_agent.values.speech import Sound, Speech


class BackchannelSettings(SpeakerSettings):
    """A camera that takes sound by RTSP.

    Attributes:
        url: ``rtsp://`` or ``rtsps://``, most often that of its pictures; without credentials, which would be logged.
        username: empty where the camera asks for none.
        password: sent by digest, never in clear.
        transport: ``tcp`` passes firewalls and lossy links, ``udp`` suits old cameras. ``udp-twice`` sends each packet
            again beside the next one, for a link that loses some; a camera that plays both of them stutters.
        timeout: seconds that the camera may take for each answer; some need two to open their amplifier.
        certificate: PEM file with the certificate of an ``rtsps://`` camera that signed it itself.
    """

    kind: Literal["backchannel"] = "backchannel"
    url: str
    username: str = ""
    password: SecretStr = SecretStr("")
    transport: Transport = "tcp"
    timeout: float = Field(5.0, gt=0, le=60)
    certificate: FilePath | None = None

    @field_validator("url")
    @classmethod
    def _names_a_camera(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("rtsp", "rtsps") or not parts.hostname:
            raise ValueError("begin it with rtsp:// and the camera's address")
        if parts.username or parts.password:
            raise ValueError("put user name and password into username and password, not into the url")
        if not url.isprintable() or " " in url or parts.port == 0:
            raise ValueError("write it without spaces and with a port from 1 to 65535")
        return url

    @override
    def build(self) -> Speaker:
        """See ``SpeakerSettings``."""
        return BackchannelSpeaker(self)


class BackchannelSpeaker:
    """See ``Speaker``; each utterance has a session of its own, so that others may talk in between."""

    def __init__(self, settings: BackchannelSettings) -> None:
        credentials = Credentials(settings.username, settings.password.get_secret_value())
        self._address = Address(settings.url, credentials, settings.timeout, settings.certificate)
        self._transport = settings.transport
        self._clock = SystemClock()

    async def play(self, sound: Sound, started: Callable[[], None]) -> None:
        """See ``Speaker``."""
        live = not isinstance(sound, Speech)
        async with opened(self._address, self._transport, self._clock, live=live) as session:
            await session.send(sound, started)

    async def probe(self) -> str:
        """See ``Speaker``."""
        async with opened(self._address, self._transport, self._clock) as session:
            wanted = session.backchannel.format
            return f"{wanted.name} at {wanted.rate} Hz over {self._transport}"
