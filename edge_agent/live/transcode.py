"""One encoder per camera, shared by all viewers that may not have, or cannot show, the camera's own packets."""

import threading
from collections.abc import Callable, Iterator

from edge_agent.aio.ring import Ring
from edge_agent.aio.threads import own_thread
from edge_agent.live.encoder import FIRST_RATE, Encoder, Encoders
from edge_agent.live.settings import Quality
from edge_agent.values.frame import Frame
from edge_agent.values.packet import Packet


class Transcoder:
    """Encodes masked frames into a ring like a camera's, so that a viewer sees no difference.

    Args:
        open_frames: yields frames, see ``Picture``; called by the encoder's thread.
        quality: how large and how good.
        encoders: opens what this box has.
        name: of the thread.

    Attributes:
        ring: what viewers read.
    """

    def __init__(
        self,
        open_frames: Callable[[threading.Event], Iterator[Frame]],
        quality: Quality,
        encoders: Encoders,
        *,
        name: str,
    ) -> None:
        # Two groups of pictures at twice the bit rate, since a key frame is large.
        self.ring: Ring[Packet] = Ring(seconds=2.0, limit=quality.bitrate * 2)
        self._open_frames = open_frames
        self._quality = quality
        self._encoders = encoders
        self._name = name
        self._key_wanted = threading.Event()

    async def run(self) -> None:
        """Encodes until cancelled or until there are no more frames; owns the thread.

        Raises:
            TransientError: the camera is away.
            PermanentError: its packets cannot be decoded, or there is no encoder.
        """
        try:
            await own_thread(self._encode_all, name=self._name)
        finally:
            self.ring.clear()

    def ask_for_key(self) -> bool:
        """See ``AskForKey``: makes the next frame a key frame; callable from any thread."""
        self._key_wanted.set()
        return True

    def _encode_all(self, stop: threading.Event) -> None:
        encoder: Encoder | None = None
        for picture in self._open_frames(stop):
            if stop.is_set():
                return
            frame = picture.within(self._quality.width)
            if encoder is None or not encoder.takes(frame):
                rate = encoder.rate_until(frame) if encoder else FIRST_RATE
                encoder = self._encoders.open(frame, rate, self._quality)
            key = self._key_wanted.is_set()
            self._key_wanted.clear()
            for packet in encoder.encode(frame, key=key):
                self.ring.append(packet)
