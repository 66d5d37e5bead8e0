"""One agent as the console knows it: what the broker keeps of it, what it told last, and how that looks on the page."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from edge_agent.console.told import CameraStatusTold, CameraTold, InfoTold
from edge_agent.events.envelope import stamp
from edge_agent.uplink.wire import StatusMessage
from edge_agent.values.time import Monotonic

UNHEARD = StatusMessage(state="offline", boot="", version="", reason="nothing was heard of it yet")
_NO_STATUS = CameraStatusTold(state="offline", reason="the box did not say yet how it is")


class Box:
    """One agent.

    Args:
        agent: its id.
        heard: when it was heard of first.

    Attributes:
        id: its id.
        info: what it is, as it told.
        heard: when it was heard of last.
    """

    def __init__(self, agent: str, heard: Monotonic) -> None:
        self.id = agent
        self.info = InfoTold()
        self.heard = heard
        self._status = UNHEARD
        self._since: datetime | None = None
        self._silent = ""
        self._cameras: dict[str, CameraTold] = {}
        self._statuses: dict[str, CameraStatusTold] = {}

    @property
    def online(self) -> bool:
        """Whether it says so and is heard of."""
        return self._status.state == "online" and not self._silent

    @property
    def challenge(self) -> str:
        """What a token may carry to prove that it is new, empty where the agent asks for none."""
        return self._status.challenge

    @property
    def reason(self) -> str:
        """Why it is offline, empty when it is not."""
        return self._silent or ("" if self.online else self._status.reason)

    def camera(self, name: str) -> CameraTold | None:
        """Returns one of its cameras by its id on the box."""
        return self._cameras.get(name)

    def take_info(self, info: InfoTold) -> Sequence[str] | None:
        """Takes what it is; returns which of its cameras can something else now, None where more than that is new."""
        before, self._cameras = self._cameras, {camera.id: camera for camera in info.cameras}
        as_it_was = self.info.model_copy(update={"cameras": info.cameras}) == info
        changed = [name for name, camera in self._cameras.items() if before.get(name) != camera]
        self.info = info
        self._statuses = {name: told for name, told in self._statuses.items() if name in self._cameras}
        return changed if as_it_was and before.keys() == self._cameras.keys() else None

    def take_status(self, status: StatusMessage, at: datetime, *, kept: bool) -> bool:
        """Takes whether it is there; returns whether that is new.

        Args:
            status: as it told, or its will.
            at: now.
            kept: whether the broker had kept it: then nobody knows since when it is so.
        """
        before = (self.online, self._status.boot)
        self._status, self._silent = status, ""
        changed = before != (self.online, status.boot)
        if changed:
            self._since = None if kept else at
        return changed

    def take_camera(self, name: str, status: CameraStatusTold) -> bool:
        """Takes how a camera is; returns whether that is new."""
        if self._statuses.get(name) == status:
            return False
        self._statuses[name] = status
        return True

    def fall_silent(self, reason: str, at: datetime) -> None:
        """Notes that it is not heard of though it said that it is there."""
        self._silent, self._since = reason, at

    def speak_again(self) -> bool:
        """Notes that it is heard of; returns whether it had fallen silent."""
        was, self._silent = self._silent, ""
        if was:
            self._since = None
        return bool(was)

    def describe(self) -> Mapping[str, object]:
        """Returns the box as the page knows it."""
        info = self.info
        return {
            "id": self.id,
            "name": info.agent.name or self.id,
            "place": info.agent.place,
            "version": info.agent.version or self._status.version,
            "state": "online" if self.online else "offline",
            "reason": self.reason,
            "since": stamp(self._since) if self._since else None,
            "policy": info.policy,
            "messages": [message.model_dump() for message in info.messages],
            "languages": list(info.languages),
        }

    def describe_camera(self, camera: CameraTold) -> Mapping[str, object]:
        """Returns one of its cameras as the page knows it."""
        status = self._statuses.get(camera.id, _NO_STATUS)
        if not self.online:
            remedy = "look at the box's power and network"
            status = CameraStatusTold(state="offline", reason=f"the box is offline: {self.reason}", remedy=remedy)
        return {
            **camera.model_dump(),
            "id": f"{self.id}:{camera.id}",
            "agent": self.id,
            "name": camera.name or camera.id,
            "width": 0,
            "height": 0,
            **status.model_dump(),
        }
