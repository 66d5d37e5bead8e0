"""Every topic of the contract with the control room, version 1, in one place."""

import re
from dataclasses import dataclass

from edge_agent.events.outbox import Entry
from edge_agent.values.ids import AgentId, CameraId

_LONGEST = 256


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one agent.

    Attributes:
        prefix: before the agent's name.
        agent: the agent's name.
    """

    prefix: str
    agent: AgentId

    @property
    def root(self) -> str:
        """What every topic of this agent begins with; a broker's ACL lets it write nowhere else."""
        return f"{self.prefix}/{self.agent}"

    @property
    def status(self) -> str:
        """Whether the agent is there; retained, and the will."""
        return f"{self.root}/status"

    @property
    def commands(self) -> str:
        """Filter for every command."""
        return f"{self.root}/command/+"

    def event(self, entry: Entry) -> str:
        """Where an event goes."""
        return f"{self._place(entry.camera)}/event/{entry.type}"

    def snapshot(self, entry: Entry) -> str:
        """Where an event's picture goes."""
        return f"{self._place(entry.camera)}/snapshot/{entry.id}"

    def under(self, suffix: str) -> str:
        """Where a retained state or a report goes, such as ``info`` or ``camera/street/status``."""
        return f"{self.root}/{suffix}"

    def command(self, topic: str) -> str:
        """Returns the name of the command that came on a topic."""
        return topic.removeprefix(f"{self.root}/command/")

    def command_named(self, name: str) -> str:
        """Where a command goes."""
        return f"{self.root}/command/{name}"

    def reply(self, command: str) -> str:
        """Where a command is answered that names no topic of its own."""
        return f"{self.root}/reply/{command}"

    def accepts(self, topic: str) -> bool:
        """Whether an asker may choose a topic for the answer.

        Only under ``reply``, so that nobody makes the agent write what looks like a status or an event.
        """
        level = re.escape(f"{self.root}/reply/")
        return len(topic) <= _LONGEST and re.fullmatch(level + r"[^+#\x00-\x1f]+", topic) is not None

    def _place(self, camera: CameraId | None) -> str:
        return self.root if camera is None else f"{self.root}/camera/{camera}"


CAMERA_STATUS = "camera/{}/status"
"""Suffix of a camera's retained status, for ``Uplink.retain``."""
CAMERA_SCENE = "camera/{}/scene"
"""Suffix of what is seen at a camera now, for ``Moments.tell``."""
CAMERA_SPEECH = "camera/{}/speech"
"""Suffix of what a loudspeaker says now, for ``Moments.tell``."""
SNAPSHOT = "camera/{}/snapshot/{}"
"""Suffix of the picture of a camera's event."""
CAMERA_VIEWER = "camera/{}/viewer/{}"
"""Suffix of which stream a viewer gets now whom a command let in, for ``Moments.tell``."""
INFO = "info"
"""Suffix of the retained description of the box."""
HEALTH = "health"
"""Suffix of the heartbeat."""
