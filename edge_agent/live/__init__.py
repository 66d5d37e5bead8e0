"""WebRTC viewers: sessions and the picture that they share."""

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from edge_agent.aio.ring import Ring
from edge_agent.errors import AgentError
from edge_agent.values.frame import Frame
from edge_agent.values.packet import Packet
from edge_agent.values.viewing import StreamName

AskForKey = Callable[[], bool]
"""Asks whoever encodes for a key frame, without waiting for it; returns False where nobody can be asked."""


def nobody_to_ask() -> bool:
    """See ``AskForKey``."""
    return False


class Picture(Protocol):
    """What one of a camera's streams lets viewers see."""

    @property
    def ring(self) -> Ring[Packet]:
        """The camera's own packets; viewers get them as they are unless ``needs_transcoding``."""
        ...

    @property
    def needs_transcoding(self) -> bool:
        """Whether no viewer may have, or no browser can show, the camera's own packets: privacy masks, H.265, MJPEG."""
        ...

    @property
    def ask_for_key(self) -> AskForKey:
        """Asks the camera for a key frame."""
        ...

    def trouble(self) -> AgentError | None:
        """Returns why there is no picture now, None when there is one."""
        ...

    def open_frames(self, stop: threading.Event) -> Iterator[Frame]:
        """Yields decoded frames from the newest key frame on, masks burned in; ends soon after ``stop`` is set.

        Called by the transcoder's thread, which it blocks, never longer than a second at a time.

        Raises:
            TransientError: the camera is away.
            PermanentError: its packets cannot be decoded here.
        """
        ...


class Pictures(Protocol):
    """A camera as its viewers see it."""

    @property
    def streams(self) -> Mapping[StreamName, Picture]:
        """Its streams, ``main`` at least; the same field of view in each."""
        ...
