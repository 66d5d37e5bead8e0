"""Looks at a loudspeaker: does it answer, what does it take, how long until it is ready, how loud is it set."""

import time

from edge_agent.aio.clock import SystemClock
from edge_agent.aio.threads import own_thread
from edge_agent.doctor import Finding, State
from edge_agent.loudspeakers import play_once
from edge_agent.settings import CameraSettings
from edge_agent.talkdown.ear import described
from edge_agent.talkdown.loudness import TARGET
from edge_agent.talkdown.manners import Manners
from edge_agent.talkdown.settings import TalkdownSettings
from edge_agent.talkdown.sound import softened, tone
from edge_agent.talkdown.speakers import SpeakerSettings


async def look_at_loudspeaker(
    part: str, speaking: SpeakerSettings, camera: CameraSettings, talkdown: TalkdownSettings, *, aloud: bool
) -> Finding:
    """Connects to it, silently unless told otherwise.

    Args:
        part: its name in the finding.
        speaking: which one.
        camera: whose it is.
        talkdown: hours in which it is softer.
        aloud: whether it plays a tone, for whoever stands below it.
    """
    speaker = speaking.build()
    begun = time.monotonic()
    takes = await speaker.probe()
    ready = (time.monotonic() - begun) * 1000
    volume = (await own_thread(lambda _: Manners(talkdown, SystemClock(), volume=camera.volume), name="hours")).volume()
    said = f"{speaking.kind} takes {takes}, ready after {ready:.0f} ms, messages sound at {TARGET + volume:g} LUFS now"
    if not aloud:
        return Finding(part, State.OK, said)
    begun = time.monotonic()
    sounding: list[float] = []
    heard = await play_once(
        camera, speaker, softened(tone(), volume), started=lambda: sounding.append(time.monotonic())
    )
    said += f"; tone accepted to its end, first sound sent after {(sounding[0] - begun) * 1000:.0f} ms"
    if heard is None:
        return Finding(part, State.OK, said)
    remedy = "" if heard.heard else "listen below it; check its cable, its amplifier, and the camera's microphone"
    return Finding(part, State.OK if heard.heard else State.WARN, f"{said}; {described(heard)}", remedy)
