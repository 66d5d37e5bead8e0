"""One WebRTC connection to a viewer: how it comes up, how it is, how it ends."""

from collections.abc import Callable, Sequence

from aiortc import RTCRtpSender

from edge_agent.aio.clock import Clock
from edge_agent.live import innards
from edge_agent.live.connection import GATHERING, Connection
from edge_agent.live.payload import Unit
from edge_agent.live.reception import Reception
from edge_agent.live.sender import Sender
from edge_agent.live.settings import IceServer
from edge_agent.live.track import RingTrack

PROFILES = ("42e01f", "42001f")
"""H.264 profiles to answer with, best known first; browsers decode a camera's Main and High under either."""


class Peer(Connection):
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
        super().__init__(ice_servers, "offer one H.264 video section")
        # Preferences before the offer is set, or H.264 would travel in another codec's payload type.
        transceiver = self._connection.addTransceiver("video", direction="sendonly")
        codecs = RTCRtpSender.getCapabilities("video").codecs
        h264 = {codec.parameters.get("profile-level-id"): codec for codec in codecs if codec.mimeType == "video/H264"}
        resend = [codec for codec in codecs if codec.mimeType == "video/rtx"]
        transceiver.setCodecPreferences([*(h264[profile] for profile in PROFILES), *resend])
        innards.gather_within(transceiver.sender.transport, GATHERING)
        self._sender = Sender(track, transceiver.sender.transport, clock, packetise=packetise, failed=self._fail)
        innards.take_over(transceiver, self._sender)

    @property
    def reception(self) -> Reception | None:
        """How the viewer gets the picture; None before its first report."""
        return self._sender.reports.last

    async def heard(self) -> int:
        """Returns how many packets came from the viewer so far: it reports on what it gets about once a second."""
        report = await self._connection.getStats()
        return sum(entry.packetsReceived for entry in report.values() if entry.type == "transport")
