"""A backchannel session from DESCRIBE to TEARDOWN (ONVIF Streaming Specification, chapter 5.3)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Literal

import numpy as np

from edge_agent.aio.clock import Clock
from edge_agent.errors import AgentError, TransientError
from edge_agent.talkdown.rtsp.address import Address
from edge_agent.talkdown.rtsp.carrier import Carrier, Interleaved, datagrams
from edge_agent.talkdown.rtsp.connection import Answer, Connection, connected
from edge_agent.talkdown.rtsp.g711 import encode
from edge_agent.talkdown.rtsp.refusal import OK, SESSION_LOST, refusal
from edge_agent.talkdown.rtsp.rtp import REPORT_EVERY, Stream
from edge_agent.talkdown.rtsp.sdp import Backchannel, find_backchannel
from edge_agent.talkdown.rtsp.wire import Message

FAREWELL = 1.0
"""Seconds that ending a session may take, whatever the camera does."""

SETTLE = 0.2
"""Seconds after the last sample before TEARDOWN: a camera's usual jitter buffer."""

_REQUIRE = {"Require": "www.onvif.org/ver20/backchannel"}


class Session:
    """A loudspeaker that listens; made by ``opened``, used by one coroutine.

    Args:
        connection: to the camera.
        url: the whole presentation's.
        backchannel: how the loudspeaker wants its sound.
        carrier: how packets travel.
        clock: for the wall time in sender reports.

    Attributes:
        backchannel: how the loudspeaker wants its sound.
    """

    def __init__(
        self,
        connection: Connection,
        url: str,
        backchannel: Backchannel,
        carrier: Carrier,
        clock: Clock,
    ) -> None:
        self.backchannel = backchannel
        self._connection = connection
        self._url = url
        self._carrier = carrier
        self._clock = clock
        self._beat: Answer | None = None
        self._beat_method = "GET_PARAMETER"

    async def start(self) -> None:
        """Sends SETUP and PLAY."""
        headers = {"Transport": self._carrier.offer, **_REQUIRE}
        answer = await self._connection.request("SETUP", self.backchannel.control, headers)
        self._carrier.agree(answer.header("Transport"))
        await self._connection.request("PLAY", self._url, {"Range": "npt=0.000-", **_REQUIRE})

    async def send(self, payload: bytes, started: Callable[[], None]) -> None:
        """Sends sound in step with time and returns when the camera took the last of it and had time to play it.

        The schedule counts from the first packet, so a late packet delays none after it and no drift adds up.

        Args:
            payload: encoded sound, a byte a sample.
            started: called after the first packet.

        Raises:
            TransientError: the camera went away, or stopped listening.
        """
        loop = asyncio.get_running_loop()
        stream = Stream(self.backchannel.payload_type, self.backchannel.rate)
        begun = loop.time()
        pause = self._connection.lives / 2
        report, beat = begun, begun + pause
        due = begun
        # Whole packets only: some cameras drop a short one.
        payload += encode(np.zeros(-len(payload) % stream.size, np.int16), self.backchannel.codec)
        try:
            for offset in range(0, len(payload), stream.size):
                due = begun + offset / self.backchannel.rate
                await _until(due)
                if due >= report:
                    await self._carrier.report(stream.report(self._clock.wall()))
                    report = due + REPORT_EVERY
                if due >= beat:
                    self._keep_alive()
                    beat = due + pause
                await self._carrier.sound(stream.packet(payload[offset : offset + stream.size]))
                if offset == 0:
                    started()
        except TransientError as exc:
            raise TransientError(f"{due - begun:.1f} s into the sentence: {exc.reason}", exc.remedy) from exc
        await _until(begun + len(payload) / self.backchannel.rate)
        await self._confirm()
        await asyncio.sleep(SETTLE)

    async def end(self) -> None:
        """Tells the camera that we leave; never longer than ``FAREWELL``, whatever it answers."""
        try:
            async with asyncio.timeout(FAREWELL):
                if not self._connection.session:
                    # Cancelled while the camera was setting up: the session in its answer must not be left behind.
                    await self._connection.settled()
                if self._connection.session:
                    await self._connection.request("TEARDOWN", self._url)
        except (TimeoutError, AgentError):
            return  # gone or rude: closing the connection is all that is left, and follows

    async def _confirm(self) -> None:
        """Makes sure that the camera has read everything: any answer proves it, save that the session is gone."""
        answer = await self._connection.answered("OPTIONS", self._connection.post("OPTIONS", self._url))
        if answer.status == SESSION_LOST:
            raise refusal("OPTIONS", answer)

    def _keep_alive(self) -> None:
        """Shows the camera that we are there, without waiting: sound goes on meanwhile."""
        if self._beat is not None:
            if not self._beat.done():
                raise TransientError("the camera stopped answering while it was spoken to", "check its network")
            answer = self._beat.result()
            if isinstance(answer, Message) and answer.status != OK:
                self._beat_method = "OPTIONS"
        self._beat = self._connection.post(self._beat_method, self._url)


@asynccontextmanager
async def opened(address: Address, transport: Literal["tcp", "udp"], clock: Clock) -> AsyncIterator[Session]:
    """Opens a camera's loudspeaker for the length of the block, in a connection apart from its video.

    Raises:
        TransientError: the camera is away or busy.
        PermanentError: it has no loudspeaker, refuses the password, or takes no codec that we speak.
    """
    async with AsyncExitStack() as stack:
        connection = await stack.enter_async_context(connected(address))
        described = await connection.request("DESCRIBE", address.url, {"Accept": "application/sdp", **_REQUIRE})
        base = described.header("Content-Base") or described.header("Content-Location") or address.url
        carrier: Carrier = Interleaved(connection) if transport == "tcp" else stack.enter_context(datagrams(connection))
        session = Session(connection, *find_backchannel(described.body, base), carrier, clock)
        stack.push_async_callback(session.end)
        await session.start()
        yield session


async def _until(when: float) -> None:
    delay = when - asyncio.get_running_loop().time()
    if delay > 0:
        await asyncio.sleep(delay)
