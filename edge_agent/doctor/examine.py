"""The whole examination, in the order in which a box is put up, all parts at once."""

import asyncio
from collections.abc import Awaitable, Sequence

from edge_agent.doctor import Finding
from edge_agent.doctor.attempt import attempt
from edge_agent.doctor.box import look_at_broker, look_at_models, look_at_state, look_at_voices
from edge_agent.doctor.cameras import look_at_camera
from edge_agent.doctor.control import look_at_control
from edge_agent.doctor.loudspeakers import look_at_loudspeaker
from edge_agent.settings import Settings


async def examine(settings: Settings, *, aloud: bool) -> Sequence[Finding]:
    """Looks at every part and returns one finding each; a part that hangs delays nobody.

    Args:
        settings: of the box.
        aloud: whether loudspeakers play a tone.
    """
    looks: dict[str, Awaitable[Finding | str]] = {
        "state folder": look_at_state(settings),
        "models": look_at_models(settings),
        "voices": look_at_voices(settings),
        "broker": look_at_broker(settings),
    }
    for name, camera in settings.cameras.items():
        part = f"camera {name}"
        looks[part] = look_at_camera(part, camera)
        if camera.sub is not None:
            part = f"sub-stream of {name}"
            looks[part] = look_at_camera(part, camera, camera.sub)
        if camera.onvif is not None:
            looks[f"control of {name}"] = look_at_control(camera.onvif)
        if camera.speaker is not None:
            part = f"loudspeaker {name}"
            looks[part] = look_at_loudspeaker(part, camera.speaker, camera, settings.talkdown, aloud=aloud)
    return await asyncio.gather(*(attempt(part, look) for part, look in looks.items()))
