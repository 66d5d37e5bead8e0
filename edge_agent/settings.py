"""Every knob of the agent, composed from what the stages declare; ``reading`` says where they come from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from edge_agent.appearance.settings import AppearanceSettings
from edge_agent.capture.sources import SourceSettings
from edge_agent.decode.privacy import PrivacySettings
from edge_agent.detect import DetectorSettings
from edge_agent.detect.nanodet import NanodetSettings
from edge_agent.errors import PermanentError
from edge_agent.events.outbox import OutboxSettings
from edge_agent.inference.models import InferenceSettings
from edge_agent.kinds import OneOf
from edge_agent.live.settings import LiveSettings
from edge_agent.mistakes import NAME, sentences
from edge_agent.motion import MotionSettings
from edge_agent.onvif.settings import OnvifSettings
from edge_agent.policy import Policy, Profile, policy_for
from edge_agent.reading import EnvironmentFirst, parse_as, read_file
from edge_agent.rules import RuleSettings
from edge_agent.talkdown.automatic import refusal as talkdown_refusal
from edge_agent.talkdown.hours import SOFTEST
from edge_agent.talkdown.settings import TalkdownSettings
from edge_agent.talkdown.speakers import SpeakerSettings
from edge_agent.track.tracker import TrackSettings
from edge_agent.uplink.settings import MqttSettings
from edge_agent.values.ids import AgentId, CameraId
from edge_agent.web.settings import WebSettings

_NAMED = StringConstraints(pattern=NAME)


class Section(BaseModel):
    """Base of the sections that are nobody else's."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class AgentSettings(Section):
    """The box itself.

    Attributes:
        id: names it in topics and in the audience of command tokens; unique in the town.
        name: for people.
        place: where it hangs, for people.
        state: folder for the outbox and rendered voices; survives restarts.
        supervised: whether somebody starts the agent again when it ends, for ``agent.restart``; seen by itself under
            systemd and in containers.
        log_level: how much is written to standard error.
    """

    id: Annotated[AgentId, _NAMED] = AgentId("edge-agent")
    name: str = ""
    place: str = ""
    state: Path = Path("/var/lib/edge-agent")
    supervised: bool = False
    log_level: Literal["debug", "info", "warning", "error"] = "info"


class PolicySettings(Section):
    """The legal ground; there is no default, whoever installs must choose.

    Attributes:
        profile: what this site may detect, keep, show and say.
    """

    profile: Profile


class CameraSettings(Section):
    """One camera.

    Attributes:
        name: for people; the camera's id where empty.
        place: what it looks at, for people and for spoken messages.
        source: where its picture comes from: the main stream.
        sub: where the camera's small stream of the same view comes from, if it has one; a quiet camera is watched by
            it, and tiles of a wall and thin links play it.
        rotation: degrees clockwise that make its picture stand upright; masks, areas and boxes are those of the upright
            picture. Viewers then get an encoder's picture, so turn it in the camera's own settings where it can.
        speaker: its loudspeaker, if it has one.
        square: any name that cameras heard in the same place share; they speak one at a time.
        onvif: its control interface, for turning it and for key frames on demand; None where it has none.
        volume: of its loudspeaker in decibels; 0 is as loud as it gets undistorted, -6 half of that.
        hears_itself: whether its own microphone, where the profile allows one, checks that a message was heard in the
            place: open for no longer than the message, kept nowhere. Off: a place that nobody listens to is better.
        privacy: what is blackened before anything else sees the picture.
        motion: when it is worth looking.
        fps: pictures analysed a second while awake; 5 follow a walking person well and leave a Pi room.
        rules: what is worth telling, by any name.
        automatic_talkdown: whether the mask rule's alerts speak here by themselves, where ``talkdown.automatic`` is on.
    """

    name: str = ""
    place: str = ""
    source: Annotated[SourceSettings, OneOf("edge_agent.capture.sources")]
    sub: Annotated[SourceSettings, OneOf("edge_agent.capture.sources")] | None = None
    rotation: Annotated[int, Field(ge=0, le=270, multiple_of=90)] = 0
    speaker: Annotated[SpeakerSettings, OneOf("edge_agent.talkdown.speakers")] | None = None
    square: str = ""
    volume: Annotated[float, Field(ge=SOFTEST, le=0)] = 0.0
    hears_itself: bool = False
    privacy: PrivacySettings = PrivacySettings()
    onvif: OnvifSettings | None = None
    motion: MotionSettings = MotionSettings()
    fps: Annotated[float, Field(gt=0, le=30)] = 5.0
    rules: dict[Annotated[str, _NAMED], Annotated[RuleSettings, OneOf("edge_agent.rules")]] = {}
    automatic_talkdown: bool = True

    @model_validator(mode="after")
    def _has_mouth_and_ear(self) -> Self:
        if self.hears_itself and (self.speaker is None or self.source.microphone() is None):
            raise ValueError("hears_itself needs a speaker, and a source of kind rtsp for its microphone")
        return self

    @model_validator(mode="after")
    def _masks_stay_where_they_are(self) -> Self:
        if self.privacy.masks and self.onvif is not None and self.onvif.ptz:
            raise ValueError(
                "a camera with privacy masks cannot be turned, the masks would uncover what they hide; "
                "set onvif.ptz to false, or take out privacy.masks and mask in the camera itself"
            )
        return self


