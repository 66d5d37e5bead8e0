"""One job of a loudspeaker, from the request to its receipt."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from edge_agent.errors import AgentError
from edge_agent.talkdown.messages import LONGEST_TEXT
from edge_agent.talkdown.request import Request
from edge_agent.talkdown.voice import Line
from edge_agent.values.event import Heard, Outcome, TalkdownReceipt
from edge_agent.values.speech import Sound, Speech, Talk
from edge_agent.values.time import Monotonic


@dataclass(frozen=True, slots=True)
class Utterance:
    """Something to say, and who asked for it.

    Attributes:
        id: of the job.
        request: as it was asked.
        asked: when, UTC.
        script: what is said, line by line; empty for a talk.
        talk: a person's own voice instead of a script.
        rank: least first: priority turned round, then order of arrival.
        heard: gets the receipt, where somebody waits for it.
    """

    id: UUID
    request: Request
    asked: datetime
    script: Sequence[Line] = ()
    talk: Talk | None = None
    rank: tuple[int, int] = (0, 0)
    heard: asyncio.Future[TalkdownReceipt] | None = None

    @property
    def language(self) -> str:
        """Its languages, joined by commas."""
        return ",".join(dict.fromkeys(line.language for line in self.script))

    @property
    def priority(self) -> int:
        """How urgent it is."""
        return -self.rank[0]

    @property
    def text(self) -> str:
        """Its words, as far as they are known."""
        return " ".join(line.text for line in self.script if line.text) or self.request.text[:LONGEST_TEXT]

    def refused(self, error: AgentError) -> TalkdownReceipt:
        """Returns the receipt of something that never had its turn."""
        return self.receipt(Outcome.REFUSED, error=error)

    def receipt(
        self,
        outcome: Outcome,
        *,
        begun: datetime | None = None,
        ended: datetime | None = None,
        seconds: float = 0.0,
        voice: str = "",
        error: AgentError | None = None,
    ) -> TalkdownReceipt:
        """Returns what became of it.

        Args:
            outcome: in a word.
            begun: when its first sample left, UTC; None where it never sounded.
            ended: when it was over, UTC.
            seconds: how long it sounded.
            voice: who spoke.
            error: why it was not played to the end.
        """
        return TalkdownReceipt(
            utterance=self.id,
            outcome=outcome,
            actor=self.request.actor,
            message=self.request.message[:64],
            language=self.language,
            text=self.text,
            asked=self.asked,
            seconds=round(seconds, 2),
            reason=error.reason if error else "",
            remedy=error.remedy if error else "",
            why=self.request.why,
            voice=voice,
            live=self.talk is not None,
            started=begun,
            ended=ended,
        )


@dataclass(slots=True)
class Sounding:
    """What is at the loudspeaker now; its time-out is never due by itself, to stop means to bring it forward.

    Attributes:
        utterance: the job.
        scope: around everything that it takes.
        sound: once it is known.
        voice: who speaks.
        begun: when its first sample left.
        since: the same, UTC.
        over: when its last sample was accepted, UTC, where somebody goes on to listen.
        acoustic: whether it was heard, where somebody listens.
        stopped: why it was stopped.
    """

    utterance: Utterance
    scope: asyncio.Timeout
    sound: Sound | None = None
    voice: str = ""
    begun: Monotonic | None = None
    since: datetime | None = None
    over: datetime | None = None
    acoustic: Heard | None = None
    stopped: str = ""

    def stop(self, why: str) -> None:
        """Ends it; the first reason counts."""
        if not self.stopped:
            self.stopped = why
            self.scope.reschedule(asyncio.get_running_loop().time())

    def give_way(self) -> None:
        """Ends it for the sake of another."""
        self.stop("it gave way to something more urgent")

    def seconds(self, now: Monotonic, *, whole: bool) -> float:
        """Returns how long it has sounded; a speech that was played whole, its own length."""
        if self.begun is None:
            return 0.0
        if isinstance(self.sound, Speech):
            return self.sound.seconds if whole else min(now - self.begun, self.sound.seconds)
        return now - self.begun
