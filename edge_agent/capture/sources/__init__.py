"""Where packets come from, each kind of source one file behind one protocol."""

import threading
from collections.abc import Generator
from typing import Protocol

from edge_agent.capture.microphone import CameraMicrophone
from edge_agent.kinds import KindSettings
from edge_agent.values.packet import Packet


class Source(Protocol):
    """Where a camera's packets come from; used by one thread."""

    def packets(self, stop: threading.Event) -> Generator[Packet]:
        """Connects, yields packets as they arrive, disconnects when the iterator ends or is closed.

        Blocks, but never longer than the source's time-out; ends soon after ``stop`` is set.

        Raises:
            TransientError: the camera is away, or its stream broke or stalled.
            PermanentError: somebody must change something: credentials, an address, a stream without video.
        """
        ...


class SourceSettings(KindSettings):
    """Base of a source's settings."""

    def build(self) -> Source:
        """Returns the source; connects to nothing yet."""
        raise NotImplementedError

    def microphone(self) -> CameraMicrophone | None:
        """Returns what hears the place, None where this kind has nothing; connects to nothing yet."""
        return None
