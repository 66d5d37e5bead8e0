"""What of one camera is decoded and what is worth understanding: asleep and awake, and the pace of analysis."""

from edge_agent.motion import LATE, MotionSettings
from edge_agent.motion.gate import Gate
from edge_agent.values.frame import Frame
from edge_agent.values.geometry import Box
from edge_agent.values.packet import Packet
from edge_agent.values.time import Monotonic


class Lookout:
    """Decides for one camera; used by the thread that decodes.

    Asleep, only key frames are wanted, as long as they come often enough to notice movement in time.

    Args:
        settings: when it is worth looking.
        fps: pictures understood a second at most.

    Attributes:
        followed: whether anybody is being followed, which keeps it awake; written by whoever tracks.
    """

    def __init__(self, settings: MotionSettings, fps: float) -> None:
        self.followed = False
        self._gate = Gate(settings)
        self._within = settings.notice_within
        self._shortest = 1 / fps
        self._passed: Monotonic | None = None
        self._last_key: Monotonic | None = None
        self._sparse = True
        self._awake = False

    @property
    def moving(self) -> Box | None:
        """What moved in the picture that was passed last, None where nothing did; may be read by any thread."""
        return self._gate.moving

    def wants(self, packet: Packet) -> bool:
        """Returns whether to decode a packet; one after an unwanted one needs all since the key frame before it."""
        if packet.key:
            self._sparse = self._last_key is None or packet.arrived - self._last_key > LATE * self._within
            self._last_key = packet.arrived
        return packet.key or self._awake or self.followed or self._sparse

    def passes(self, frame: Frame) -> bool:
        """Returns whether a decoded picture is worth understanding."""
        # A hair less than the interval: arrival jitters, and a frame skipped for it would halve the rate.
        if self._passed is not None and frame.arrived - self._passed < 0.9 * self._shortest:
            return False
        self._passed = frame.arrived
        self._awake = self._gate.opens(frame)
        return self._awake or self.followed
