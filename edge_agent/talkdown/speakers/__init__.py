"""Loudspeakers, each kind one file behind one protocol."""

from collections.abc import Callable
from typing import Protocol

from edge_agent.kinds import KindSettings
from edge_agent.values.speech import Speech


class Speaker(Protocol):
    """Makes a place hear something; used by one coroutine at a time."""

    async def play(self, speech: Speech, started: Callable[[], None]) -> None:
        """Returns when the last sample was accepted by the device and had time to sound.

        Cancelling it stops the sound at once and leaves no session behind.

        Args:
            speech: what to say, at any rate; the loudspeaker resamples it to its own.
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


class SpeakerSettings(KindSettings):
    """Base of a loudspeaker's settings."""

    def build(self) -> Speaker:
        """Returns the loudspeaker; connects to nothing yet."""
        raise NotImplementedError
