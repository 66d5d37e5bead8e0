"""Packets to frames with the privacy masks burned in: no other part of the agent ever holds a picture without them."""

from collections import deque
from collections.abc import Sequence
from fractions import Fraction

import av
import numpy as np
from av import error
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange

from edge_agent.decode.privacy import Masks
from edge_agent.decode.rotation import turn
from edge_agent.values.frame import Frame, Pixels
from edge_agent.values.geometry import Polygon
from edge_agent.values.packet import Packet, StreamInfo
from edge_agent.values.time import CLOCK_RATE, Monotonic

_TICK = Fraction(1, CLOCK_RATE)

_REORDERED = 64
"""Packets that a decoder holds back at most before it shows a picture, generously (H.264 allows 16)."""


class Decoder:
    """Decodes one camera; used by one thread, which it blocks for a few milliseconds a packet without Python's lock.

    It starts anew by itself at a packet of another stream and after a broken one, each time with the next key frame;
    what comes before that is dropped. To jump, feed it a key frame: nothing else is needed.

    Args:
        masks: polygons to blacken, in fractions of the picture once it stands upright.
        rotation: degrees clockwise that make it stand upright: 0, 90, 180 or 270.

    Attributes:
        broken: how many packets or pictures could not be decoded since the start.
    """

    def __init__(self, masks: Sequence[Polygon] = (), rotation: int = 0) -> None:
        self.broken = 0
        self._rotation = rotation
        self._polygons = tuple(masks)
        self._stream: StreamInfo | None = None
        self._context: VideoCodecContext | None = None
        self._waiting: deque[tuple[int, Monotonic]] = deque(maxlen=_REORDERED)
        self._masks = Masks((), 2, 2)
        self._size = (0, 0)

    def decode(self, packet: Packet) -> list[Frame]:
        """Returns the pictures that a packet completes: mostly one, none while a key frame is waited for."""
        if packet.stream is not self._stream:
            self._stream, self._context = packet.stream, None
        if self._context is None:
            if not packet.key:
                return []
            self._context = self._open(packet.stream)
        native = av.Packet(packet.data)
        native.pts, native.time_base = packet.pts, _TICK
        self._waiting.append((packet.pts, packet.arrived))
        try:
            pictures = self._context.decode(native)
        except error.FFmpegError:
            self.broken += 1
            self._context = None
            return []
        return [
            self.cover(picture, *self._stamp(picture, self._context))
            for picture in pictures
            if not self._is_broken(picture)
        ]

    def cover(self, picture: VideoFrame, pts: int, arrived: Monotonic) -> Frame:
        """Returns a picture that was decoded here or elsewhere as a frame, upright, masks burned in.

        Args:
            picture: of any size and format.
            pts: when it is shown, in ticks of ``CLOCK_RATE``.
            arrived: when it was here.
        """
        frame = turn(Frame(_planes(picture), pts, arrived), self._rotation)
        if self._polygons:
            if self._size != (frame.width, frame.height):
                self._size = (frame.width, frame.height)
                self._masks = Masks(self._polygons, *self._size)
            self._masks.burn(frame)
        frame.planes.flags.writeable = False
        return frame

    def _open(self, stream: StreamInfo) -> VideoCodecContext:
        context = VideoCodecContext.create(stream.codec.value, "r")
        context.thread_count = 1  # the cameras share the cores already
        self._waiting.clear()
        return context

    def _is_broken(self, picture: VideoFrame) -> bool:
        self.broken += picture.is_corrupt
        return picture.is_corrupt

    def _stamp(self, picture: VideoFrame, context: VideoCodecContext) -> tuple[int, Monotonic]:
        """Returns when a picture is shown: packets are stamped in the order they come, pictures in that of showing."""
        waiting = self._waiting
        # What came before and was not shown by now never is: lost, or too damaged to be shown. Where pictures are
        # reordered only a key frame tells so.
        if picture.pts is not None and (picture.key_frame or not context.has_b_frames):
            while len(waiting) > 1 and waiting[0][0] < picture.pts:
                waiting.popleft()
        return waiting.popleft() if len(waiting) > 1 else waiting[0]


def _planes(picture: VideoFrame) -> Pixels:
    """Returns a copy as I420 of even size in video range; one copy where the camera sends just that."""
    width, height = picture.width + picture.width % 2, picture.height + picture.height % 2
    fits = (width, height) == (picture.width, picture.height)
    if picture.format.name != "yuv420p" or picture.color_range == ColorRange.JPEG or not fits:
        picture = picture.reformat(width, height, "yuv420p", dst_color_range=ColorRange.MPEG)
    return np.asarray(picture.to_ndarray(format="yuv420p"), np.uint8)
