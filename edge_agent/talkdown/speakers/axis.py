"""Loudspeakers and cameras of Axis, through VAPIX (Audio API, ``transmit.cgi``).

No such device was at hand: this is tested against a server of our own, written from the published protocol.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, FilePath, SecretStr
from typing_extensions import override

from edge_agent.errors import PermanentError
from edge_agent.talkdown.rtsp.digest import Credentials
from edge_agent.talkdown.rtsp.g711 import Codec
from edge_agent.talkdown.speakers import Speaker, SpeakerSettings, WebAddress
from edge_agent.values.speech import Sound

if TYPE_CHECKING:
    from edge_agent.talkdown.http import Client, Device

_TRANSMIT = "/axis-cgi/audio/transmit.cgi"
_PROPERTIES = "/axis-cgi/param.cgi?action=list&group=root.Properties.Audio"


class AxisSettings(SpeakerSettings):
    """A device of Axis.

    Attributes:
        url: ``http://`` or ``https://`` and its address, without credentials.
        username: needs the rights of an operator.
        password: sent by digest, never in clear over ``http://``.
        rate: samples a second; 16000 sounds better where the device takes it.
        timeout: seconds that the device may take for each answer.
        certificate: PEM file with the certificate of a device that signed it itself.
    """

    kind: Literal["axis"] = "axis"
    url: WebAddress
    username: str = ""
    password: SecretStr = SecretStr("")
    rate: Literal[8000, 16000] = 8000
    timeout: Annotated[float, Field(gt=0, le=60)] = 5.0
    certificate: FilePath | None = None

    @override
    def build(self) -> Speaker:
        """See ``SpeakerSettings``."""
        from edge_agent.talkdown.http import Device  # noqa: PLC0415 - aiohttp is loaded where a device needs it

        credentials = Credentials(self.username, self.password.get_secret_value())
        return AxisSpeaker(Device(self.url, credentials, self.timeout, self.certificate), self.rate)


class AxisSpeaker:
    """See ``Speaker``."""

    def __init__(self, device: "Device", rate: int) -> None:
        self._device = device
        self._rate = rate
        self._kind = "audio/basic" if rate == 8000 else "audio/axis-mulaw-128"  # noqa: PLR2004 - G.711's own rate

    async def play(self, sound: Sound, started: Callable[[], None]) -> None:
        """See ``Speaker``."""
        from edge_agent.talkdown.http import stream  # noqa: PLC0415 - loaded by now, see ``build``

        body = await stream(sound, self._rate, Codec.PCMU)
        async with self._device.opened() as client:
            await self._sign_in(client)
            await client.pour("POST", _TRANSMIT, self._kind, body, started)

    async def probe(self) -> str:
        """See ``Speaker``."""
        async with self._device.opened() as client:
            await self._sign_in(client)
        return f"PCMU at {self._rate} Hz by VAPIX"

    async def _sign_in(self, client: "Client") -> None:
        if "Properties.Audio.Audio=yes" not in await client.request("GET", _PROPERTIES):
            raise PermanentError("the device has no audio, or has it switched off", "switch its audio on")
