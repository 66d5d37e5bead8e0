"""A backchannel session from DESCRIBE to TEARDOWN (ONVIF Streaming Specification, chapter 5.3)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Literal, TypeAlias

from edge_agent.aio.clock import Clock
from edge_agent.errors import AgentError, TransientError
from edge_agent.talkdown.blocks import Beat, cut
from edge_agent.talkdown.rtsp.address import Address
from edge_agent.talkdown.rtsp.carrier import Carrier, Interleaved, datagrams
from edge_agent.talkdown.rtsp.coding import AAC, coding
from edge_agent.talkdown.rtsp.connection import Answer, Connection, connected
from edge_agent.talkdown.rtsp.refusal import OK, SESSION_LOST, refusal
from edge_agent.talkdown.rtsp.rtp import REPORT_EVERY, Stream
from edge_agent.talkdown.rtsp.sdp import Backchannel, find_backchannel
from edge_agent.talkdown.rtsp.wire import Message
from edge_agent.values.speech import Sound, Speech

FAREWELL = 1.0
"""Seconds that ending a session may take, whatever the camera does."""

SETTLE = 0.2
"""Seconds after the last sample before TEARDOWN: a camera's usual jitter buffer."""

Transport: TypeAlias = Literal["tcp", "udp", "udp-twice"]
"""How sound travels, see ``carrier``."""

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
        self._stream = Stream(backchannel.format.payload_type, marked=backchannel.format.name == AAC)
        self._begun = False

    async def start(self) -> None:
        """Sends SETUP and PLAY."""
        headers = {"Transport": self._carrier.offer, **_REQUIRE}
        answer = await self._connection.request("SETUP", self.backchannel.control, headers)
        self._carrier.agree(answer.header("Transport"))
        await self._connection.request("PLAY", self._url, {"Range": "npt=0.000-", **_REQUIRE})

    async def send(self, sound: Sound, started: Callable[[], None]) -> None:
        """Sends sound in step with time and returns when the camera took the last of it and had time to play it.

        Args:
            sound: what to say; a talk is sent until it is over.
            started: called after the first packet.

        Raises:
            TransientError: the camera went away, or stopped listening.
        """
        wanted = self.backchannel.format
        encoder = coding(wanted)
        blocks = await cut(sound, wanted.rate, encoder.size)
        beat = Beat(encoder.size / wanted.rate, live=not isinstance(sound, Speech))
        report, pulse = 0.0, self._connection.lives / 2
        try:
            while True:
                self._stream.skip(await beat.due() * encoder.size)
                if (block := next(blocks, None)) is None:
                    break
                if beat.passed >= report:
                    await self._carrier.report(self._stream.report(self._clock.wall()))
                    report = beat.passed + REPORT_EVERY
                if beat.passed >= pulse:
                    self._keep_alive()
                    pulse = beat.passed + self._connection.lives / 2
                await self._packet(encoder.encode(block), encoder.size, started)
            for payload in encoder.finish():
                await self._packet(payload, encoder.size, started)
                await beat.due()
        except TransientError as exc:
            raise TransientError(f"{beat.passed:.1f} s into the sentence: {exc.reason}", exc.remedy) from exc
        await self._confirm()
        await asyncio.sleep(SETTLE)

    async def _packet(self, payload: bytes, samples: int, started: Callable[[], None]) -> None:
        if not payload:
            return
        await self._carrier.sound(self._stream.packet(payload, samples))
        if not self._begun:
            self._begun = True
            started()

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
async def opened(address: Address, transport: Transport, clock: Clock, *, live: bool = False) -> AsyncIterator[Session]:
    """Opens a camera's loudspeaker for the length of the block, in a connection apart from its video.

    Args:
        address: of the camera.
        transport: of the sound.
        clock: for the wall time in sender reports.
        live: whether somebody is about to talk, see ``coding.best``.

    Raises:
        TransientError: the camera is away or busy.
        PermanentError: it has no loudspeaker, refuses the password, or takes no codec that we speak.
    """
    async with AsyncExitStack() as stack:
        connection = await stack.enter_async_context(connected(address))
        described = await connection.request("DESCRIBE", address.url, {"Accept": "application/sdp", **_REQUIRE})
        base = described.header("Content-Base") or described.header("Content-Location") or address.url
        carrier: Carrier
        if transport == "tcp":
            carrier = Interleaved(connection)
        else:
            carrier = stack.enter_context(datagrams(connection, twice=transport == "udp-twice"))
        session = Session(connection, *find_backchannel(described.body, base, live=live), carrier, clock)
        stack.push_async_callback(session.end)
        await session.start()
        yield session
