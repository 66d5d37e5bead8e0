"""The settings that photos and footage are looked at with: a site's own, or the usual ones under a profile."""

from pathlib import Path

from edge_agent.errors import PermanentError
from edge_agent.policy import Profile, policy_for
from edge_agent.settings import CameraSettings, Settings, load_settings, parse_settings
from edge_agent.values.ids import CameraId


def read_site(config: Path | None, profile: Profile | None) -> Settings:
    """Returns a site's settings; without a file, those of one camera under a profile, which the environment may change.

    Raises:
        PermanentError: neither says on which legal ground people are looked at, or both do.
    """
    if config is not None:
        if profile is not None:
            raise PermanentError(f"the profile is the one in {config}", "leave --profile out")
        return load_settings(config)
    individual = profile is not None and policy_for(profile).individual_events
    rule = {"kind": "mask", "mode": "alert" if individual else "statistics"}
    camera = {"source": {"kind": "file", "path": "footage"}, "rules": {"mask": rule}}
    ground = {"policy": {"profile": profile}} if profile is not None else {}
    return parse_settings({**ground, "cameras": {"footage": camera}}, "--profile and the environment")


def choose_camera(settings: Settings, name: str | None) -> CameraSettings:
    """Returns the camera whose masks, zones and rules footage is looked at with.

    Raises:
        PermanentError: there is none of that name, or several and no name.
    """
    if name is None and len(settings.cameras) == 1:
        return next(iter(settings.cameras.values()))
    camera = settings.cameras.get(CameraId(name)) if name is not None else None
    if camera is None:
        wrong = f"there is no camera {name}" if name is not None else "there are several cameras"
        raise PermanentError(wrong, f"say whose masks and rules hold: --camera {'|'.join(settings.cameras)}")
    return camera
