"""All loudspeakers of a box: who speaks through them, by itself or because somebody asked, and in which voice."""

import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from pathlib import Path

from edge_agent.aio.clock import Clock, SystemClock
from edge_agent.settings import CameraSettings, Settings
from edge_agent.talkdown.announcer import Announcer
from edge_agent.talkdown.automatic import AutomaticTalkdown
from edge_agent.talkdown.cache import SoundCache
from edge_agent.talkdown.ear import Ear
from edge_agent.talkdown.floor import Floor
from edge_agent.talkdown.manners import Manners
from edge_agent.talkdown.performer import Performer
from edge_agent.talkdown.request import Playing
from edge_agent.talkdown.speakers import Speaker
from edge_agent.talkdown.voice import Voice
from edge_agent.values.event import EventData, Heard, MaskVerdict
from edge_agent.values.ids import CameraId
from edge_agent.values.speech import Speech
from edge_agent.values.track import Scene

log = logging.getLogger(__name__)


class Loudspeakers:
    """The cameras that speak.

    Args:
        settings: of the box.
        spoken: folder for what was rendered.
        clock: for all of them.
        tell: makes a camera's events.
        changed: told what a camera's loudspeaker plays now, None for nothing.

    Attributes:
        announcers: one for each camera with a loudspeaker.
    """

    def __init__(
        self,
        settings: Settings,
        spoken: Path,
        clock: Clock,
        *,
        tell: Callable[[CameraId, EventData], Awaitable[None]],
        changed: Callable[[CameraId, Playing | None], None],
    ) -> None:
        self.announcers: dict[CameraId, Announcer] = {}
        self._automatic: dict[CameraId, AutomaticTalkdown] = {}
        self._voices: list[Voice] = []
        voice = Voice(settings.talkdown, SoundCache(spoken))
        squares: dict[str, Floor] = defaultdict(Floor)
        for name, camera in settings.cameras.items():
            if camera.speaker is None:
                continue
            here = voice.at(place=camera.place or settings.agent.place, camera=camera.name or name)
            manners = Manners(settings.talkdown, clock, floor=squares[camera.square or name], volume=camera.volume)
            performer = Performer(
                camera.speaker.build(),
                here,
                manners,
                clock,
                changed=partial(changed, name),
                ear=ear(camera, clock),
            )
            announcer = Announcer(name, performer, told=partial(tell, name))
            self.announcers[name] = announcer
            self._voices.append(here)
            if camera.automatic_talkdown:
                self._automatic[name] = AutomaticTalkdown(
                    settings.talkdown, settings.allowed, clock, utter=announcer.utter, tell=partial(tell, name)
                )

    def tasks(self) -> dict[str, Coroutine[object, object, object]]:
        """Returns what has to run for as long as anything may speak, by name."""
        return {
            "voices": self._prepare(),
            **{f"{name}: automatic talk-down": automatic.run() for name, automatic in self._automatic.items()},
            **{f"{name}: loudspeaker": announcer.run() for name, announcer in self.announcers.items()},
        }

    def see(self, name: CameraId, scene: Scene) -> None:
        """Shows a camera's scene to whoever speaks there by itself."""
        if automatic := self._automatic.get(name):
            automatic.see(scene)

    def consider(self, name: CameraId, data: EventData) -> None:
        """Lets whoever speaks by itself know what a camera's rules made of it."""
        automatic = self._automatic.get(name)
        if automatic is not None and isinstance(data, MaskVerdict):
            automatic.consider(data)

    async def _prepare(self) -> None:
        """Renders the catalogue ahead, so that the first message is as quick as the second."""
        for voice in self._voices:
            for trouble in await voice.prepare():
                log.warning("%s", trouble)


def ear(camera: CameraSettings, clock: Clock) -> Ear | None:
    """Returns what hears whether a camera is heard; None where it is not to listen, as the settings made sure."""
    microphone = camera.source.microphone() if camera.hears_itself else None
    return Ear(microphone, clock) if microphone else None


async def play_once(
    camera: CameraSettings, speaker: Speaker, speech: Speech, started: Callable[[], None]
) -> Heard | None:
    """Plays a speech outside any queue and returns whether it was heard; None where the camera is not to listen.

    Raises:
        AgentError: as ``Speaker.play``.
    """
    if listener := ear(camera, SystemClock()):
        return await listener.check(speaker, speech, started)
    await speaker.play(speech, started)
    return None
