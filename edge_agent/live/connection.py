"""A WebRTC connection from its offer to its end, whatever travels on it."""

import asyncio
import logging
from collections.abc import Sequence

from aiortc import RTCBundlePolicy, RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from aiortc.exceptions import InternalError, InvalidAccessError, InvalidStateError, OperationError

from edge_agent.errors import PermanentError
from edge_agent.live import innards
from edge_agent.live.settings import IceServer

GATHERING = 1
"""Seconds that relays and STUN servers are waited for: one that is down must not hold up those who need none."""

log = logging.getLogger(__name__)

# They tell each candidate of each viewer, twenty lines for a picture; what matters to people is told by the sessions.
for library in ("aioice", "aiortc"):
    logging.getLogger(library).setLevel(logging.WARNING)


class Connection:
    """Base of what sends a picture and of what hears a voice.

    Args:
        ice_servers: how we may be reached beside directly.
        remedy: for an offer that cannot be answered.
    """

    def __init__(self, ice_servers: Sequence[IceServer], remedy: str) -> None:
        # A list even when it is empty: for None the library would ask a public STUN server.
        servers = [
            RTCIceServer(list(server.urls), server.username or None, server.credential.get_secret_value() or None)
            for server in ice_servers
        ]
        self._connection = RTCPeerConnection(RTCConfiguration(servers, bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        self._connecting = innards.own_connecting(self._connection)
        self._changed = asyncio.Event()
        self._connection.on("connectionstatechange", self._changed.set)
        self._remedy = remedy
        self._failed = False

    @property
    def state(self) -> str:
        """As in WebRTC: ``new``, ``connecting``, ``connected``, ``failed`` or ``closed``."""
        return "failed" if self._failed else self._connection.connectionState

    async def answer(self, offer: str) -> str:
        """Returns the answer to an admitted offer, all candidates in it.

        Raises:
            PermanentError: the offer cannot be answered after all.
        """
        try:
            await self._connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
            self._agree()
            await self._connection.setLocalDescription(await self._connection.createAnswer())
        except (
            *(ValueError, LookupError, TypeError, AttributeError, AssertionError),
            *(InternalError, InvalidAccessError, InvalidStateError, OperationError),
        ) as exc:
            raise PermanentError("the offer cannot be answered", self._remedy, code="offer_invalid") from exc
        return self._connection.localDescription.sdp

    async def change(self) -> None:
        """Waits for another state, or for ``wake``."""
        await self._changed.wait()
        self._changed.clear()

    def wake(self) -> None:
        """Makes whoever waits for a change look again."""
        self._changed.set()

    async def close(self) -> None:
        """Ends the connection; no task, socket or track is left."""
        await settle(self._connecting)
        # Whatever the library trips over, one connection's end must not be everybody's.
        for outcome in await asyncio.gather(self._connection.close(), return_exceptions=True):
            if isinstance(outcome, Exception):
                log.error("a connection was not closed cleanly: %r", outcome)

    def _agree(self) -> None:
        """Adds to what was agreed on with an offer what the library would not; called before it is answered."""

    def _fail(self) -> None:
        self._failed = True
        self._changed.set()


async def settle(tasks: list[asyncio.Task[None]]) -> None:
    """Ends the tasks in which a connection comes up, before it is closed."""
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, Exception):
            log.warning("a connection did not come up: %r", outcome)
