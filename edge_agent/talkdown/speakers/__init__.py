"""Loudspeakers, each kind one file behind one protocol."""

from collections.abc import Callable
from typing import Annotated, Protocol, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator

from edge_agent.kinds import KindSettings
from edge_agent.values.speech import Sound


class Speaker(Protocol):
    """Makes a place hear something; used by one coroutine at a time."""

    async def play(self, sound: Sound, started: Callable[[], None]) -> None:
        """Returns when the last sample was accepted by the device and had time to sound; a talk, when it is over.

        Cancelling it stops the sound at once and leaves no session behind.

        Args:
            sound: what to say, at any rate; ``blocks.cut`` brings it to the loudspeaker's own.
            started: called once, when the first sample is on its way.

        Raises:
            TransientError: the device is away, busy, or dropped in mid-sentence.
            PermanentError: it has no loudspeaker, refuses the password, or takes no codec that we speak.
        """
        ...

    async def probe(self) -> str:
        """Connects without a sound and returns what the device takes, such as ``PCMU at 8000 Hz``.

        Raises:
            TransientError: as ``play``.
            PermanentError: as ``play``.
        """
        ...


def _names_a_device(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError("begin it with http:// or https:// and the device's address")
    if parts.username or parts.password:
        raise ValueError("put user name and password into username and password, not into the url")
    if parts.path not in ("", "/") or parts.query or not url.isprintable() or " " in url:
        raise ValueError("end it after the address: http://192.0.2.20")
    return url


WebAddress: TypeAlias = Annotated[str, AfterValidator(_names_a_device)]
"""Where a device's web server is."""


class SpeakerSettings(KindSettings):
    """Base of a loudspeaker's settings."""

    def build(self) -> Speaker:
        """Returns the loudspeaker; connects to nothing yet."""
        raise NotImplementedError
