"""The control interfaces of a box's cameras: what turns them, and what asks them for key frames."""

import random
from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING

from edge_agent.aio.clock import Clock
from edge_agent.onvif.keys import KeyFrames
from edge_agent.onvif.ptz import Ptz
from edge_agent.settings import Settings
from edge_agent.values.ids import CameraId

if TYPE_CHECKING:
    from edge_agent.onvif.device import OnvifDevice


class Controls:
    """The cameras that have an ONVIF address.

    Args:
        settings: of the box.
        clock: for all of them.
        rng: jitter between tries to reach one.
        changed: told when it is known whether a camera can be turned.

    Attributes:
        ptzs: what turns those that may be turned.
        keys: what asks for key frames.
    """

    def __init__(
        self, settings: Settings, clock: Clock, rng: random.Random, *, changed: Callable[[CameraId], None]
    ) -> None:
        self._devices: dict[CameraId, OnvifDevice] = {}
        self.ptzs: dict[CameraId, Ptz] = {}
        self.keys: dict[CameraId, KeyFrames] = {}
        for name, camera in settings.cameras.items():
            if camera.onvif is None:
                continue
            device = self._devices[name] = camera.onvif.build()
            self.keys[name] = KeyFrames(device, clock)
            if camera.onvif.ptz:
                self.ptzs[name] = Ptz(device, clock, rng, changed=partial(changed, name))

    def connections(self) -> dict[str, Coroutine[object, object, object]]:
        """Returns what must outlive everything that asks a camera for something, by name."""
        return {f"{name}: ONVIF": device.run() for name, device in self._devices.items()}

    def tasks(self) -> dict[str, Coroutine[object, object, object]]:
        """Returns what has to run while cameras may be turned, by name."""
        return {
            **{f"{name}: PTZ": ptz.run() for name, ptz in self.ptzs.items()},
            **{f"{name}: key frames": keys.run() for name, keys in self.keys.items()},
        }