class Settings(EnvironmentFirst):
    """All settings of one agent. See each section's own model for its keys."""

    agent: AgentSettings = AgentSettings()
    policy: PolicySettings
    cameras: Annotated[dict[Annotated[CameraId, _NAMED], CameraSettings], Field(min_length=1)]
    mqtt: MqttSettings = MqttSettings()
    outbox: OutboxSettings = OutboxSettings()
    inference: InferenceSettings = InferenceSettings()
    detector: Annotated[DetectorSettings, OneOf("edge_agent.detect", default="nanodet")] = NanodetSettings()
    tracking: TrackSettings = TrackSettings()
    appearance: AppearanceSettings = AppearanceSettings()
    talkdown: TalkdownSettings = TalkdownSettings()
    live: LiveSettings = LiveSettings()
    web: WebSettings = WebSettings()

    @property
    def allowed(self) -> Policy:
        """What the profile allows."""
        return policy_for(self.policy.profile)

    @model_validator(mode="after")
    def _within_the_policy(self) -> Self:
        refusals = [
            f"cameras.{camera}.rules.{name}: {refusal}"
            for camera, settings in self.cameras.items()
            for name, rule in settings.rules.items()
            if (refusal := rule.refusal(self.allowed))
        ]
        refusals += [
            f"cameras.{camera}.hears_itself: the profile {self.policy.profile} forbids microphones: take it out"
            for camera, settings in self.cameras.items()
            if settings.hears_itself and not self.allowed.microphone
        ]
        if refusal := talkdown_refusal(self.talkdown, self.allowed):
            refusals.append(f"talkdown.automatic: {refusal}")
        if refusals:
            raise ValueError("; ".join(refusals))
        return self


def load_settings(path: Path | None) -> Settings:
    """Reads the file, if there is one, and the environment.

    Raises:
        PermanentError: with one sentence a line, each with the key's path and the remedy.
    """
    return parse_settings(read_file(path) if path else {}, str(path or "the environment"))


class _Office(EnvironmentFirst, extra="ignore"):
    """What the control room's side takes from the same file and environment: the broker."""

    mqtt: MqttSettings = MqttSettings()


def load_broker(path: Path | None, flags: Mapping[str, object]) -> MqttSettings:
    """Reads only how to reach the broker; a control room has no cameras.

    Args:
        path: a TOML file with a section ``mqtt``, if there is one.
        flags: keys of that section that were typed; they win over the environment, which wins over the file.

    Raises:
        PermanentError: as ``load_settings``.
    """
    document = read_file(path) if path else {}
    try:
        found = _Office(**document).mqtt  # type: ignore[arg-type] # validated right here
        return MqttSettings.model_validate(found.model_dump() | {key: value for key, value in flags.items() if value})
    except ValidationError as exc:
        problems = "".join(f"\n  {sentence}" for sentence in sentences(exc, _Office))
        raise PermanentError("the broker's settings cannot be used", problems) from exc


def parse_settings(document: Mapping[str, object], origin: str) -> Settings:
    """Validates settings from a TOML document under the environment's.

    Args:
        document: tables as ``tomllib`` reads them.
        origin: named in the error.

    Raises:
        PermanentError: as ``load_settings``.
    """
    return parse_as(Settings, document, origin)
