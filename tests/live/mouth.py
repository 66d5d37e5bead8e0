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

    Args:
        samples: int16 mono.
        fast: by how much the microphone's clock is fast, 1e-4 for 100 ppm.
        again: whether it begins again instead of keeping silent.

    Attributes:
        begun: when the first of them was said, on the monotonic clock.
    """

    kind = "audio"

    def __init__(self, samples: NDArray[np.int16], *, fast: float = 0.0, again: bool = False) -> None:
        super().__init__()
        self.begun = 0.0
        self._step = FRAME / RATE / (1 + fast)
        self._again = again
        self._samples = np.pad(samples, (0, -len(samples) % FRAME)).reshape(-1, FRAME)
        self._number = 0

    @override
    async def recv(self) -> av.AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        self.begun = self.begun or time.monotonic()
        # A microphone hands over a frame when its last sample was heard.
        await asyncio.sleep(max(0.0, self.begun + (self._number + 1) * self._step - time.monotonic()))
        count = len(self._samples)
        silent = self._number >= count and not self._again
        said = np.zeros(FRAME, np.int16) if silent else self._samples[self._number % count]
        # In stereo, for the library would make it so by halving the power in each.
        frame = av.AudioFrame.from_ndarray(said.repeat(2).reshape(1, -1), format="s16", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE, self._number * FRAME, Fraction(1, RATE)
        self._number += 1
        return frame


class Mouth:
    """A WebRTC peer that sends its voice."""

    def __init__(self, samples: NDArray[np.int16], *, fast: float = 0.0, again: bool = False) -> None:
        self.words = Words(samples, fast=fast, again=again)
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
