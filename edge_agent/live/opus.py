"""Opus, in which every browser speaks (RFC 6716, RFC 7587)."""

import av
import numpy as np
from numpy.typing import NDArray

from edge_agent.errors import TransientError

RATE = 48_000
"""Samples a second, whatever was sent: RTP counts in them too."""


class OpusDecoder:
    """Decodes one stream, in order; on the event loop, for 20 ms take a tenth of a millisecond."""

    def __init__(self) -> None:
        self._codec = av.AudioCodecContext.create("libopus", "r")
        self._codec.format, self._codec.layout, self._codec.sample_rate = "s16", "mono", RATE

    def decode(self, payload: bytes) -> NDArray[np.int16]:
        """Returns a packet's sound, int16 mono; both voices of a stereo stream are mixed.

        Raises:
            TransientError: it is no Opus.
        """
        try:
            parts = [frame.to_ndarray().ravel() for frame in self._codec.decode(av.Packet(payload))]
        except av.FFmpegError as exc:
            raise TransientError("a packet of the voice cannot be decoded", "it is skipped") from exc
        return np.concatenate(parts).astype(np.int16) if parts else np.empty(0, np.int16)
