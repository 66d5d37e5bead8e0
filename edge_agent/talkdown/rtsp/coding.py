"""How sound is written into RTP packets: every codec that a camera's loudspeaker may ask for, and which one is best."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import av
import numpy as np
from numpy.typing import NDArray

from edge_agent.talkdown.rtsp.g711 import Codec, encode
from edge_agent.talkdown.rtsp.rtp import PACKET_TIME

_WIDEST = 48_000
_NARROWEST = 8_000

AAC = "MPEG4-GENERIC"
"""RTP's name of AAC in access units."""

_AAC_FRAME = 1024
_AAC_BITS = 3
"""Bits a sample: 24 kb/s for a telephone's band, 48 kb/s for a voice at 16 kHz."""

_AAC_MOST = 96_000
_AAC_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)

_G726_FRAMES = {2: 4096, 3: 2736, 4: 2048, 5: 1640}
"""Samples that FFmpeg's encoder takes at a time, by bits a sample: they end on a byte."""


@dataclass(frozen=True, slots=True)
class Format:
    """An encoding as a session description offers it.

    Attributes:
        payload_type: RTP payload type.
        name: RTP encoding name in capitals, such as ``PCMU`` or ``MPEG4-GENERIC``.
        rate: samples a second.
        parameters: of ``fmtp``, names in small letters.
    """

    payload_type: int
    name: str
    rate: int
    parameters: Mapping[str, str] = field(default_factory=dict)


class Coding(Protocol):
    """Writes one stream of sound; keeps what its codec remembers."""

    @property
    def size(self) -> int:
        """Samples in a block, and in a packet."""
        ...

    def encode(self, block: NDArray[np.int16]) -> bytes:
        """Returns the next packet's payload of ``size`` samples; empty while the codec still gathers."""
        ...

    def finish(self) -> list[bytes]:
        """Returns the payloads of what the codec still holds."""
        ...


def coding(wanted: Format) -> Coding:
    """Returns an encoder for a format that ``best`` chose."""
    return _CODINGS[wanted.name].make(wanted)


def best(offered: list[Format], *, live: bool) -> Format | None:
    """Returns the format in which a voice sounds best: the widest band first, then the finest codec.

    Args:
        offered: in the camera's order, which decides between equals.
        live: whether somebody is talking: then a codec that gathers sound before it speaks comes last.
    """

    def worth(one: Format) -> tuple[bool, int, int]:
        kind = _CODINGS[one.name]
        return live and kind.gathers, -min(one.rate, 16_000), kind.rank

    spoken = [one for one in offered if _speaks(one)]
    return min(spoken, key=worth) if spoken else None


def _speaks(offer: Format) -> bool:
    kind = _CODINGS.get(offer.name)
    return kind is not None and _NARROWEST <= offer.rate <= _WIDEST and kind.takes(offer)


class _Each:
    """A codec that remembers nothing: see ``Coding``."""

    def __init__(self, rate: int, write: Callable[[NDArray[np.int16]], bytes]) -> None:
        self.size = round(rate * PACKET_TIME)
        self.encode = write

    def finish(self) -> list[bytes]:
        """See ``Coding``."""
        return []


class _Aac:
    """AAC-LC, one access unit a packet (RFC 3640, mode AAC-hbr): see ``Coding``."""

    size = _AAC_FRAME

    def __init__(self, wanted: Format) -> None:
        self._rate = wanted.rate
        self._encoder = av.AudioCodecContext.create("aac", "w")
        self._encoder.format, self._encoder.layout, self._encoder.rate = "fltp", "mono", wanted.rate
        self._encoder.bit_rate = min(_AAC_MOST, wanted.rate * _AAC_BITS)

    def encode(self, block: NDArray[np.int16]) -> bytes:
        """See ``Coding``."""
        planes = (block / 32768).astype(np.float32).reshape(1, -1)
        return next(iter(self._packed(_frame(planes, "fltp", self._rate))), b"")

    def finish(self) -> list[bytes]:
        """See ``Coding``."""
        return self._packed(None)

    def _packed(self, frame: av.AudioFrame | None) -> list[bytes]:
        """Puts the AU header in front: 16 bits of header follow, 13 bits of size, 3 bits of index 0."""
        units = [bytes(packet) for packet in self._encoder.encode(frame)]
        return [b"\x00\x10" + (len(unit) << 3).to_bytes(2) + unit for unit in units if unit]


