"""H.264 access units as RTP payloads (RFC 6184, packetization mode 1), cut once for all viewers."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

LARGEST = 1160
"""Bytes of a payload: with header, extension and tag it stays below 1200, which every tunnel and relay carries."""

ABREAST = 24
"""Packets that leave in one call, 28 kB: what a phone's radio takes at a time, and within what a kernel takes."""

STAP_A, FU_A = 24, 28
DELIMITER, FILLER = 9, 12


@dataclass(frozen=True, slots=True)
class Train:
    """RTP packets that leave in one call: all of one size, the last one may be smaller.

    Attributes:
        image: the packets one after another, with room for each one's header and authentication tag.
        count: how many packets.
        size: bytes of each, room included.
        last: bytes of the last one, room included.
        ends: whether the access unit ends with it.
    """

    image: bytes
    count: int
    size: int
    last: int
    ends: bool


class Unit:
    """One access unit, ready to be sent to any number of viewers.

    Args:
        data: in Annex B form.

    Attributes:
        payloads: of its packets, in order; none if there is nothing in it that a decoder wants.
    """

    def __init__(self, data: bytes) -> None:
        self.payloads = tuple(_payloads(data))
        self._trains: dict[tuple[int, int], tuple[Train, ...]] = {}

    def trains(self, header: int, tag: int) -> tuple[Train, ...]:
        """Returns its packets with room for a header of ``header`` bytes and a tag of ``tag`` bytes each."""
        built = self._trains.get((header, tag))
        if built is None:
            built = self._trains[header, tag] = tuple(self._couple(bytes(header), bytes(tag)))
        return built

    def _couple(self, header: bytes, tag: bytes) -> Iterator[Train]:
        room = len(header) + len(tag)
        done = 0
        while done < len(self.payloads):
            size = len(self.payloads[done])
            end = done + 1
            while end < min(done + ABREAST, len(self.payloads)) and len(self.payloads[end - 1]) == size >= len(
                self.payloads[end]
            ):
                end += 1
            image = b"".join(header + payload + tag for payload in self.payloads[done:end])
            last = len(self.payloads[end - 1]) + room
            yield Train(image, end - done, size + room, last, ends=end == len(self.payloads))
            done = end


def _payloads(data: bytes) -> Iterator[bytes]:
    together: list[bytes] = []
    for nal in _nal_units(data):
        if together and 1 + sum(2 + len(one) for one in [*together, nal]) > LARGEST:
            yield _aggregate(together)
            together = []
        if len(nal) > LARGEST:
            yield from _fragments(nal)
        else:
            together.append(nal)
    if together:
        yield _aggregate(together)


def _nal_units(data: bytes) -> Iterator[bytes]:
    """Yields NAL units without start codes; delimiters and filler, which RTP has no use for, are left out."""
    start = data.find(b"\0\0\1") + 3
    while start >= len(b"\0\0\1"):
        end = data.find(b"\0\0\1", start)
        nal = data[start : end if end >= 0 else len(data)].rstrip(b"\0")
        if nal and nal[0] & 0x1F not in {DELIMITER, FILLER}:
            yield nal
        start = end + 3


def _aggregate(nals: list[bytes]) -> bytes:
    """Returns one packet's payload: the unit itself, or several small ones together (STAP-A, section 5.7.1)."""
    if len(nals) == 1:
        return nals[0]
    forbidden = max(nal[0] & 0x80 for nal in nals)
    importance = max(nal[0] & 0x60 for nal in nals)
    return bytes([forbidden | importance | STAP_A]) + b"".join(len(nal).to_bytes(2, "big") + nal for nal in nals)


def _fragments(nal: bytes) -> Iterator[bytes]:
    """Yields a large unit's pieces (FU-A, section 5.8), of one size but the last, so that they leave in one call."""
    body = len(nal) - 1
    size = math.ceil(body / math.ceil(body / (LARGEST - 2)))
    indicator, kind = nal[0] & 0xE0 | FU_A, nal[0] & 0x1F
    for start in range(1, len(nal), size):
        first = 0x80 if start == 1 else 0
        final = 0x40 if start + size >= len(nal) else 0
        yield bytes([indicator, first | final | kind]) + nal[start : start + size]
