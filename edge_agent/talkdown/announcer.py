"""One loudspeaker's queue: one voice at a time, the urgent one first, and a receipt for everything that was asked."""

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid4

from edge_agent.aio.clock import Clock
from edge_agent.errors import AgentError, PermanentError, TransientError
from edge_agent.talkdown.manners import Manners
from edge_agent.talkdown.messages import LONGEST_TEXT
from edge_agent.talkdown.request import Playing, Request
from edge_agent.talkdown.sound import softened
from edge_agent.talkdown.speakers import Speaker
from edge_agent.talkdown.voice import Line, Voice
from edge_agent.values.event import Outcome, TalkdownReceipt
from edge_agent.values.ids import CameraId
from edge_agent.values.speech import Speech
from edge_agent.values.time import Monotonic

log = logging.getLogger(__name__)

WORDS_PRIORITY = 60
"""Of a person's own words: above an ordinary message, for that person sees what goes on."""


@dataclass(frozen=True, slots=True)
class _Utterance:
    id: UUID
    request: Request
    asked: datetime
    script: Sequence[Line] = ()
    rank: tuple[int, int] = (0, 0)
    """Least first: priority turned round, then order of arrival."""
    heard: asyncio.Future[TalkdownReceipt] | None = None
    """Gets the receipt, where somebody waits for it."""

    @property
    def language(self) -> str:
        return ",".join(dict.fromkeys(line.language for line in self.script))

    @property
    def priority(self) -> int:
        return -self.rank[0]

    @property
    def text(self) -> str:
        return " ".join(line.text for line in self.script if line.text) or self.request.text[:LONGEST_TEXT]


@dataclass(slots=True)
class _Sounding:
    """What is at the loudspeaker now; its time-out is never due by itself, to stop means to bring it forward."""

    utterance: _Utterance
    scope: asyncio.Timeout
    speech: Speech | None = None
    begun: Monotonic | None = None
    stopped: str = ""


