"""Looks at a camera: does it answer, what does it send, and how often can somebody begin to watch."""

import threading
import time
from contextlib import closing
from itertools import pairwise

from edge_agent.aio.threads import own_thread
from edge_agent.camera import SMALLEST
from edge_agent.capture.sources import Source, SourceSettings
from edge_agent.doctor import Finding, State
from edge_agent.errors import TransientError
from edge_agent.motion import LATE
from edge_agent.settings import CameraSettings
from edge_agent.values.packet import Packet

KEY_FRAMES = 3
"""Key frames to wait for: two intervals, of which the longer one counts."""

LONGEST = 12.0
"""Seconds of watching; a camera with fewer key frames has been found out by then."""


async def look_at_camera(part: str, settings: CameraSettings, small: SourceSettings | None = None) -> Finding:
    """Connects, waits for key frames, and tells codec, size and how far apart they are.

    Args:
        part: for the finding.
        settings: of the camera.
        small: its sub-stream, to be looked at instead of the main one.
    """
    source = (small or settings.source).build()
    begun = time.monotonic()
    keys = await own_thread(lambda stop: _watch(source, stop), name=part)
    first = keys[0].stream
    said = f"{first.codec} {first.width}x{first.height}, picture after {keys[0].arrived - begun:.1f} s"
    if len(keys) == 1:
        apart, told = LONGEST, f"more than {LONGEST:g}"
    else:
        apart = max(later.arrived - sooner.arrived for sooner, later in pairwise(keys))
        told = f"{apart:.1f}"
    said += f", key frames {told} s apart"
    within = settings.motion.notice_within
    if apart > LATE * within:
        remedy = (
            f"set the camera's key-frame interval to {within:g} s or less: all its pictures are decoded now, which"
            " costs many times the power"
        )
        return Finding(part, State.WARN, said, remedy)
    if small is not None and max(first.width, first.height) < SMALLEST:
        remedy = f"set it to {SMALLEST} pixels across or more: the camera is watched by its main stream now"
        return Finding(part, State.WARN, said, remedy)
    return Finding(part, State.OK, said)


def _watch(source: Source, stop: threading.Event) -> list[Packet]:
    """Returns the first key frames."""
    keys: list[Packet] = []
    begun = time.monotonic()
    with closing(source.packets(stop)) as packets:
        for packet in packets:
            if packet.key:
                keys.append(packet)
            if len(keys) == KEY_FRAMES or time.monotonic() - begun > LONGEST:
                break
    if not keys:
        raise TransientError(f"no key frame came within {LONGEST:g} s", "set its key-frame interval to 2 s or less")
    return keys
