"""One camera's ONVIF services: the only place that knows the library."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from onvif import ONVIFCamera

from edge_agent.errors import PermanentError
from edge_agent.onvif.failures import RAISED, failure
from edge_agent.onvif.ptz import RELEASE, Preset, Velocity
from edge_agent.onvif.settings import OnvifSettings

_PRESETS = 300
"""More than any camera keeps; what a broken one sends beyond that is not passed on."""

_NAME = 64
"""Letters of a preset's name."""


@dataclass(frozen=True, slots=True)
class _Services:
    """What a connected camera offers."""

    camera: ONVIFCamera
    media: Any
    ptz: Any
    profile: str


class OnvifDevice:
    """See ``Mechanics``. Connects when it is first asked for something, and anew after a failure.

    Args:
        settings: where it is.
    """

    def __init__(self, settings: OnvifSettings) -> None:
        self._settings = settings
        self._where = f"the camera at {settings.address.netloc}"
        self._connecting = asyncio.Lock()
        self._services: _Services | None = None

    async def turns(self) -> bool:
        """See ``Mechanics``."""
        async with self._asking() as services:
            return services.ptz is not None

    async def move(self, velocity: Velocity) -> None:
        """See ``Mechanics``."""
        axes: dict[str, object] = {}
        if velocity.pan is not None and velocity.tilt is not None:
            axes["PanTilt"] = {"x": velocity.pan, "y": velocity.tilt}
        if velocity.zoom is not None:
            axes["Zoom"] = {"x": velocity.zoom}
        async with self._turning() as services:
            # Few cameras heed the time-out, so ``Ptz`` stops the camera as well.
            asked = {"ProfileToken": services.profile, "Velocity": axes, "Timeout": timedelta(seconds=RELEASE)}
            await services.ptz.ContinuousMove(asked)

    async def stop(self) -> None:
        """See ``Mechanics``."""
        async with self._turning() as services:
            await services.ptz.Stop({"ProfileToken": services.profile, "PanTilt": True, "Zoom": True})

    async def presets(self) -> Sequence[Preset]:
        """See ``Mechanics``."""
        async with self._turning() as services:
            found = await services.ptz.GetPresets({"ProfileToken": services.profile})
            return [
                Preset(str(preset.token), str(preset.Name or preset.token)[:_NAME])
                for preset in (found or ())[:_PRESETS]
                if preset.token
            ]

    async def recall(self, preset: str) -> None:
        """See ``Mechanics``."""
        async with self._turning() as services:
            await services.ptz.GotoPreset({"ProfileToken": services.profile, "PresetToken": preset})

    async def make_key(self) -> None:
        """Asks the camera for a key frame (SetSynchronizationPoint, ONVIF Media 5.18.1).

        Raises:
            TransientError: it does not answer.
            PermanentError: it refuses.
        """
        async with self._asking() as services:
            await services.media.SetSynchronizationPoint({"ProfileToken": services.profile})

    async def run(self) -> None:
        """Ends all connections when it is cancelled; what asks the camera for something ends before."""
        try:
            await asyncio.Event().wait()
        finally:
            await self.close()

    async def close(self) -> None:
        """Ends all connections; it may be asked again."""
        services, self._services = self._services, None
        if services is not None:
            await services.camera.close()

    @asynccontextmanager
    async def _turning(self) -> AsyncIterator[_Services]:
        async with self._asking() as services:
            if services.ptz is None:
                raise PermanentError(
                    f"{self._where} cannot be turned", "its model has no PTZ, or it is switched off", code="no_ptz"
                )
            yield services

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[_Services]:
        """Connects where needed; whatever fails within is translated, and the next request connects anew."""
        try:
            async with asyncio.timeout(self._settings.timeout):
                async with self._connecting:
                    services = self._services = self._services or await self._connect()
                yield services
        except RAISED as exc:
            await self.close()
            raise failure(exc, self._where) from exc

    async def _connect(self) -> _Services:
        parts = self._settings.address
        port = parts.port or (443 if parts.scheme == "https" else 80)
        user, password = self._settings.username, self._settings.password.get_secret_value()
        camera = ONVIFCamera(
            f"{parts.scheme}://{_bracketed(parts.hostname or '')}",
            port,
            user,
            password,
            no_cache=True,  # it is a file in the user's home
            adjust_time=True,  # many cameras' clocks are wrong
        )
        try:
            await camera.update_xaddrs()  # type: ignore[no-untyped-call] # the library has types in part
            # An answer must not send the password to another host; behind address translation it would be a wrong one.
            camera.xaddrs = {
                service: urlsplit(url)._replace(scheme=parts.scheme, netloc=parts.netloc).geturl()
                for service, url in camera.xaddrs.items()
            }
            media = await camera.create_media_service()
            profiles = await media.GetProfiles() or []
            turning = [profile for profile in profiles if profile.PTZConfiguration is not None]
            ptz = await camera.create_ptz_service() if turning else None
            return _Services(camera, media, ptz, str((turning or profiles)[0].token))
        except BaseException:
            await camera.close()
            raise


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