class _G726:
    """ADPCM with the first sample in the least significant bits (RFC 3551, section 4.5.4): see ``Coding``.

    FFmpeg's encoder takes a quarter of a second at a time; packets of 20 ms leave at that distance behind.
    """

    def __init__(self, wanted: Format) -> None:
        self.size = round(wanted.rate * PACKET_TIME)
        bits = int(wanted.name[-2:]) // 8
        self._bytes = self.size * bits // 8
        self._gathered: NDArray[np.int16] = np.empty(0, np.int16)
        self._frame = _G726_FRAMES[bits]
        self._written = b""
        self._rate = wanted.rate
        self._encoder = av.AudioCodecContext.create("g726le", "w")
        self._encoder.options = {"code_size": str(bits)}
        self._encoder.format, self._encoder.layout, self._encoder.rate = "s16", "mono", wanted.rate
        self._encoder.bit_rate = bits * wanted.rate

    def encode(self, block: NDArray[np.int16]) -> bytes:
        """See ``Coding``."""
        self._gathered = np.concatenate([self._gathered, block])
        if len(self._gathered) >= self._frame:
            frame, self._gathered = self._gathered[: self._frame], self._gathered[self._frame :]
            self._written += b"".join(map(bytes, self._encoder.encode(_frame(frame.reshape(1, -1), "s16", self._rate))))
        return self._next()

    def finish(self) -> list[bytes]:
        """See ``Coding``."""
        silence = np.zeros(self.size, np.int16)
        owed = -(-(len(self._gathered) * self._bytes // self.size + len(self._written)) // self._bytes)
        return [payload for _ in range(owed + self._frame // self.size) if (payload := self.encode(silence))][:owed]

    def _next(self) -> bytes:
        if len(self._written) < self._bytes:
            return b""
        payload, self._written = self._written[: self._bytes], self._written[self._bytes :]
        return payload


def _frame(planes: NDArray[np.int16] | NDArray[np.float32], form: str, rate: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(planes, format=form, layout="mono")
    frame.sample_rate = rate
    return frame


def _plain_aac(offer: Format) -> bool:
    """Tells whether an offer is mono AAC-LC in access units with headers of 13 and 3 bits, which is what cameras do."""
    stated = offer.parameters
    try:
        head = int(stated.get("config", "0")[:4], 16)  # AudioSpecificConfig: object type, rate, channels
    except ValueError:
        return False
    headers = [stated.get(name, "") for name in ("mode", "sizelength", "indexlength")]
    mono_lc = (head >> 11, head >> 3 & 0x0F) == (2, 1)
    return mono_lc and offer.rate in _AAC_RATES and [headers[0].lower(), *headers[1:]] == ["aac-hbr", "13", "3"]


def _telephone(offer: Format) -> bool:
    return offer.rate == _NARROWEST


@dataclass(frozen=True, slots=True)
class _Kind:
    """What is to be known of a codec before it is chosen; ``rank`` 0 is the finest."""

    rank: int
    make: Callable[[Format], Coding]
    gathers: bool = False
    takes: Callable[[Format], bool] = lambda _: True


_CODINGS: Mapping[str, _Kind] = {
    "L16": _Kind(0, lambda wanted: _Each(wanted.rate, lambda block: block.astype(">i2").tobytes())),
    AAC: _Kind(1, _Aac, gathers=True, takes=_plain_aac),
    "PCMU": _Kind(2, lambda wanted: _Each(wanted.rate, lambda block: encode(block, Codec.PCMU))),
    "PCMA": _Kind(2, lambda wanted: _Each(wanted.rate, lambda block: encode(block, Codec.PCMA))),
    "G726-40": _Kind(3, _G726, gathers=True, takes=_telephone),
    "G726-32": _Kind(4, _G726, gathers=True, takes=_telephone),
    "G726-24": _Kind(5, _G726, gathers=True, takes=_telephone),
    "G726-16": _Kind(6, _G726, gathers=True, takes=_telephone),
}
