"""Looks at a loudspeaker: does it answer, what does it take, how long until it is ready."""

import time

from edge_agent.doctor import Finding, State
from edge_agent.talkdown.sound import tone
from edge_agent.talkdown.speakers import SpeakerSettings


async def look_at_loudspeaker(part: str, settings: SpeakerSettings, *, aloud: bool) -> Finding:
    """Connects to it, silently unless told otherwise.

    Args:
        part: its name in the finding.
        settings: which one.
        aloud: whether it plays a tone, for whoever stands below it.
    """
    speaker = settings.build()
    begun = time.monotonic()
    takes = await speaker.probe()
    said = f"{settings.kind} takes {takes}, ready after {(time.monotonic() - begun) * 1000:.0f} ms"
    if aloud:
        begun = time.monotonic()
        sounding: list[float] = []
        await speaker.play(tone(), lambda: sounding.append(time.monotonic()))
        said += f"; tone accepted to its end, first sound sent after {(sounding[0] - begun) * 1000:.0f} ms"
    return Finding(part, State.OK, said)
