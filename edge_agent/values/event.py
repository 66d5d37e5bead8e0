"""What the agent tells the control room; each dataclass is the ``data`` of one event type, and its published schema."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import ClassVar
from uuid import UUID

from edge_agent.values.geometry import Box
from edge_agent.values.ids import CameraId, TrackId
from edge_agent.values.look import Verdict


class Severity(IntEnum):
    """How much an event matters: what goes first, and what is dropped last when the disk is full."""

    STATISTIC = 0
    NOTICE = 1
    ALARM = 2


@dataclass(frozen=True, slots=True)
class EventData:
    """Base of every event's data; a subclass names its type and how much it matters."""

    type: ClassVar[str]
    severity: ClassVar[Severity] = Severity.NOTICE


@dataclass(frozen=True, slots=True)
class MaskVerdict(EventData):
    """A tracked person's mask was judged; at most one event per track and verdict.

    Attributes:
        track: the person's track in this run of the agent.
        verdict: ``no_mask`` or ``incorrect``.
        confidence: weight of the verdict in the vote, 0 to 1.
        looks: how many looks at the face voted.
        box: where the person was.
        face: where the face was.
    """

    type: ClassVar[str] = "mask.verdict"
    severity: ClassVar[Severity] = Severity.ALARM

    track: TrackId
    verdict: Verdict
    confidence: float
    looks: int
    box: Box
    face: Box


@dataclass(frozen=True, slots=True)
class MaskStatistics(EventData):
    """Anonymous counts over a window of time; no person can be told from them.

    Attributes:
        since: the window's start, UTC.
        until: the window's end, UTC.
        mask: people judged to wear a mask.
        no_mask: people judged to wear none.
        incorrect: people judged to wear it wrongly.
        unsure: people whose face was never seen well enough.
    """

    type: ClassVar[str] = "mask.statistics"
    severity: ClassVar[Severity] = Severity.STATISTIC

    since: datetime
    until: datetime
    mask: int
    no_mask: int
    incorrect: int
    unsure: int


@dataclass(frozen=True, slots=True)
class SnapshotTaken(EventData):
    """Somebody asked for a picture of this moment; it follows on the snapshot topic.

    Attributes:
        actor: who asked.
    """

    type: ClassVar[str] = "snapshot.taken"

    actor: str


class CameraState(StrEnum):
    """Whether a camera's picture arrives."""

    ONLINE = "online"
    OFFLINE = "offline"
    DEGRADED = "degraded"


@dataclass(frozen=True, slots=True)
class CameraStatus(EventData):
    """A camera came, went or got worse; the retained status topic carries the same.

    Attributes:
        state: what it is now.
        reason: what happened, empty when online.
        remedy: what to do about it, empty when online.
    """

    type: ClassVar[str] = "camera.status"

    state: CameraState
    reason: str = ""
    remedy: str = ""


class Outcome(StrEnum):
    """What became of something that the loudspeaker was to say."""

    PLAYED = "played"
    FAILED = "failed"
    REFUSED = "refused"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Heard:
    """Whether a camera's own microphone heard what its loudspeaker took.

    Attributes:
        heard: null where it cannot be told.
        likeness: by how many standard deviations it stands out of everything else; 12 is chance. Null without sound.
        delay: seconds between sending and hearing, buffers of the camera and of its stream included; null if not heard.
        reason: why it cannot be told.
    """

    heard: bool | None
    likeness: float | None = None
    delay: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TalkdownReceipt(EventData):
    """What became of one utterance.

    Attributes:
        utterance: the job's id.
        outcome: ``played`` only if the loudspeaker accepted it to the end.
        actor: who asked: a person, or ``rule:`` and the rule's name.
        message: the catalogue's message, empty for free text.
        language: language of the text.
        text: the words, empty for a recording.
        asked: when it was asked for, UTC.
        seconds: how long it sounded.
        reason: why it was not played to the end.
        remedy: what to do about it.
        why: what moved a rule to ask, such as ``track 7: no_mask``; empty for a person.
        voice: who spoke: ``Piper`` or ``espeak-ng`` and the voice's name, or ``recording``; empty for a person's own.
        live: whether it was a person's own voice.
        started: when the first sound left, UTC; null where it never sounded.
        ended: when it was over, UTC; null where it never had its turn.
        acoustic: whether the camera's microphone heard it; null where that is not checked, and for what was not played.
    """

    type: ClassVar[str] = "talkdown.receipt"

    utterance: UUID
    outcome: Outcome
    actor: str
    message: str
    language: str
    text: str
    asked: datetime
    seconds: float
    reason: str = ""
    remedy: str = ""
    why: str = ""
    voice: str = ""
    live: bool = False
    started: datetime | None = None
    ended: datetime | None = None
    acoustic: Heard | None = None


