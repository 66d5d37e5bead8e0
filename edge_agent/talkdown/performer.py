"""One utterance at the loudspeaker, from its rendering to what became of it."""

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from edge_agent.aio.clock import Clock
from edge_agent.errors import AgentError, PermanentError, TransientError
from edge_agent.talkdown.blocks import at_volume
from edge_agent.talkdown.ear import Ear, described
from edge_agent.talkdown.manners import Manners
from edge_agent.talkdown.request import Playing
from edge_agent.talkdown.speakers import Speaker
from edge_agent.talkdown.utterance import Sounding
from edge_agent.talkdown.voice import Voice
from edge_agent.values.event import Heard, Outcome, TalkdownReceipt
from edge_agent.values.speech import Sound, Speech

log = logging.getLogger(__name__)


class Performer:
    """Speaks through one loudspeaker, one utterance at a time.

    Args:
        speaker: the loudspeaker.
        voice: the agent's.
        manners: the loudspeaker's.
        clock: for stamps and lengths.
        changed: told what sounds now, and None when it is over.
        ear: hears whether anything was heard; None where the camera may not, or cannot.

    Attributes:
        voice: the agent's.
        manners: the loudspeaker's.
        clock: for stamps and lengths.
    """

    def __init__(
        self,
        speaker: Speaker,
        voice: Voice,
        manners: Manners,
        clock: Clock,
        *,
        changed: Callable[[Playing | None], None],
        ear: Ear | None = None,
    ) -> None:
        self._speaker = speaker
        self.voice = voice
        self.manners = manners
        self.clock = clock
        self._changed = changed
        self._ear = ear

    async def perform(self, sounding: Sounding) -> TalkdownReceipt:
        """Renders an utterance, waits for its turn in the place, plays it and returns the receipt."""
        utterance, talk = sounding.utterance, sounding.utterance.talk
        try:
            async with sounding.scope:
                sound: Sound = talk or await self.voice.speech(utterance.script)
                sounding.voice = sound.voice if isinstance(sound, Speech) else ""
                async with self.manners.floor.turn(utterance.priority, sounding.give_way):
                    await self._play(sounding, at_volume(sound, self.manners.volume()))
        except TimeoutError:
            if not sounding.stopped:
                raise
            return self.cut_short(sounding, sounding.stopped)
        except (TransientError, PermanentError) as exc:
            return self._ended(sounding, Outcome.FAILED, exc)
        finally:
            if sounding.begun is not None:
                self._changed(None)
        if talk and talk.broken:
            return self._ended(sounding, Outcome.STOPPED, TransientError(talk.broken, "press to talk again"))
        return self._ended(sounding, Outcome.PLAYED)

    def cut_short(self, sounding: Sounding, why: str) -> TalkdownReceipt:
        """Returns the receipt of something that was stopped; only the listening may have been, and all of it played."""
        if sounding.over is not None:
            return self._ended(sounding, Outcome.PLAYED)
        return self._ended(sounding, Outcome.STOPPED, TransientError(why))

    async def _play(self, sounding: Sounding, sound: Sound) -> None:
        """Plays a sound, and where somebody listens keeps the floor for as long as it may take to be heard."""
        sounding.sound = sound
        if self._ear is None or not isinstance(sound, Speech):
            await self._speaker.play(sound, partial(self._begin, sounding))
            return
        over = partial(self._listen_on, sounding)
        sounding.acoustic = await self._ear.check(self._speaker, sound, partial(self._begin, sounding), over)
        if not sounding.acoustic.heard:
            log.warning("%s: %s", sounding.utterance.id, described(sounding.acoustic))

    def _listen_on(self, sounding: Sounding) -> None:
        sounding.over = self.clock.wall()
        sounding.acoustic = Heard(None, reason="something more urgent came before it could be told")

    def _begin(self, sounding: Sounding) -> None:
        sounding.begun, sounding.since = self.clock.monotonic(), self.clock.wall()
        self.manners.count()
        utterance, asked = sounding.utterance, sounding.utterance.request
        self._changed(
            Playing(
                utterance.id,
                asked.actor,
                asked.message,
                utterance.language,
                utterance.text,
                sounding.since,
                live=utterance.talk is not None,
            )
        )

    def _ended(self, sounding: Sounding, outcome: Outcome, error: AgentError | None = None) -> TalkdownReceipt:
        """Returns the receipt of something that had its turn."""
        receipt = sounding.utterance.receipt(
            outcome,
            begun=sounding.since,
            ended=sounding.over or self.clock.wall(),
            voice=sounding.voice,
            seconds=sounding.seconds(self.clock.monotonic(), whole=outcome is Outcome.PLAYED),
            error=error,
        )
        return replace(receipt, acoustic=sounding.acoustic)
