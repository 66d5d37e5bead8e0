"""H.264 encoders for live pictures: whichever this box has, libx264 where there is none in hardware."""

import logging
from collections.abc import Iterator
from fractions import Fraction

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from edge_agent.aio.clock import Clock
from edge_agent.capture.annexb import ParameterSets
from edge_agent.errors import PermanentError, TransientError
from edge_agent.live.settings import LiveSettings, Quality
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

LAST_RESORT = "libx264"

KNOWN = ("h264_v4l2m2m", "h264_nvenc", LAST_RESORT)
"""Encoders in the order in which they are tried: a Raspberry Pi's, an NVIDIA card's, the processor."""

log = logging.getLogger(__name__)


class Encoders:
    """Opens the encoder that the settings name, or the first one that this box has; callable from any thread.

    Args:
        settings: which one, and how.
        clock: stamps the packets.
    """

    def __init__(self, settings: LiveSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        wanted = settings.encoder
        self._names = list(KNOWN if wanted == "auto" else dict.fromkeys((wanted, LAST_RESORT)))

    def open(self, frame: Frame, rate: float, quality: Quality) -> "Encoder":
        """Returns an encoder for frames like this one; one that cannot be opened is not tried again.

        Raises:
            PermanentError: there is none at all.
        """
        for name in tuple(self._names):
            try:
                context = _open(name, frame, rate, quality, self._settings.preset)
            except (av.FFmpegError, ValueError, RuntimeError) as exc:
                if len(self._names) > 1:
                    self._names.remove(name)
                level = logging.DEBUG if self._settings.encoder == "auto" else logging.WARNING
                log.log(
                    level, "the encoder %s cannot be opened on this box and another one takes its place: %s", name, exc
                )
                continue
            log.info("%dx%d is encoded by %s for viewers", frame.width, frame.height, name)
            return Encoder(context, StreamInfo(Codec.H264, frame.width, frame.height, rate), frame.pts, self._clock)
        raise PermanentError(
            "this build of PyAV has no H.264 encoder", "install the av wheel of PyPI, which has libx264"
        )


class Encoder:
    """One encoder for one size of picture, one frame rate and one run of timestamps.

    It spends bits by a frame rate that it is told once, whatever the timestamps say, so the rate is counted from one
    key frame to the next, and an encoder that was told another one is replaced.
    """

    def __init__(self, context: VideoCodecContext, stream: StreamInfo, first: int, clock: Clock) -> None:
        self._context = context
        self._stream = stream
        self._clock = clock
        self._last_pts = first - 1
        self._last_key = first - KEY_EVERY
        self._frames = 0
        # One in hardware may give its parameter sets once, in front of the first key frame or beside the stream.
        self._sets = ParameterSets(Codec.H264, bytes(context.extradata or b""))

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

    def encode(self, frame: Frame, *, key: bool) -> Iterator[Packet]:
        """Yields what comes of a frame: one packet from the processor; hardware may give it one frame later.

        Raises:
            TransientError: the encoder failed.
        """
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
            for packet in self._context.encode(picture):
                data = self._sets.complete(bytes(packet)) if packet.is_keyframe else bytes(packet)
                pts = frame.pts if packet.pts is None else packet.pts
                yield Packet(data, pts, packet.is_keyframe, self._clock.monotonic(), self._stream)
        except av.FFmpegError as exc:
            raise TransientError("the encoder of the live picture failed", "it is started again") from exc

    def _is_key_due(self, frame: Frame) -> bool:
        return frame.pts - self._last_key >= KEY_EVERY


def _open(name: str, frame: Frame, rate: float, quality: Quality, preset: str) -> VideoCodecContext:
    context = VideoCodecContext.create(name, "w")
    if not isinstance(context, VideoCodecContext):
        raise ValueError(f"{name} encodes no pictures")  # noqa: TRY004 - of a name, as the library raises it
    context.width = frame.width
    context.height = frame.height
    context.pix_fmt = "yuv420p"
    context.time_base = TIME_BASE
    context.framerate = Fraction(rate).limit_denominator(100)
    context.bit_rate = quality.bitrate
    context.gop_size = 10_000  # key frames are placed by time
    context.max_b_frames = 0
    bounds = {"maxrate": str(quality.bitrate), "bufsize": str(quality.bitrate // 2)}
    context.options = {
        "libx264": {
            "preset": preset,
            "tune": "zerolatency",
            "profile": "baseline",
            "forced-idr": "1",
            "sc_threshold": "0",
            **bounds,
        },
        "h264_nvenc": {
            "preset": "p2",
            "tune": "ull",
            "profile": "baseline",
            "forced-idr": "1",
            "zerolatency": "1",
            "delay": "0",
            "rc": "cbr",
            **bounds,
        },
        "h264_v4l2m2m": {},
    }[name]
    context.open()
    return context
