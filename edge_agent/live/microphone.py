"""An operator's microphone: what comes from a browser by WebRTC, as sound for a loudspeaker."""

from collections.abc import Iterator, Sequence

import av
import numpy as np
from aiortc import RTCRtpReceiver
from aiortc.rtp import RtpPacket
from numpy.typing import NDArray
from typing_extensions import override

from edge_agent.aio.clock import Clock
from edge_agent.live import innards
from edge_agent.live.connection import GATHERING, Connection
from edge_agent.live.opus import RATE, OpusDecoder
from edge_agent.live.playout import MOST, Playout
from edge_agent.live.red import unpacked
from edge_agent.live.settings import IceServer
from edge_agent.values.time import Monotonic


class Microphone(Connection):
    """Hears one speaker; a ``values.speech.Talk`` for whoever plays it.

    Args:
        clock: for the jitter buffer.
        ice_servers: how we may be reached beside directly.

    Attributes:
        broken: why it ended before the speaker wanted; empty otherwise.
        heard: when the last packet came, or this was made.
        playout: the jitter buffer.
    """

    def __init__(self, clock: Clock, ice_servers: Sequence[IceServer]) -> None:
        super().__init__(ice_servers, "offer one audio section in Opus")
        self.broken = ""
        self.heard = clock.monotonic()
        self.playout = Playout(OpusDecoder().decode)
        self._clock = clock
        self._source: int | None = None
        self._redundant: int | None = None
        self._ended: Monotonic | None = None
        self._transceiver = transceiver = self._connection.addTransceiver("audio", direction="recvonly")
        known = RTCRtpReceiver.getCapabilities("audio")
        transceiver.setCodecPreferences(
            [codec for codec in known.codecs if codec.mimeType == "audio/opus"] if known else []
        )
        innards.gather_within(transceiver.receiver.transport, GATHERING)
        innards.hear(transceiver, self._take)

    def end(self, broken: str = "") -> None:
        """Lets the talk end as soon as what was said is played; with a reason, where the speaker did not want that."""
        if self._ended is None:
            self._ended, self.broken = self._clock.monotonic(), broken

    def blocks(self, rate: int, size: int) -> Iterator[NDArray[np.int16]]:
        """See ``Talk``."""
        resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
        ready: NDArray[np.int16] = np.empty(0, np.int16)
        self.playout.begin()
        while not self._over():
            while len(ready) < size:
                frame = av.AudioFrame.from_ndarray(
                    self.playout.take(self._clock.monotonic()).reshape(1, -1), format="s16", layout="mono"
                )
                frame.sample_rate = RATE
                parts = [np.asarray(part.to_ndarray(), np.int16).ravel() for part in resampler.resample(frame)]
                ready = np.concatenate([ready, *parts])
            yield ready[:size]
            ready = ready[size:]

    @override
    def _agree(self) -> None:
        self._redundant = innards.take_redundancy(self._connection, self._transceiver)

    def _over(self) -> bool:
        if self._ended is None:
            return False
        return not self.playout.waiting or self._clock.monotonic() - self._ended > MOST

    def _take(self, packet: RtpPacket) -> None:
        self.heard = self._clock.monotonic()
        if packet.ssrc != self._source:
            self._source = packet.ssrc
            self.playout.restart()
        packets = unpacked(packet.payload) if packet.payload_type == self._redundant else [packet.payload]
        self.playout.put(packet.sequence_number, packets, self.heard)
