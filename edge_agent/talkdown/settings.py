"""The settings of talk-down."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from edge_agent.talkdown.hours import Hours, VolumeHours
from edge_agent.talkdown.messages import CATALOGUE, Language, MessageSettings
from edge_agent.values.look import Verdict

MessageId: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]


class TalkdownSettings(BaseModel):
    """How the agent speaks.

    Attributes:
        languages: spoken one after another where nobody chooses; a message skips those that it lacks.
        speed: of the voice in words a minute; slower than talk, because it is heard across a street.
        voices: Piper's voice files (``.onnx``) by language; espeak-ng speaks the others, and where Piper cannot.
        piper: the program, where it is not on the path.
        messages: by id; beside those that come with the agent, of which one with the same id is replaced.
        time_zone: of the hours below, such as ``Europe/Paris``; a container's own clock knows none.
        quiet: hours in which nothing below ``urgent`` is said.
        per_hour: utterances below ``urgent`` of one loudspeaker within an hour; whoever hears more stops listening.
        urgent: priority from which quiet hours and the limit do not hold; a person's own words have 60.
        volumes: hours in which everything is softer; of those that overlap the softest holds.
        queue: utterances that wait for one loudspeaker; whoever comes after half a minute is spoken to in vain.
        automatic: whether a verdict on a mask makes the camera speak by itself, where the policy allows it.
        automatic_message: what it says then.
        automatic_verdicts: which verdicts make it speak.
        delay: seconds between the verdict and the message; whoever puts the mask on meanwhile hears nothing.
        effect_within: seconds after a message within which the mask should be on; then the next of ``escalation``.
        escalation: messages said one after another to somebody who takes no notice; then an event tells the operator.
        cooldown: seconds that a camera keeps silent after it spoke by itself, so that it talks and does not nag.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    languages: tuple[Language, ...] = Field(("fr", "en"), min_length=1, max_length=5)
    speed: int = Field(150, ge=80, le=300)
    voices: dict[Language, Path] = {}
    piper: str = Field("piper", min_length=1, max_length=500)
    messages: dict[MessageId, MessageSettings] = dict(CATALOGUE)
    time_zone: str = ""
    quiet: tuple[Hours, ...] = Field((), max_length=10)
    per_hour: int = Field(60, ge=1, le=3600)
    urgent: int = Field(60, ge=0, le=101)
    volumes: tuple[VolumeHours, ...] = Field((), max_length=10)
    queue: int = Field(3, ge=0, le=10)
    automatic: bool = False
    automatic_message: str = "mask"
    automatic_verdicts: frozenset[Verdict] = frozenset({Verdict.NO_MASK})
    delay: float = Field(2.0, ge=0, le=60)
    effect_within: float = Field(20.0, ge=1, le=300)
    escalation: tuple[str, ...] = Field((), max_length=3)
    cooldown: float = Field(60.0, ge=0, le=86_400)

    @field_validator("messages")
    @classmethod
    def _beside_our_own(cls, messages: Mapping[str, MessageSettings]) -> Mapping[str, MessageSettings]:
        return {**CATALOGUE, **messages}

    @field_validator("time_zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        try:
            return ZoneInfo(name).key if name else ""
        except (KeyError, ValueError, OSError) as exc:  # unknown, a path, a folder
            raise ValueError(f"there is no time zone {name!r}; write one such as Europe/Paris") from exc

    @model_validator(mode="after")
    def _knows_where_its_hours_hold(self) -> Self:
        if (self.quiet or self.volumes) and not self.time_zone:
            raise ValueError("quiet and volumes need time_zone, such as Europe/Paris")
        return self

    @model_validator(mode="after")
    def _knows_its_messages(self) -> Self:
        known = ", ".join(sorted(self.messages))
        for key, name in [("automatic_message", self.automatic_message), *(("escalation", n) for n in self.escalation)]:
            if name not in self.messages:
                raise ValueError(f"{key} {name!r} is no message; there are: {known}")
        return self
