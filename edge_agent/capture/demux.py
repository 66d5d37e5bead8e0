"""Opening whatever FFmpeg can open and cutting it into packets as the rest of the agent wants them."""

import errno
import threading
from collections.abc import Generator, Mapping
from dataclasses import replace
from fractions import Fraction

import av
from av import error
from av.bitstream import BitStreamFilterContext
from av.container import InputContainer
from av.packet import Packet as NativePacket
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from edge_agent.aio.clock import Clock
from edge_agent.capture.address import Address
from edge_agent.capture.annexb import ParameterSets
from edge_agent.capture.failures import failure
from edge_agent.capture.stamps import Rising
from edge_agent.errors import PermanentError, TransientError
from edge_agent.values.packet import Codec, Packet, StreamInfo
from edge_agent.values.time import CLOCK_RATE

_USUAL_RATE = 25.0


class Demux:
    """Cuts one address into packets, over as many connections as one likes; used by one thread.

    Args:
        address: what to open.
        clock: stamps the packets.
        repeat: whether the stream's end is no failure, because its reader begins again.
    """

    def __init__(self, address: Address, clock: Clock, *, repeat: bool = False) -> None:
        self._address = address
        self._clock = clock
        self._repeat = repeat
        self._stamps = Rising()
        self._stream: StreamInfo | None = None

    def packets(self, stop: threading.Event) -> Generator[Packet]:
        """Connects, yields packets until ``stop`` or the stream's end, disconnects. See ``Source.packets``."""
        address = self._address
        self._stamps.cut()
        try:
            with self._open() as container:
                stream = self._video(container)
                yield from self._cut(container, stream, stop)
        except av.FFmpegError as exc:
            # The cause is left out on purpose: its text holds the address with the password.
            raise failure(exc, address.where) from None

    def _open(self) -> InputContainer:
        try:
            return self._connect(self._address.options)
        except error.HTTPOtherClientError:
            # A camera that has only a microphone refuses to play nothing; ask what there is, for the right remedy.
            with self._connect({**self._address.options, "allowed_media_types": "video+audio"}) as everything:
                self._video(everything)
            raise

    def _connect(self, options: Mapping[str, str]) -> InputContainer:
        address = self._address
        return av.open(
            address.url,
            format=address.format,
            options=dict(options),
            timeout=(address.connecting, address.reading),
            metadata_errors="replace",
        )

    def _video(self, container: InputContainer) -> VideoStream:
        if not container.streams.video:
            raise PermanentError(f"{self._address.where} sends no video", "choose the address of a stream with video")
        return container.streams.video[0]

    def _cut(self, container: InputContainer, stream: VideoStream, stop: threading.Event) -> Generator[Packet]:
        info = self._describe(stream)
        rate = info.rate or _USUAL_RATE
        step = round(CLOCK_RATE / rate)
        convert = _converter(stream, info.codec)
        sets = ParameterSets(info.codec, _annex_b(stream)) if info.codec is not Codec.MJPEG else None
        asked = self._clock.monotonic()
        for native in container.demux(stream):
            if stop.is_set():
                return
            if self._clock.monotonic() - asked >= self._address.reading:
                # FFmpeg was interrupted and gives what it held back: a sign of its own end, not of the camera's life.
                raise error.ExitError(errno.ETIMEDOUT, "silence")
            for packet in convert.filter(native) if convert is not None and native.size else [native]:
                if not packet.size:
                    continue
                key = packet.is_keyframe or info.codec is Codec.MJPEG
                data = bytes(packet)
                if sets is not None and key:
                    data = sets.complete(data)
                    if not sets.data:
                        continue  # nobody could decode it, and it would pass for a place to start
                if key:
                    info = self._current(info, sets.data if sets is not None else b"", data)
                ticks = _ticks(packet, reordered=self._address.reordered)
                yield Packet(data, self._stamps.next(ticks, step), key, self._clock.monotonic(), info)
            asked = self._clock.monotonic()
        if not self._repeat:
            raise TransientError(f"{self._address.where} ended its stream", "see whether it restarts by itself")

    def _describe(self, stream: VideoStream) -> StreamInfo:
        context: VideoCodecContext | None = stream.codec_context
        name = context.name if context is not None else "an unknown codec"
        try:
            codec = Codec(name)
        except ValueError as exc:
            remedy = "set the camera to H.264, H.265 or MJPEG"
            raise PermanentError(
                f"{self._address.where} sends {name}, which the agent does not understand", remedy
            ) from exc
        rate = stream.average_rate or stream.guessed_rate or Fraction(0)
        return StreamInfo(codec, stream.codec_context.width, stream.codec_context.height, round(float(rate), 3))

    def _current(self, info: StreamInfo, extradata: bytes, data: bytes) -> StreamInfo:
        """Returns what a key frame belongs to: the same object as before unless something changed."""
        known = self._stream
        if (
            known is not None
            and (known.codec, known.extradata) == (info.codec, extradata)
            and info.codec is not Codec.MJPEG
        ):
            return known
        if extradata != info.extradata or not info.width:
            width, height = measure(info.codec, data) or (info.width, info.height)
            info = replace(info, width=width, height=height, extradata=extradata)
        if known != info:
            self._stream = known = info
        return known


def measure(codec: Codec, key_frame: bytes) -> tuple[int, int] | None:
    """Returns width and height of a key frame by decoding it, or None where it is broken."""
    decoder = VideoCodecContext.create(codec.value, "r")
    try:
        frames = [*decoder.decode(NativePacket(key_frame)), *decoder.decode(None)]
    except av.FFmpegError:
        return None
    return (frames[0].width, frames[0].height) if frames else None


def _converter(stream: VideoStream, codec: Codec) -> BitStreamFilterContext | None:
    """Returns what brings length-prefixed NAL units into Annex B form, where they are not in it."""
    extradata = stream.codec_context.extradata or b""
    if codec is Codec.MJPEG or not extradata or extradata.startswith((b"\x00\x00\x01", b"\x00\x00\x00\x01")):
        return None
    name = "h264_mp4toannexb" if codec is Codec.H264 else "hevc_mp4toannexb"
    return BitStreamFilterContext(name, stream)


def _annex_b(stream: VideoStream) -> bytes:
    """Returns parameter sets from the SDP; a container's own form is left to the converter, which puts them in band."""
    extradata = bytes(stream.codec_context.extradata or b"")
    return extradata if extradata.startswith((b"\x00\x00\x01", b"\x00\x00\x00\x01")) else b""


def _ticks(packet: "NativePacket[VideoStream]", *, reordered: bool) -> int | None:
    stamp = packet.dts if reordered and packet.dts is not None else packet.pts
    return None if stamp is None or packet.time_base is None else round(stamp * packet.time_base * CLOCK_RATE)
