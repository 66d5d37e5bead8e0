"""When a camera speaks by itself: after a second look, once for each person, and with an eye on what came of it."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from edge_agent.aio.clock import Clock
from edge_agent.errors import AgentError
from edge_agent.policy import Policy
from edge_agent.talkdown.request import Request
from edge_agent.talkdown.settings import TalkdownSettings
from edge_agent.values.event import (
    Effect,
    EventData,
    MaskVerdict,
    Outcome,
    TalkdownEffect,
    TalkdownReceipt,
    TalkdownUnheeded,
)
from edge_agent.values.ids import TrackId
from edge_agent.values.look import Verdict
from edge_agent.values.time import Monotonic
from edge_agent.values.track import Scene

ACTOR = "rule:mask"

CASES = 8
"""People attended to at once; more stand before no single loudspeaker."""

STALE = 3.0
"""Seconds after which a picture says nothing about who is there now."""

GLANCE = 0.5
"""Seconds between two looks at whether the mask is on."""

_REMEMBERED = 1000
"""Tracks spoken to; older ones have long left."""

log = logging.getLogger(__name__)


def refusal(settings: TalkdownSettings, policy: Policy) -> str:
    """Returns why the policy forbids these settings, with the remedy; empty when it allows them."""
    if settings.automatic and not policy.automatic_talkdown:
        return (
            f"the profile {policy.profile} forbids a camera to speak by itself: "
            "set talkdown.automatic to false; a person may still make it speak"
        )
    return ""


class AutomaticTalkdown:
    """Attends to people whose mask was judged; one object for each camera, on the event loop.

    Args:
        settings: messages, verdicts, times.
        policy: the last word on whether a camera may speak by itself at all.
        clock: for cool-down and effect.
        utter: speaks and returns the receipt.
        tell: makes events.
    """

    def __init__(
        self,
        settings: TalkdownSettings,
        policy: Policy,
        clock: Clock,
        *,
        utter: Callable[[Request], Awaitable[TalkdownReceipt]],
        tell: Callable[[EventData], Awaitable[None]],
    ) -> None:
        self._settings = settings
        self._allowed = settings.automatic and policy.automatic_talkdown and policy.individual_events
        self._clock = clock
        self._utter = utter
        self._tell = tell
        self._scene: Scene | None = None
        self._attended: OrderedDict[TrackId, None] = OrderedDict()
        self._open: set[TrackId] = set()
        self._new: asyncio.Queue[MaskVerdict] = asyncio.Queue(CASES)
        self._last: Monotonic | None = None

    def see(self, scene: Scene) -> None:
        """Takes the newest picture's tracks and verdicts."""
        self._scene = scene

    def consider(self, verdict: MaskVerdict) -> bool:
        """Takes up a person's case where speaking may be due; returns whether it did."""
        due = (
            self._allowed
            and verdict.verdict in self._settings.automatic_verdicts
            and verdict.track not in self._attended
            and len(self._open) < CASES
            and not self._cooling()
        )
        if due:
            self._open.add(verdict.track)
            self._attended[verdict.track] = None
            if len(self._attended) > _REMEMBERED:
                self._attended.popitem(last=False)
            self._new.put_nowait(verdict)
        return due

    async def run(self) -> None:
        """Attends to every case until it is cancelled."""
        async with asyncio.TaskGroup() as cases:
            while True:
                verdict = await self._new.get()
                cases.create_task(self._attend(verdict), name=f"talk-down for track {verdict.track}")

    async def _attend(self, verdict: MaskVerdict) -> None:
        track, spoken = verdict.track, list[str]()
        try:
            await asyncio.sleep(self._settings.delay)
            for message in (self._settings.automatic_message, *self._settings.escalation):
                before = self._verdict(track)
                if before not in self._settings.automatic_verdicts or (not spoken and self._cooling()):
                    return
                if not spoken:
                    self._last = self._clock.monotonic()
                receipt = await self._utter(Request(ACTOR, message=message, why=f"track {track}: {before}"))
                if receipt.outcome is not Outcome.PLAYED:
                    return
                spoken.append(message)
                effect = await self._watch(track, before, receipt)
                await self._tell(effect)
                if effect.effect is not Effect.NONE:
                    return
            await self._tell(TalkdownUnheeded(track, self._verdict(track) or verdict.verdict, tuple(spoken)))
        except AgentError as exc:  # its receipt told it already
            log.info("automatic talk-down was refused: %s", exc)
        finally:
            self._open.discard(track)

    async def _watch(self, track: TrackId, before: Verdict, receipt: TalkdownReceipt) -> TalkdownEffect:
        """Looks for a while whether the message changed anything."""
        begun = self._clock.monotonic()
        after: Verdict | None = before
        effect = Effect.NONE
        while effect is Effect.NONE and self._clock.monotonic() - begun < self._settings.effect_within:
            await asyncio.sleep(GLANCE)
            after = self._verdict(track)
            if after is None:
                effect = Effect.LEFT
            elif after is Verdict.MASK:
                effect = Effect.WORN
        seconds = round(self._clock.monotonic() - begun, 1)
        return TalkdownEffect(track, receipt.utterance, receipt.message, effect, before, after, seconds)

    def _verdict(self, track: TrackId) -> Verdict | None:
        """Returns how somebody's mask is judged now, None when that person is not there any more."""
        scene = self._scene
        if scene is None or self._clock.monotonic() - scene.at > STALE:
            return None
        if all(there.id != track for there in scene.tracks):
            return None
        judgement = scene.judgements.get(track)
        return judgement.verdict if judgement else Verdict.UNSURE

    def _cooling(self) -> bool:
        return self._last is not None and self._clock.monotonic() - self._last < self._settings.cooldown