class Announcer:
    """Speaks through one loudspeaker; used on the event loop.

    Args:
        camera: whose loudspeaker it is.
        speaker: None where the camera has none; then everything is refused.
        voice: the agent's.
        manners: its own.
        clock: for stamps and lengths.
        told: gets exactly one receipt for every request, refused ones included.
        changed: told what sounds now, and None when it is over.
    """

    def __init__(
        self,
        camera: CameraId,
        speaker: Speaker | None,
        voice: Voice,
        manners: Manners,
        clock: Clock,
        *,
        told: Callable[[TalkdownReceipt], Awaitable[None]],
        changed: Callable[[Playing | None], None],
    ) -> None:
        self._camera = camera
        self._speaker = speaker
        self._voice = voice
        self._manners = manners
        self._settings = manners.settings
        self._clock = clock
        self._told = told
        self._changed = changed
        self._numbers = itertools.count()
        self._waiting: list[_Utterance] = []
        self._hushed: list[tuple[_Utterance, str]] = []
        self._arrived = asyncio.Event()
        self._sounding: _Sounding | None = None

    async def say(self, request: Request) -> UUID:
        """Takes a request into the queue and returns its id; what becomes of it is told by the receipt.

        Raises:
            TransientError: too many wait already, it is a quiet hour, or it spoke too often.
            PermanentError: there is no loudspeaker, or nothing to say that can be said.
        """
        return await self._take(_Utterance(uuid4(), request, self._clock.wall()))

    async def utter(self, request: Request) -> TalkdownReceipt:
        """Takes a request into the queue, waits until it was said or not, and returns its receipt.

        Raises:
            AgentError: as ``say``.
        """
        heard: asyncio.Future[TalkdownReceipt] = asyncio.get_running_loop().create_future()
        await self._take(_Utterance(uuid4(), request, self._clock.wall(), heard=heard))
        return await heard

    async def _take(self, utterance: _Utterance) -> UUID:
        try:
            utterance = self._ranked(utterance)
            self._manners.check(utterance.priority, waiting=len(self._waiting))
        except (TransientError, PermanentError) as exc:
            await self._tell(utterance, _receipt(utterance, Outcome.REFUSED, error=exc))
            raise
        loser = self._admit(utterance)
        if loser is not None:
            full = TransientError(
                "too many utterances wait for this loudspeaker", "try again in half a minute", code="busy"
            )
            await self._tell(loser, _receipt(loser, Outcome.REFUSED, error=full))
            if loser is utterance:
                raise full
        return utterance.id

    def hush(self, actor: str) -> None:
        """Stops what sounds and forgets what waits."""
        self._hushed += [(utterance, f"stopped by {actor}") for utterance in self._waiting]
        self._waiting.clear()
        if self._sounding is not None:
            _stop(self._sounding, f"stopped by {actor}")
        self._arrived.set()

    async def run(self) -> None:
        """Plays what is asked for, one after another; returns never."""
        try:
            while True:
                await self._arrived.wait()
                await self._tell_hushed()
                if self._waiting:
                    await self._play(self._waiting.pop(0))
                else:
                    self._arrived.clear()
        finally:
            self.hush("the agent, which is leaving")
            await self._tell_hushed()

    def _ranked(self, utterance: _Utterance) -> _Utterance:
        request = utterance.request
        if self._speaker is None:
            raise PermanentError(
                f"camera {self._camera} has no loudspeaker", f"set cameras.{self._camera}.speaker", code="no_speaker"
            )
        script = self._voice.script(request)
        if request.priority is not None:
            priority = request.priority
        else:
            priority = self._settings.messages[request.message].priority if request.message else WORDS_PRIORITY
        return replace(utterance, script=script, rank=(-priority, next(self._numbers)))

    def _admit(self, utterance: _Utterance) -> _Utterance | None:
        """Puts an utterance where it belongs and returns the one for which there is no room, which may be itself."""
        sounding = self._sounding
        if sounding is not None and utterance.rank[0] < sounding.utterance.rank[0]:
            _give_way(sounding)
        self._waiting.append(utterance)
        self._waiting.sort(key=lambda waiting: waiting.rank)
        self._arrived.set()
        busy = sounding is not None and not sounding.stopped
        return self._waiting.pop() if len(self._waiting) > self._settings.queue + (not busy) else None

    async def _tell(self, utterance: _Utterance, receipt: TalkdownReceipt) -> None:
        await self._told(receipt)
        if utterance.heard is not None and not utterance.heard.done():
            utterance.heard.set_result(receipt)

    async def _tell_hushed(self) -> None:
        while self._hushed:
            utterance, why = self._hushed.pop(0)
            await self._tell(utterance, _receipt(utterance, Outcome.STOPPED, error=TransientError(why)))

    async def _play(self, utterance: _Utterance) -> None:
        sounding = self._sounding = _Sounding(utterance, asyncio.timeout(None))
        try:
            receipt = await self._outcome(sounding)
        except asyncio.CancelledError:
            leaving = TransientError("stopped by the agent, which is leaving")
            await self._tell(utterance, self._cut(sounding, Outcome.STOPPED, leaving))
            raise
        finally:
            self._sounding = None
            if sounding.begun is not None:
                self._changed(None)
        await self._tell(utterance, receipt)
        log.info("%s %s on %s, asked by %s", utterance.id, receipt.outcome, self._camera, receipt.actor)

    async def _outcome(self, sounding: _Sounding) -> TalkdownReceipt:
        utterance = sounding.utterance
        if self._speaker is None:
            raise AssertionError("without a loudspeaker everything is refused")
        try:
            async with sounding.scope:
                speech = await self._voice.speech(utterance.script)
                async with self._manners.floor.turn(utterance.priority, lambda: _give_way(sounding)):
                    sounding.speech = softened(speech, self._manners.volume())
                    await self._speaker.play(sounding.speech, lambda: self._begin(sounding))
        except TimeoutError:
            if not sounding.stopped:
                raise
            return self._cut(sounding, Outcome.STOPPED, TransientError(sounding.stopped))
        except (TransientError, PermanentError) as exc:
            return self._cut(sounding, Outcome.FAILED, exc)
        return _receipt(utterance, Outcome.PLAYED, seconds=sounding.speech.seconds)

    def _begin(self, sounding: _Sounding) -> None:
        sounding.begun = self._clock.monotonic()
        self._manners.count()
        utterance, asked = sounding.utterance, sounding.utterance.request
        self._changed(
            Playing(utterance.id, asked.actor, asked.message, utterance.language, utterance.text, self._clock.wall())
        )

    def _cut(self, sounding: _Sounding, outcome: Outcome, error: AgentError) -> TalkdownReceipt:
        """Returns the receipt of something that did not sound to its end."""
        seconds = 0.0
        if sounding.begun is not None and sounding.speech is not None:
            seconds = min(self._clock.monotonic() - sounding.begun, sounding.speech.seconds)
        return _receipt(sounding.utterance, outcome, seconds=seconds, error=error)


def _give_way(sounding: _Sounding) -> None:
    _stop(sounding, "it gave way to something more urgent")


def _stop(sounding: _Sounding, why: str) -> None:
    if not sounding.stopped:
        sounding.stopped = why
        sounding.scope.reschedule(asyncio.get_running_loop().time())


def _receipt(
    utterance: _Utterance, outcome: Outcome, *, seconds: float = 0.0, error: AgentError | None = None
) -> TalkdownReceipt:
    return TalkdownReceipt(
        utterance=utterance.id,
        outcome=outcome,
        actor=utterance.request.actor,
        message=utterance.request.message[:64],
        language=utterance.language,
        text=utterance.text,
        asked=utterance.asked,
        seconds=round(seconds, 2),
        reason=error.reason if error else "",
        remedy=error.remedy if error else "",
    )
