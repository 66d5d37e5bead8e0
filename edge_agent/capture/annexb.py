"""Parameter sets of H.264 and H.265 in Annex B form: in front of every key frame, so that a viewer can start there."""

import re
from collections.abc import Iterator

from edge_agent.values.packet import Codec

_START = re.compile(rb"\x00\x00\x01")

_SETS = {Codec.H264: (7, 8), Codec.H265: (32, 33, 34)}
"""NAL unit types, in the order in which they are sent: ITU-T H.264 table 7-1, H.265 table 7-1."""

_DELIMITER = {Codec.H264: 9, Codec.H265: 35}


class ParameterSets:
    """Remembers a stream's newest parameter sets and completes key frames that lack them.

    Args:
        codec: H.264 or H.265.
        extradata: Annex B sets from the SDP or the container, perhaps none.
    """

    def __init__(self, codec: Codec, extradata: bytes) -> None:
        self._codec = codec
        self._known = self._found(extradata)

    @property
    def data(self) -> bytes:
        """All sets known, in Annex B form."""
        return b"".join(self._known[kind] for kind in _SETS[self._codec] if kind in self._known)

    def complete(self, unit: bytes) -> bytes:
        """Returns a key frame's access unit with every parameter set in front; sets in the unit replace older ones."""
        found = self._found(unit)
        self._known.update(found)
        absent = [kind for kind in _SETS[self._codec] if kind in self._known and kind not in found]
        if not absent:
            return unit
        # The delimiter, where there is one, must stay an access unit's first.
        place = next((start for start, _, kind in self._units(unit) if kind != _DELIMITER[self._codec]), len(unit))
        return unit[:place] + b"".join(self._known[kind] for kind in absent) + unit[place:]

    def _found(self, unit: bytes) -> dict[int, bytes]:
        sets: dict[int, bytes] = {}
        for start, end, kind in self._units(unit):
            if kind in _SETS[self._codec]:
                sets[kind] = (
                    sets.get(kind, b"") + b"\x00\x00\x00\x01" + unit[start:end].lstrip(b"\x00")[1:].rstrip(b"\x00")
                )
        return sets

    def _units(self, unit: bytes) -> Iterator[tuple[int, int, int]]:
        """Yields start (of the start code), end and type of each NAL unit, up to the first slice and including it."""
        found = _START.finditer(unit)
        current = next(found, None)
        while current is not None and current.end() < len(unit):
            header = unit[current.end()]
            kind, slices = (
                (header & 0x1F, range(1, 6)) if self._codec is Codec.H264 else (header >> 1 & 0x3F, range(32))
            )
            following = None if kind in slices else next(found, None)
            start = current.start() - (unit[current.start() - 1 : current.start()] == b"\x00")
            yield start, following.start() if following else len(unit), kind
            current = following
