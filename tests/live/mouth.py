"""Somebody who talks: a second WebRTC peer with a made-up microphone."""

import asyncio
import time
from fractions import Fraction

import av
import numpy as np
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from numpy.typing import NDArray
from typing_extensions import override

from edge_agent.live.connection import settle
from edge_agent.live.innards import own_connecting

RATE = 48_000
FRAME = 960


class Words(MediaStreamTrack):
    """Says samples, 48 000 a second, in their time; then silence.

    Attributes:
        begun: when the first of them was said, on the monotonic clock.
    """

    kind = "audio"

    def __init__(self, samples: NDArray[np.int16]) -> None:
        super().__init__()
        self.begun = 0.0
        self._samples = np.pad(samples, (0, -len(samples) % FRAME)).reshape(-1, FRAME)
        self._number = 0

    @override
    async def recv(self) -> av.AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        self.begun = self.begun or time.monotonic()
        # A microphone hands over a frame when its last sample was heard.
        await asyncio.sleep(max(0.0, self.begun + (self._number + 1) * FRAME / RATE - time.monotonic()))
        said = self._samples[self._number] if self._number < len(self._samples) else np.zeros(FRAME, np.int16)
        # In stereo, for the library would make it so by halving the power in each.
        frame = av.AudioFrame.from_ndarray(said.repeat(2).reshape(1, -1), format="s16", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE, self._number * FRAME, Fraction(1, RATE)
        self._number += 1
        return frame


class Mouth:
    """A WebRTC peer that sends its voice."""

    def __init__(self, samples: NDArray[np.int16]) -> None:
        self.words = Words(samples)
        self.connection = RTCPeerConnection(RTCConfiguration([]))
        self._connecting = own_connecting(self.connection)
        self.connection.addTransceiver(self.words, direction="sendonly")

    async def offer(self) -> str:
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return str(self.connection.localDescription.sdp)

    async def accept(self, answer: str) -> None:
        await self.connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    async def aclose(self) -> None:
        await settle(self._connecting)
        await self.connection.close()
