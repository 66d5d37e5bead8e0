"""One camera's packets into its ring, for ever: connects again, notices silence, tells what state the camera is in."""

import asyncio
import logging
import random
import threading
from collections import deque
from collections.abc import Callable
from contextlib import closing
from functools import partial

from edge_agent.aio.clock import Clock
from edge_agent.aio.ending import see_out
from edge_agent.aio.restart import Backoff, forever
from edge_agent.aio.ring import Ring
from edge_agent.aio.threads import own_thread
from edge_agent.capture.sources import Source
from edge_agent.errors import PermanentError, TransientError
from edge_agent.values.event import CameraState, CameraStatus
from edge_agent.values.packet import Packet, StreamInfo
from edge_agent.values.time import Monotonic

_OPENING = 30.0
"""Seconds without a first packet after which even a name look-up is given up; sources give up connecting earlier."""

_GRACE = 1.5
"""Seconds that a hanging native call is waited for: silence is to be told within ten."""

_MEASURED = 50
"""Packets that the rate is measured over: two seconds of an ordinary camera."""

log = logging.getLogger(__name__)


class Capture:
    """Keeps a ring filled from a source; ``run`` belongs to one camera's TaskGroup.

    The source runs in a thread of its own for each connection; everything else happens on the event loop.

    Args:
        source: where packets come from.
        ring: where they go; emptied when a connection ends.
        clock: tells how long it has been silent.
        rng: for the jitter of the back-off.
        changed: told of every change of the camera's state, on the event loop.
        stall: seconds of silence that end a connection.
        backoff: how long to wait before the next one.

    Attributes:
        stream: what the camera sends, None until its first key frame.
        packets: how many came since the start.
        bytes: how many came since the start.
        restarts: how many connections failed since the start.
        arrived: when the newest packet came, None while disconnected.
    """

    def __init__(
        self,
        source: Source,
        ring: Ring[Packet],
        *,
        clock: Clock,
        rng: random.Random,
        changed: Callable[[CameraStatus], None],
        stall: float = 8.0,
        backoff: Backoff | None = None,
    ) -> None:
        self.stream: StreamInfo | None = None
        self.packets = 0
        self.bytes = 0
        self.restarts = 0
        self.arrived: Monotonic | None = None
        self._source = source
        self._ring = ring
        self._clock = clock
        self._rng = rng
        self._changed = changed
        self._stall = stall
        self._backoff = backoff or Backoff()
        self._told: CameraStatus | None = None
        self._arrivals: deque[Monotonic] = deque(maxlen=_MEASURED)

    @property
    def rate(self) -> float:
        """Pictures a second, measured; 0 while unknown."""
        arrivals = list(self._arrivals)
        if self.arrived is None or len(arrivals) < 2:  # noqa: PLR2004 - one interval has two ends
            return 0.0
        return (len(arrivals) - 1) / max(arrivals[-1] - arrivals[0], 1e-3)

    async def run(self) -> None:
        """Captures for ever; may be run again after it ended, and then tells the state anew."""
        self._told = None
        await forever(self._once, failed=self._failed, backoff=self._backoff, rng=self._rng)

    async def _once(self) -> None:
        """Captures over one connection until it fails."""
        loop = asyncio.get_running_loop()
        begun = self._clock.monotonic()
        thread = asyncio.create_task(
            own_thread(partial(self._pump, loop), name="capture", grace=_GRACE), name="capture"
        )
        try:
            while not thread.done():
                patience, since = (_OPENING, begun) if self.arrived is None else (self._stall, self.arrived)
                silence = self._clock.monotonic() - since
                if silence >= patience:
                    raise TransientError(
                        f"nothing came for {silence:.0f} seconds",
                        "check the camera's network; restart the camera if this goes on",
                    )
                # Not longer than the shorter patience: the first packet wakes nobody.
                await asyncio.wait([thread], timeout=min(patience - silence, self._stall))
            thread.result()
        finally:
            thread.cancel()
            try:
                await see_out(thread)
            finally:
                if not thread.cancelled():
                    thread.exception()  # told already, or overtaken by the cancellation of this camera
                self.arrived = None
                self._arrivals.clear()
                self._ring.clear()

    def _pump(self, loop: asyncio.AbstractEventLoop, stop: threading.Event) -> None:
        online = False
        with closing(self._source.packets(stop)) as packets:
            for packet in packets:
                if stop.is_set():
                    return
                self.arrived = packet.arrived
                self._arrivals.append(packet.arrived)
                self.packets += 1
                self.bytes += packet.size
                self.stream = packet.stream
                self._ring.append(packet)
                if packet.key and not online:
                    online = True
                    loop.call_soon_threadsafe(self._tell, CameraStatus(CameraState.ONLINE))

    def _failed(self, exc: TransientError | PermanentError, wait: float) -> None:
        self.restarts += 1
        log.debug("%s; trying again in %.0f s", exc, wait)
        self._tell(CameraStatus(CameraState.OFFLINE, exc.reason, exc.remedy))

    def _tell(self, status: CameraStatus) -> None:
        if status != self._told:
            self._told = status
            self._changed(status)
