"""One loudspeaker's queue: one voice at a time, the urgent one first, and a receipt for everything that was asked."""

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from uuid import UUID, uuid4

from edge_agent.errors import PermanentError, TransientError
from edge_agent.talkdown.floor import talking
from edge_agent.talkdown.performer import Performer
from edge_agent.talkdown.request import Request
from edge_agent.talkdown.utterance import Sounding, Utterance
from edge_agent.values.event import Outcome, TalkdownReceipt
from edge_agent.values.ids import CameraId
from edge_agent.values.speech import Talk

log = logging.getLogger(__name__)

TALK_PRIORITY = 1000
"""Of a person's own voice: above whatever settings allow."""

WORDS_PRIORITY = 60
"""Of a person's own words: above an ordinary message, for that person sees what goes on."""


class Announcer:
    """Speaks through one loudspeaker; used on the event loop.

    Args:
        camera: whose loudspeaker it is.
        performer: speaks through it.
        told: gets exactly one receipt for every request, refused ones included.
    """

    def __init__(
        self, camera: CameraId, performer: Performer, *, told: Callable[[TalkdownReceipt], Awaitable[None]]
    ) -> None:
        self._camera = camera
        self._performer = performer
        self._voice = performer.voice
        self._manners = performer.manners
        self._settings = performer.manners.settings
        self._clock = performer.clock
        self._told = told
        self._numbers = itertools.count()
        self._waiting: list[Utterance] = []
        self._hushed: list[tuple[Utterance, str]] = []
        self._arrived = asyncio.Event()
        self._sounding: Sounding | None = None

    async def say(self, request: Request) -> UUID:
        """Takes a request into the queue and returns its id; what becomes of it is told by the receipt.

        Raises:
            TransientError: too many wait already, it is a quiet hour, or it spoke too often.
            PermanentError: there is nothing to say that can be said.
        """
        return await self._take(Utterance(uuid4(), request, self._clock.wall()))

    async def utter(self, request: Request) -> TalkdownReceipt:
        """Takes a request into the queue, waits until it was said or not, and returns its receipt.

        Raises:
            AgentError: as ``say``.
        """
        heard: asyncio.Future[TalkdownReceipt] = asyncio.get_running_loop().create_future()
        await self._take(Utterance(uuid4(), request, self._clock.wall(), heard=heard))
        return await heard

    def check_talk(self) -> None:
        """Raises the TransientError that ``talk`` would raise, before anybody is answered."""
        if talker := self._manners.floor.talker:
            raise talking(talker)

    async def talk(self, actor: str, talk: Talk) -> str:
        """Lets a person talk through the loudspeaker until the talk is over, and returns why it ended before that.

        What sounds gives way, and nothing else is taken meanwhile wherever this is heard. Cancelling it ends it.

        Raises:
            TransientError: somebody else talks here (code ``talking``), or the loudspeaker failed.
        """
        heard: asyncio.Future[TalkdownReceipt] = asyncio.get_running_loop().create_future()
        rank = (-TALK_PRIORITY, next(self._numbers))
        utterance = Utterance(uuid4(), Request(actor), self._clock.wall(), talk=talk, rank=rank, heard=heard)
        try:
            with self._manners.floor.kept(actor):
                if (loser := self._admit(utterance)) is not None:
                    await self._tell(loser, loser.refused(talking(actor)))
                receipt = await heard
        except TransientError as exc:
            await self._tell(utterance, utterance.refused(exc))
            raise
        except asyncio.CancelledError:
            self._withdraw(utterance)
            raise
        if receipt.outcome is Outcome.FAILED:
            raise TransientError(receipt.reason, receipt.remedy)
        return receipt.reason

    def set_volume(self, decibels: float) -> None:
        """Sets how loud the loudspeaker is from now on, in decibels, 0 or less; what sounds goes on as it is."""
        self._manners.loudness = decibels

    @property
    def volume(self) -> float:
        """How loud the loudspeaker is set, in decibels; hours of the day may make it softer."""
        return self._manners.loudness

    async def _take(self, utterance: Utterance) -> UUID:
        try:
            utterance = self._ranked(utterance)
            self._manners.check(utterance.priority, waiting=len(self._waiting))
        except (TransientError, PermanentError) as exc:
            await self._tell(utterance, utterance.refused(exc))
            raise
        if (loser := self._admit(utterance)) is not None:
            full = TransientError(
                "too many utterances wait for this loudspeaker", "try again in half a minute", code="busy"
            )
            await self._tell(loser, loser.refused(full))
            if loser is utterance:
                raise full
        return utterance.id

    def hush(self, actor: str) -> None:
        """Stops what sounds and forgets what waits."""
        self._hushed += [(utterance, f"stopped by {actor}") for utterance in self._waiting]
        self._waiting.clear()
        if self._sounding is not None:
            self._sounding.stop(f"stopped by {actor}")
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

    def _ranked(self, utterance: Utterance) -> Utterance:
        request = utterance.request
        if talker := self._manners.floor.talker:
            raise talking(talker)
        script = self._voice.script(request)
        if request.priority is not None:
            priority = request.priority
        else:
            priority = self._settings.messages[request.message].priority if request.message else WORDS_PRIORITY
        return replace(utterance, script=script, rank=(-priority, next(self._numbers)))

    def _admit(self, utterance: Utterance) -> Utterance | None:
        """Puts an utterance where it belongs and returns the one for which there is no room, which may be itself."""
        sounding = self._sounding
        if sounding is not None and utterance.rank[0] < sounding.utterance.rank[0]:
            sounding.give_way()
        self._waiting.append(utterance)
        self._waiting.sort(key=lambda waiting: waiting.rank)
        self._arrived.set()
        busy = sounding is not None and not sounding.stopped
        return self._waiting.pop() if len(self._waiting) > self._settings.queue + (not busy) else None

    def _withdraw(self, utterance: Utterance) -> None:
        """Ends one utterance, whether it sounds or waits."""
        if self._sounding is not None and self._sounding.utterance is utterance:
            self._sounding.stop("the agent gave it up")
        elif utterance in self._waiting:
            self._waiting.remove(utterance)
            self._hushed.append((utterance, "the agent gave it up"))
            self._arrived.set()

    async def _tell(self, utterance: Utterance, receipt: TalkdownReceipt) -> None:
        await self._told(receipt)
        if utterance.heard is not None and not utterance.heard.done():
            utterance.heard.set_result(receipt)

    async def _tell_hushed(self) -> None:
        while self._hushed:
            utterance, why = self._hushed.pop(0)
            await self._tell(utterance, utterance.receipt(Outcome.STOPPED, error=TransientError(why)))

    async def _play(self, utterance: Utterance) -> None:
        sounding = self._sounding = Sounding(utterance, asyncio.timeout(None))
        try:
            receipt = await self._performer.perform(sounding)
        except asyncio.CancelledError:
            leaving = "stopped by the agent, which is leaving"
            await self._tell(utterance, self._performer.cut_short(sounding, leaving))
            raise
        finally:
            self._sounding = None
        await self._tell(utterance, receipt)
        log.info("%s %s on %s, asked by %s", utterance.id, receipt.outcome, self._camera, receipt.actor)
