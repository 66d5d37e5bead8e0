"""Encoded video as it comes from a camera."""

from dataclasses import dataclass
from enum import StrEnum

from edge_agent.values.time import Monotonic


class Codec(StrEnum):
    """Video codecs that cameras send."""

    H264 = "h264"
    H265 = "hevc"
    MJPEG = "mjpeg"


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """What a camera says about its video.

    Attributes:
        codec: how packets are encoded.
        width: pixels, 0 while unknown.
        height: pixels, 0 while unknown.
        rate: frames a second as announced, 0 while unknown.
        extradata: parameter sets as the container gave them, for a decoder; H.264 key frames repeat them in band.
    """

    codec: Codec
    width: int
    height: int
    rate: float
    extradata: bytes = b""


@dataclass(frozen=True, slots=True)
class Packet:
    """One access unit.

    Attributes:
        data: H.264 and H.265 in Annex B form, parameter sets in front of every key frame; MJPEG one picture.
        pts: presentation time in ticks of ``CLOCK_RATE``, rising within one run of a source.
        key: whether decoding can start here.
        arrived: when the last byte was here.
        stream: what it belongs to; a new object when the camera changes codec or size.
    """

    data: bytes
    pts: int
    key: bool
    arrived: Monotonic
    stream: StreamInfo

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.data)
