"""Whether the agent is there, told so that it is true: at birth, each minute, at the end, and by the will."""

import asyncio
import logging
from typing import Literal

from aiomqtt import MqttError, Will
from pydantic import ValidationError

from edge_agent import __version__
from edge_agent.uplink.connection import Connection
from edge_agent.uplink.tokens import Guard
from edge_agent.uplink.topics import Topics
from edge_agent.uplink.wire import StatusMessage

log = logging.getLogger(__name__)

_AGAIN_EVERY = 60.0  # seconds; half of how long a challenge may be answered
_FAREWELL = 1.0  # seconds to say that the agent ends; with the good-bye of the connection well within two


class Presence:
    """Tells the status over whatever connection there is.

    A broker that answers pings may have given the agent up all the same: a proxy between them, a cluster that parted,
    a will that came late. So the status is told again each minute, and a broker that does not acknowledge it in time
    counts as lost.

    Args:
        topics: the agent's.
        boot: this run of the agent.
        guard: makes the challenges; None where commands need no token.

    Attributes:
        stranger: whether another run than this one told a status since this one did; whoever reads it may reset it.
    """

    def __init__(self, topics: Topics, boot: str, guard: Guard | None) -> None:
        self._topics = topics
        self._boot = boot
        self._guard = guard
        self._births = 0
        self.stranger = False

    @property
    def will(self) -> Will:
        """What the broker tells when the connection is lost."""
        return Will(self._topics.status, self._status("offline", "the connection was lost"), qos=1, retain=True)

    async def announce(self, connection: Connection) -> None:
        """Tells that the agent is there and returns when the broker has it."""
        challenge = self._guard.challenge() if self._guard else ""
        status = self._status("online", challenge=challenge)
        await connection.tell(self._topics.status, status, retain=True, within=connection.keepalive)

    async def be_born(self, connection: Connection) -> None:
        """Tells it for the first time on a connection."""
        await self.announce(connection)
        self._births += 1

    def hear(self, payload: bytes) -> None:
        """Takes what somebody told as this agent's status; before the second birth that may be an earlier run's."""
        try:
            told = StatusMessage.model_validate_json(payload)
        except ValidationError:
            return
        self.stranger |= self._births > 1 and told.boot != self._boot

    async def keep_true(self, connection: Connection) -> None:
        """Tells it again and again until the connection ends, which is an error."""
        while True:
            await asyncio.sleep(_AGAIN_EVERY)
            await self.announce(connection)

    async def take_leave(self, connection: Connection, reason: str) -> None:
        """Tells that the agent is not there any more; a broker that hangs is not waited for."""
        try:
            async with asyncio.timeout(_FAREWELL):
                await connection.tell(self._topics.status, self._status("offline", reason), retain=True)
        except (TimeoutError, MqttError) as exc:
            log.warning("could not tell the broker that the agent is gone: %s", exc)

    def _status(self, state: Literal["online", "offline"], reason: str = "", challenge: str = "") -> bytes:
        told = StatusMessage(state=state, boot=self._boot, version=__version__, reason=reason, challenge=challenge)
        return told.model_dump_json().encode()
