"""One WebRTC connection to a viewer: how it comes up, how it is, how it ends."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.exceptions import InternalError, InvalidAccessError, InvalidStateError, OperationError

from edge_agent.aio.clock import Clock
from edge_agent.errors import PermanentError
from edge_agent.live import innards
from edge_agent.live.payload import Unit
from edge_agent.live.reception import Reception
from edge_agent.live.sender import Sender
from edge_agent.live.settings import IceServer
from edge_agent.live.track import RingTrack

PROFILES = ("42e01f", "42001f")
"""H.264 profiles to answer with, best known first; browsers decode a camera's Main and High under either."""

GATHERING = 1
"""Seconds that relays and STUN servers are waited for: one that is down must not hold up those who need none."""

log = logging.getLogger(__name__)

# They tell each candidate of each viewer, twenty lines for a picture; what matters to people is told by the sessions.
for library in ("aioice", "aiortc"):
    logging.getLogger(library).setLevel(logging.WARNING)


class Peer:
    """Sends a track to one viewer.

    Args:
        track: what it sees.
        clock: the one that stamped the packets' arrival.
        packetise: cuts access units, once for all viewers.
        ice_servers: how it may be reached beside directly.
    """

    def __init__(
        self, track: RingTrack, clock: Clock, packetise: Callable[[bytes], Unit], ice_servers: Sequence[IceServer]
    ) -> None:
        # A list even when it is empty: for None the library would ask a public STUN server.
        servers = [
            RTCIceServer(list(server.urls), server.username or None, server.credential.get_secret_value() or None)
            for server in ice_servers
        ]
        self._connection = RTCPeerConnection(RTCConfiguration(servers, bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        self._connecting = innards.own_connecting(self._connection)
        self._changed = asyncio.Event()
        self._connection.on("connectionstatechange", self._changed.set)
        # Preferences before the offer is set, or H.264 would travel in another codec's payload type.
        transceiver = self._connection.addTransceiver("video", direction="sendonly")
        codecs = RTCRtpSender.getCapabilities("video").codecs
        h264 = {codec.parameters.get("profile-level-id"): codec for codec in codecs if codec.mimeType == "video/H264"}
        resend = [codec for codec in codecs if codec.mimeType == "video/rtx"]
        transceiver.setCodecPreferences([*(h264[profile] for profile in PROFILES), *resend])
        innards.gather_within(transceiver.sender.transport, GATHERING)
        self._failed = False
        self._sender = Sender(track, transceiver.sender.transport, clock, packetise=packetise, failed=self._fail)
        innards.take_over(transceiver, self._sender)

    @property
    def state(self) -> str:
        """As in WebRTC: ``new``, ``connecting``, ``connected``, ``failed`` or ``closed``."""
        return "failed" if self._failed else self._connection.connectionState

    @property
    def reception(self) -> Reception | None:
        """How the viewer gets the picture; None before its first report."""
        return self._sender.reports.last

    async def answer(self, offer: str) -> str:
        """Returns the answer to an admitted offer, all candidates in it.

        Raises:
            PermanentError: the offer cannot be answered after all.
        """
        try:
            await self._connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
            await self._connection.setLocalDescription(await self._connection.createAnswer())
        except (
            *(ValueError, LookupError, TypeError, AttributeError, AssertionError),
            *(InternalError, InvalidAccessError, InvalidStateError, OperationError),
        ) as exc:
            raise PermanentError(
                "the offer cannot be answered", "offer one H.264 video section", code="offer_invalid"
            ) from exc
        return self._connection.localDescription.sdp

    async def change(self) -> None:
        """Waits for another state, or for ``wake``."""
        await self._changed.wait()
        self._changed.clear()

    def wake(self) -> None:
        """Makes whoever waits for a change look again."""
        self._changed.set()

    async def heard(self) -> int:
        """Returns how many packets came from the viewer so far: it reports on what it gets about once a second."""
        report = await self._connection.getStats()
        return sum(entry.packetsReceived for entry in report.values() if entry.type == "transport")

    async def close(self) -> None:
        """Ends the connection; no task, socket or track is left."""
        await settle(self._connecting)
        # Whatever the library trips over, one viewer's end must not be everybody's.
        for outcome in await asyncio.gather(self._connection.close(), return_exceptions=True):
            if isinstance(outcome, Exception):
                log.error("a viewer's connection was not closed cleanly: %r", outcome)

    def _fail(self) -> None:
        self._failed = True
        self._changed.set()


async def settle(tasks: list[asyncio.Task[None]]) -> None:
    """Ends the tasks in which a connection comes up, before it is closed."""
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, Exception):
            log.warning("a viewer's connection did not come up: %r", outcome)
