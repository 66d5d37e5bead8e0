"""A film in place of a camera: for demonstrations, for aiming rules at recorded scenes, for tests."""

import threading
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Literal

from typing_extensions import override

from edge_agent.aio.clock import Clock, SystemClock
from edge_agent.capture.address import Address
from edge_agent.capture.demux import Demux
from edge_agent.capture.sources import Source, SourceSettings
from edge_agent.errors import PermanentError
from edge_agent.values.packet import Packet
from edge_agent.values.time import CLOCK_RATE, Monotonic

_LATE = 1.0
"""Seconds behind its own pace from which a film gives up catching up, after the machine slept."""


class FileSettings(SourceSettings):
    """A film, shown at its own pace and again from the beginning for ever.

    Attributes:
        path: any file that FFmpeg can read with H.264, H.265 or MJPEG in it; viewers need it without B-frames.
    """

    kind: Literal["file"] = "file"
    path: Path

    @override
    def build(self) -> Source:
        """See ``SourceSettings``."""
        return FileSource(self.path, SystemClock())


class FileSource:
    """See ``Source``."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        address = Address(url=f"file:{path}", where=f"the film {path}", connecting=10, reading=10, reordered=True)
        self._demux = Demux(address, clock, repeat=True)

    def packets(self, stop: threading.Event) -> Generator[Packet]:
        """See ``Source``; never ends by itself."""
        begun, first = self._clock.monotonic(), None
        while not stop.is_set():
            shown = 0
            for packet in self._demux.packets(stop):
                shown += 1
                if first is None:
                    begun, first = self._clock.monotonic(), packet.pts  # opening it is no part of the film's time
                wait = begun + (packet.pts - first) / CLOCK_RATE - self._clock.monotonic()
                if wait < -_LATE:
                    begun = Monotonic(begun - wait)
                elif wait > 0 and stop.wait(wait):
                    return
                yield replace(packet, arrived=self._clock.monotonic())
            if not shown and not stop.is_set():
                raise PermanentError(f"the film {self._path} holds no picture", "choose another file")
