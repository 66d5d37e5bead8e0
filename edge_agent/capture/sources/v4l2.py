"""Cameras at the box itself: USB and ribbon cameras that the kernel shows as ``/dev/video…``."""

import threading
from collections.abc import Generator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import override

from edge_agent.aio.clock import Clock, SystemClock
from edge_agent.capture.address import Address
from edge_agent.capture.demux import Demux
from edge_agent.capture.sources import Source, SourceSettings
from edge_agent.errors import PermanentError, TransientError
from edge_agent.values.packet import Packet

_DEVICES = Path("/dev")
_TIMEOUT = 10.0
"""Seconds: some USB cameras measure the light for several before the first picture."""


class V4l2Settings(SourceSettings):
    """A camera at the box.

    Attributes:
        device: such as ``/dev/video0``; ``/dev/v4l/by-id/…`` stays the same when cameras are plugged in anew.
        size: pixels wanted, such as ``1280x720``; the camera's own choice where empty.
        rate: pictures wanted a second; the camera's own choice where 0.
    """

    kind: Literal["v4l2"] = "v4l2"
    device: Path = Path("/dev/video0")
    size: Annotated[str, Field(pattern=r"^([1-9]\d{1,4}x[1-9]\d{1,4})?$")] = ""
    rate: Annotated[float, Field(ge=0, le=120)] = 0.0

    @override
    def build(self) -> Source:
        """See ``SourceSettings``."""
        return V4l2Source(self, SystemClock())


class V4l2Source:
    """See ``Source``; H.264 from the camera's own encoder where it has one, else JPEG pictures."""

    def __init__(self, settings: V4l2Settings, clock: Clock) -> None:
        self._device = settings.device
        wanted = {"video_size": settings.size} if settings.size else {}
        if settings.rate:
            wanted["framerate"] = f"{settings.rate:g}"
        self._demuxes = [
            Demux(
                Address(
                    url=str(settings.device),
                    where=f"the camera {settings.device}",
                    format="v4l2",
                    options={**wanted, "input_format": form},
                    connecting=_TIMEOUT,
                    reading=_TIMEOUT,
                ),
                clock,
            )
            for form in ("h264", "mjpeg")
        ]

    def packets(self, stop: threading.Event) -> Generator[Packet]:
        """See ``Source``."""
        if not self._device.exists():
            raise PermanentError(f"there is no camera {self._device}", _remedy())
        own_encoder, pictures = self._demuxes
        begun = False
        try:
            for packet in own_encoder.packets(stop):
                begun = True
                yield packet
        except TransientError:
            if begun:
                raise
        # It has no encoder; whatever else was wrong is wrong for pictures too, and said then.
        yield from pictures.packets(stop)


def _remedy() -> str:
    there = ", ".join(sorted(str(path) for path in _DEVICES.glob("video*")))
    return f"choose one that is there: {there}" if there else "plug it in; no camera is seen at this box"
