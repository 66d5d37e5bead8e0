"""One of a camera's streams: captured into a ring, shown to viewers, decoded for whoever needs pixels."""

import random
import threading
from collections.abc import Callable, Iterator

from edge_agent.aio.clock import Clock
from edge_agent.aio.ring import Ring
from edge_agent.capture.sources import SourceSettings
from edge_agent.capture.stream import Capture
from edge_agent.decode.decoder import Decoder
from edge_agent.decode.loan import Loan
from edge_agent.errors import AgentError, TransientError
from edge_agent.live import AskForKey, nobody_to_ask
from edge_agent.settings import CameraSettings
from edge_agent.values.event import CameraState, CameraStatus
from edge_agent.values.frame import Frame
from edge_agent.values.packet import Codec, Packet
from edge_agent.values.viewing import StreamName

RING_SECONDS = 10.0
"""What a clip before an event needs, and more than any viewer may lag."""

RING_BYTES = {StreamName.MAIN: 48 << 20, StreamName.SUB: 8 << 20}
"""A 20 Mb/s camera with a key frame every 10 s fits twice; a Pi with four cameras keeps most of its memory."""

LAG = 2.0
"""Seconds that whoever decodes may fall behind before it skips to a newer key frame."""

UNCONNECTED = CameraStatus(CameraState.OFFLINE, "it was not connected yet", "wait a few seconds")


class CameraStream:
    """See ``live.Picture``; its capture runs as long as the camera is watched.

    Args:
        name: which one.
        source: where it comes from.
        camera: whose masks and rotation hold.
        clock: stamps packets.
        rng: for the jitter of the back-off.
        changed: told after every change of ``status``, on the event loop.

    Attributes:
        clock: stamps packets.
        ring: its newest packets, for viewers and recorder.
        capture: fills the ring.
        status: whether it arrives, and if not, why and what to do.
        loan: what is decoded of it for viewers now.
        ask_for_key: asks the camera for a key frame, for a viewer that lost the picture.
    """

    def __init__(
        self,
        name: StreamName,
        source: SourceSettings,
        camera: CameraSettings,
        *,
        clock: Clock,
        rng: random.Random,
        changed: Callable[[], None],
    ) -> None:
        self.name = name
        self.clock = clock
        self.ring: Ring[Packet] = Ring(seconds=RING_SECONDS, limit=RING_BYTES[name])
        self.capture = Capture(source.build(), self.ring, clock=clock, rng=rng, changed=self._note)
        self.status = UNCONNECTED
        self.loan = Loan()
        self.ask_for_key: AskForKey = nobody_to_ask
        self._camera = camera
        self._changed = changed

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright picture in pixels, 0 while unknown."""
        stream = self.capture.stream
        if stream is None:
            return 0, 0
        return (stream.height, stream.width) if self._camera.rotation in {90, 270} else (stream.width, stream.height)

    @property
    def needs_transcoding(self) -> bool:
        """See ``live.Picture``."""
        stream = self.capture.stream
        lacking = stream is not None and stream.codec is not Codec.H264
        return bool(self._camera.privacy.masks) or bool(self._camera.rotation) or lacking

    def trouble(self) -> AgentError | None:
        """See ``live.Picture``."""
        if self.status.state is CameraState.ONLINE:
            return None
        return TransientError(f"the camera is {self.status.state}: {self.status.reason}", self.status.remedy)

    def open_frames(self, stop: threading.Event) -> Iterator[Frame]:
        """See ``live.Picture``; ends within half a second."""
        eye = Eye(self)
        with self.loan.lending():
            while not stop.is_set():
                for frame in eye.look():
                    self.loan.lend(frame)
                    yield frame

    def _note(self, status: CameraStatus) -> None:
        self.status = status
        self._changed()


class Eye:
    """Decodes a stream from its newest key frame on, masks burned in; used by one thread.

    Args:
        stream: what it looks at.
        borrows: whether it takes pictures that are decoded for viewers at that time, rather than decode them again.

    Attributes:
        borrowed: whether the last look was such a one.
    """

    def __init__(self, stream: CameraStream, *, borrows: bool = False) -> None:
        self.stream = stream
        self.borrowed = False
        self._borrows = borrows
        self._decoder = Decoder(stream._camera.privacy.masks, stream._camera.rotation)  # noqa: SLF001 - its other half
        self._reader = stream.ring.reader(lag=LAG)
        self._missed = False

    @property
    def broken(self) -> int:
        """How many packets or pictures could not be decoded."""
        return self._decoder.broken

    def look(self, wants: Callable[[Packet], bool] = lambda _: True) -> list[Frame]:
        """Waits for the next packet, half a second at most, and returns what comes of it, mostly one picture.

        Args:
            wants: whether to decode a packet; one after an unwanted one needs all since the key frame before it.
        """
        self.borrowed = self._borrows and self.stream.loan.lent
        if self.borrowed:
            self._missed = True
            frame = self.stream.loan.borrow(timeout=0.5)
            return [frame] if frame is not None else []
        packet = self._reader.take(timeout=0.5)
        if packet is None:
            return []
        if not wants(packet):
            self._missed = True
            return []
        if self._missed and not packet.key:
            # Woken between key frames: catch up from the last one, what follows it cannot be decoded without.
            self._reader, self._missed = self.stream.ring.reader(lag=LAG), False
            return []
        self._missed = False
        return self._decoder.decode(packet)
