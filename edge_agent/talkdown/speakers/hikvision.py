"""Cameras and loudspeakers of Hikvision, through ISAPI (two-way audio: open, audioData, close).

No such device was at hand: this is tested against a server of our own, written from the published protocol.
"""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, FilePath, SecretStr
from typing_extensions import override

from edge_agent.errors import AgentError, PermanentError, TransientError
from edge_agent.talkdown.rtsp.digest import Credentials
from edge_agent.talkdown.rtsp.g711 import Codec
from edge_agent.talkdown.speakers import Speaker, SpeakerSettings, WebAddress
from edge_agent.values.speech import Sound

if TYPE_CHECKING:
    from edge_agent.talkdown.http import Client, Device

_RATE = 8000
_CODECS = {"G.711ulaw": Codec.PCMU, "G.711alaw": Codec.PCMA}


class HikvisionSettings(SpeakerSettings):
    """A device of Hikvision.

    Attributes:
        url: ``http://`` or ``https://`` and its address, without credentials.
        username: needs the right to two-way audio.
        password: sent by digest, never in clear over ``http://``.
        channel: of two-way audio; a recorder has one for each camera.
        timeout: seconds that the device may take for each answer.
        certificate: PEM file with the certificate of a device that signed it itself.
    """

    kind: Literal["hikvision"] = "hikvision"
    url: WebAddress
    username: str = ""
    password: SecretStr = SecretStr("")
    channel: Annotated[int, Field(ge=1, le=1000)] = 1
    timeout: Annotated[float, Field(gt=0, le=60)] = 5.0
    certificate: FilePath | None = None

    @override
    def build(self) -> Speaker:
        """See ``SpeakerSettings``."""
        from edge_agent.talkdown.http import Device  # noqa: PLC0415 - aiohttp is loaded where a device needs it

        credentials = Credentials(self.username, self.password.get_secret_value())
        return HikvisionSpeaker(Device(self.url, credentials, self.timeout, self.certificate), self.channel)


class HikvisionSpeaker:
    """See ``Speaker``."""

    def __init__(self, device: "Device", channel: int) -> None:
        self._device = device
        self._path = f"/ISAPI/System/TwoWayAudio/channels/{channel}"

    async def play(self, sound: Sound, started: Callable[[], None]) -> None:
        """See ``Speaker``."""
        from edge_agent.talkdown.http import stream  # noqa: PLC0415 - loaded by now, see ``build``

        async with self._device.opened() as client:
            body = await stream(sound, _RATE, await self._codec(client))
            async with self._open(client) as session:
                path = f"{self._path}/audioData{session}"
                await client.pour("PUT", path, "application/octet-stream", body, started)

    async def probe(self) -> str:
        """See ``Speaker``; the channel stays closed, for opening it can be heard."""
        async with self._device.opened() as client:
            return f"{await self._codec(client)} at {_RATE} Hz by ISAPI"

    async def _codec(self, client: "Client") -> Codec:
        offered = _between(await client.request("GET", self._path), "audioCompressionType")
        if offered not in _CODECS:
            raise PermanentError(
                f"the device's two-way audio is set to {offered[:20] or 'nothing'}", "set it to G.711ulaw or G.711alaw"
            )
        return _CODECS[offered]

    @asynccontextmanager
    async def _open(self, client: "Client") -> AsyncIterator[str]:
        """Opens the channel for the length of the block and gives the query that names its session."""
        try:
            answer = await client.request("PUT", f"{self._path}/open")
        except TransientError:
            # A client that broke off leaves the channel open for ever, and then every other one is refused.
            await self._close(client)
            answer = await client.request("PUT", f"{self._path}/open")
        session = _between(answer, "sessionId")
        try:
            yield f"?sessionId={session}" if session else ""
        finally:
            await self._close()

    async def _close(self, client: "Client | None" = None) -> None:
        """Closes the channel, over a connection of its own where that of the sound may be broken off in the middle."""
        try:
            if client is not None:
                await client.request("PUT", f"{self._path}/close")
            else:
                async with self._device.opened() as other:
                    await other.request("PUT", f"{self._path}/close")
        except AgentError:
            return  # gone or rude: it closes the channel by itself after some seconds without sound


def _between(xml: str, tag: str) -> str:
    """Returns the text of the first such element; nothing else of the answer is of interest."""
    found = re.search(rf"<{tag}>\s*([\w.:-]{{1,64}})\s*</{tag}>", xml)
    return found[1] if found else ""
