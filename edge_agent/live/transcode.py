"""One encoder per camera, shared by all viewers that may not have, or cannot show, the camera's own packets."""

import threading
from collections.abc import Callable, Iterator
from fractions import Fraction

import av
from av.video.frame import PictureType

from edge_agent.aio.clock import Clock
from edge_agent.aio.ring import Ring
from edge_agent.aio.threads import own_thread
from edge_agent.errors import PermanentError, TransientError
from edge_agent.live.settings import LiveSettings
from edge_agent.live.track import TIME_BASE
from edge_agent.values.frame import Frame
from edge_agent.values.packet import Codec, Packet, StreamInfo
from edge_agent.values.time import CLOCK_RATE

KEY_EVERY = 2 * CLOCK_RATE
"""Ticks between key frames: what a new viewer's first moment costs at most."""

FIRST_RATE = 25.0
"""Frames a second until they were counted."""

RATE_OFF = 1.3
"""How far the frame rate may be from what the encoder was told: its bit rate is off by as much."""


class Transcoder:
    """Encodes masked frames into a ring like a camera's, so that a viewer sees no difference.

    Args:
        open_frames: yields frames, see ``Picture``; called by the encoder's thread.
        settings: bit rate and preset.
        clock: stamps the packets.
        name: of the thread.

    Attributes:
        ring: what viewers read.
    """

    def __init__(
        self,
        open_frames: Callable[[threading.Event], Iterator[Frame]],
        settings: LiveSettings,
        clock: Clock,
        *,
        name: str,
    ) -> None:
        # Two groups of pictures at twice the bit rate, since a key frame is large.
        self.ring: Ring[Packet] = Ring(seconds=2.0, limit=settings.bitrate * 2)
        self._open_frames = open_frames
        self._settings = settings
        self._clock = clock
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

    def ask_for_key(self) -> None:
        """Makes the next frame a key frame; callable from any thread."""
        self._key_wanted.set()

    def _encode_all(self, stop: threading.Event) -> None:
        encoder: _Encoder | None = None
        for frame in self._open_frames(stop):
            if stop.is_set():
                return
            if encoder is None or not encoder.takes(frame):
                encoder = _Encoder(frame, encoder.rate_until(frame) if encoder else FIRST_RATE, self._settings)
            key = self._key_wanted.is_set()
            self._key_wanted.clear()
            for packet in encoder.encode(frame, key=key, clock=self._clock):
                self.ring.append(packet)


class _Encoder:
    """libx264 for one size of picture, one frame rate and one run of timestamps.

    It spends bits by a frame rate that it is told once, whatever the timestamps say, so the rate is counted from one
    key frame to the next, and an encoder that was told another one is replaced.
    """

    def __init__(self, frame: Frame, rate: float, settings: LiveSettings) -> None:
        self._stream = StreamInfo(Codec.H264, frame.width, frame.height, rate)
        self._last_pts = frame.pts - 1
        self._last_key = frame.pts - KEY_EVERY
        self._frames = 0
        try:
            self._codec = av.VideoCodecContext.create("libx264", "w")
        except ValueError as exc:
            raise PermanentError(
                "this build of PyAV has no H.264 encoder", "install the av wheel of PyPI, which has libx264"
            ) from exc
        self._codec.width = frame.width
        self._codec.height = frame.height
        self._codec.pix_fmt = "yuv420p"
        self._codec.time_base = TIME_BASE
        self._codec.framerate = Fraction(rate).limit_denominator(100)
        self._codec.bit_rate = settings.bitrate
        self._codec.gop_size = 10_000  # key frames are placed by time
        self._codec.max_b_frames = 0
        self._codec.options = {
            "preset": settings.preset,
            "tune": "zerolatency",
            "profile": "baseline",
            "forced-idr": "1",
            "sc_threshold": "0",
            "maxrate": str(settings.bitrate),
            "bufsize": str(settings.bitrate // 2),
        }

    def takes(self, frame: Frame) -> bool:
        """Tells whether a frame belongs to this run."""
        if (frame.width, frame.height) != (self._stream.width, self._stream.height) or frame.pts <= self._last_pts:
            return False
        off = self.rate_until(frame) / self._stream.rate if self._is_key_due(frame) else 1.0
        return 1 / RATE_OFF <= off <= RATE_OFF

    def rate_until(self, frame: Frame) -> float:
        """Returns the frame rate since the last key frame; what it was told where that was too short to count."""
        elapsed = frame.pts - self._last_key
        return self._frames * CLOCK_RATE / elapsed if self._frames and elapsed >= KEY_EVERY else self._stream.rate

    def encode(self, frame: Frame, *, key: bool, clock: Clock) -> Iterator[Packet]:
        """Yields what comes of a frame: with zero latency, one packet."""
        key = key or self._is_key_due(frame)
        if key:
            self._last_key = frame.pts
            self._frames = 0
        self._frames += 1
        self._last_pts = frame.pts
        picture = av.VideoFrame.from_ndarray(frame.planes, format="yuv420p")
        picture.pts = frame.pts
        picture.time_base = TIME_BASE
        picture.pict_type = PictureType.I if key else PictureType.NONE
        try:
            for packet in self._codec.encode(picture):
                yield Packet(bytes(packet), frame.pts, packet.is_keyframe, clock.monotonic(), self._stream)
        except av.error.FFmpegError as exc:
            raise TransientError("the encoder of the live picture failed", "it is started again") from exc

    def _is_key_due(self, frame: Frame) -> bool:
        return frame.pts - self._last_key >= KEY_EVERY