class Effect(StrEnum):
    """What a person did within seconds of being spoken to."""

    WORN = "worn"
    LEFT = "left"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class TalkdownEffect(EventData):
    """What a message that a rule played changed about the person it was for.

    Attributes:
        track: the person's track in this run of the agent.
        utterance: the job's id, as in its receipt.
        message: the catalogue's message.
        effect: ``worn`` when the mask is on now, ``left`` when the person is gone, ``none`` when time ran out.
        before: how the mask was judged when the message began.
        after: how it is judged now, null when the person is gone.
        seconds: from the message's end until then.
    """

    type: ClassVar[str] = "talkdown.effect"

    track: TrackId
    utterance: UUID
    message: str
    effect: Effect
    before: Verdict
    after: Verdict | None
    seconds: float


@dataclass(frozen=True, slots=True)
class TalkdownUnheeded(EventData):
    """Somebody was spoken to and wears no mask all the same: now it is for an operator.

    Attributes:
        track: the person's track in this run of the agent.
        verdict: how the mask is judged now.
        messages: what was said, in order.
    """

    type: ClassVar[str] = "talkdown.unheeded"
    severity: ClassVar[Severity] = Severity.ALARM

    track: TrackId
    verdict: Verdict
    messages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Audit(EventData):
    """A person did something: viewed, spoke, exported, changed, or was refused.

    Attributes:
        actor: who.
        action: what, such as ``live.open``.
        camera: on which camera, empty for the agent itself.
        outcome: ``done``, or ``refused`` with the reason.
        detail: anything a reader of the trail needs to know beyond that.
    """

    type: ClassVar[str] = "audit"

    actor: str
    action: str
    camera: str
    outcome: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """A range of sequence numbers that will never come.

    Attributes:
        boot: the run of the agent that the numbers belong to.
        first: first number that is missing.
        last: last number that is missing.
    """

    boot: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Gap(EventData):
    """Events were dropped because the outbox was full, or its file was damaged.

    Attributes:
        dropped: how many since the last event of this kind; 0 when nobody can know.
        reason: which bound was reached, or what happened to the file.
        missing: which numbers these were, the oldest hundred ranges; the others are only counted.
    """

    type: ClassVar[str] = "gap"
    severity: ClassVar[Severity] = Severity.ALARM

    dropped: int
    reason: str
    missing: tuple[Missing, ...] = ()


@dataclass(frozen=True, slots=True)
class Degradation(EventData):
    """A part of the agent works worse than it should, or well again.

    Attributes:
        part: which part, such as ``outbox``.
        degraded: whether it is worse now; false when it works well again.
        reason: what happened, empty when it works well again.
        remedy: what to do about it, empty when it works well again.
    """

    type: ClassVar[str] = "degradation"
    severity: ClassVar[Severity] = Severity.ALARM

    part: str
    degraded: bool
    reason: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Event:
    """Something that happened, on its way to the outbox.

    Attributes:
        id: unique for ever.
        at: when it happened, UTC; kept when it is delivered late.
        camera: where, or None for the agent itself.
        data: what.
        snapshot: JPEG with privacy masks burned in, where the policy allows one.
    """

    id: UUID
    at: datetime
    camera: CameraId | None
    data: EventData
    snapshot: bytes | None = None
