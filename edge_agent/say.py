"""Speaking through a camera's loudspeaker from the command line: no broker, no queue, a receipt at the end."""

import asyncio
import time
from collections.abc import Callable, Sequence

from edge_agent.aio.clock import SystemClock
from edge_agent.errors import AgentError, PermanentError, TransientError
from edge_agent.loudspeakers import play_once
from edge_agent.settings import Settings
from edge_agent.talkdown.cache import SoundCache
from edge_agent.talkdown.ear import described
from edge_agent.talkdown.manners import Manners
from edge_agent.talkdown.request import Request
from edge_agent.talkdown.sound import softened, tone
from edge_agent.talkdown.speakers import Speaker
from edge_agent.talkdown.voice import Voice
from edge_agent.values.ids import CameraId
from edge_agent.values.speech import Speech


def loudspeaker(settings: Settings, camera: str) -> Speaker:
    """Returns a camera's loudspeaker.

    Raises:
        PermanentError: there is no such camera, or it has none.
    """
    found = settings.cameras.get(CameraId(camera))
    if found is None:
        raise PermanentError(f"there is no camera {camera!r}", f"choose from: {', '.join(settings.cameras)}")
    if found.speaker is None:
        raise PermanentError(f"camera {camera!r} has no loudspeaker", f"set cameras.{camera}.speaker")
    return found.speaker.build()


async def say(
    settings: Settings, camera: str, request: Request | None, told: Callable[[str], None]
) -> AgentError | None:
    """Speaks, or plays a tone, and tells how far it is.

    Args:
        settings: of the box.
        camera: whose loudspeaker.
        request: what to say, None for a tone.
        told: gets a line for every step, the receipt last.

    Returns:
        What went wrong, None when the loudspeaker accepted everything to the end.
    """
    begun = time.monotonic()
    sounding: list[float] = []

    def started() -> None:
        sounding.append(time.monotonic())
        told(f"sounding   first sound sent {(sounding[0] - begun) * 1000:.0f} ms after the request")

    try:
        speaker = loudspeaker(settings, camera)
        manners = Manners(settings.talkdown, SystemClock(), volume=settings.cameras[CameraId(camera)].volume)
        speech = softened(await _rendered(settings, camera, request, told), manners.volume())
        told(f"connecting {speech.seconds:.1f} s of sound to the loudspeaker of {camera}")
        witness = await play_once(settings.cameras[CameraId(camera)], speaker, speech, started)
    except (TransientError, PermanentError) as exc:
        heard = f"after {time.monotonic() - sounding[0]:.1f} s of sound" if sounding else "nothing sounded"
        told(f"failed     {heard}: {exc.reason}")
        return exc
    except asyncio.CancelledError:
        told("stopped    by the keyboard")
        raise
    told(f"played     {speech.seconds:.1f} s on {camera}, accepted by the loudspeaker to the end")
    if witness is not None:
        told(f"listening  {described(witness)}")
    return None


async def _rendered(settings: Settings, camera: str, request: Request | None, told: Callable[[str], None]) -> Speech:
    if request is None:
        return tone()
    here = settings.cameras[CameraId(camera)]
    voice = Voice(settings.talkdown, SoundCache(settings.agent.state / "spoken")).at(
        place=here.place or settings.agent.place, camera=here.name or camera
    )
    script = voice.script(request)
    told(f"rendering  {_described([line.language for line in script], ' '.join(line.text for line in script))}")
    return await voice.speech(script)


def _described(languages: Sequence[str], text: str) -> str:
    return f"{', '.join(languages)}: {text or 'a recording'}"
