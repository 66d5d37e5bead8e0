"""Every knob, composed from what the stages declare: one TOML file, and each key as an environment variable too."""

import contextlib
import difflib
import json
import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict
from typing_extensions import override

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
from edge_agent.motion import MotionSettings
from edge_agent.onvif.settings import OnvifSettings
from edge_agent.policy import Policy, Profile, policy_for
from edge_agent.rules import RuleSettings
from edge_agent.talkdown.automatic import refusal as talkdown_refusal
from edge_agent.talkdown.hours import SOFTEST
from edge_agent.talkdown.settings import TalkdownSettings
from edge_agent.talkdown.speakers import SpeakerSettings
from edge_agent.track.tracker import TrackSettings
from edge_agent.uplink.settings import MqttSettings
from edge_agent.values.ids import AgentId, CameraId
from edge_agent.web.settings import WebSettings

PREFIX = "EDGE_"

FILE_VARIABLE = "EDGE_AGENT_CONFIG"
"""Names the file itself, so it is no key in it."""

CONSOLE_FILE_VARIABLE = "EDGE_CONSOLE_CONFIG"
"""Names the control room's file."""

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
"""Small letters, digits and hyphens: it becomes a topic level, an address and an environment variable."""


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

    id: Annotated[AgentId, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")] = AgentId("edge-agent")
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
    privacy: PrivacySettings = PrivacySettings()
    onvif: OnvifSettings | None = None
    motion: MotionSettings = MotionSettings()
    fps: Annotated[float, Field(gt=0, le=30)] = 5.0
    rules: dict[Name, Annotated[RuleSettings, OneOf("edge_agent.rules")]] = {}
    automatic_talkdown: bool = True

    @model_validator(mode="after")
    def _masks_stay_where_they_are(self) -> Self:
        if self.privacy.masks and self.onvif is not None and self.onvif.ptz:
            raise ValueError(
                "a camera with privacy masks cannot be turned, the masks would uncover what they hide; "
                "set onvif.ptz to false, or take out privacy.masks and mask in the camera itself"
            )
        return self


class EnvironmentFirst(BaseSettings):
    """Base of what is read from a file and the environment."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", env_ignore_empty=True, extra="forbid", frozen=True
    )

    @classmethod
    @override
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Lets the environment win over the file, whose content is passed in."""
        return Environment(settings_cls), init_settings


class Environment(EnvSettingsSource):
    """Takes for JSON only what looks like a table or a list: a password of digits is a text all the same."""

    @override
    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """Returns what a variable holds; what is wrong with it is told where all settings are checked."""
        if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
            with contextlib.suppress(ValueError):
                return json.loads(value)
        return value


class Settings(EnvironmentFirst):
    """All settings of one agent. See each section's own model for its keys."""

    agent: AgentSettings = AgentSettings()
    policy: PolicySettings
    cameras: Annotated[
        dict[Annotated[CameraId, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")], CameraSettings],
        Field(min_length=1),
    ]
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


class _Office(EnvironmentFirst):
    """What the control room's side takes from the same file and environment: the broker."""

    model_config = SettingsConfigDict(extra="ignore")

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
        problems = "".join(f"\n  {_sentence(error, _Office)}" for error in exc.errors(include_url=False))
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


S = TypeVar("S", bound=EnvironmentFirst)


def parse_as(form: type[S], document: Mapping[str, object], origin: str) -> S:
    """Does for any settings what ``parse_settings`` does for the agent's.

    Args:
        form: which settings.
        document: tables as ``tomllib`` reads them.
        origin: named in the error.

    Raises:
        PermanentError: as ``load_settings``.
    """
    known = form.model_fields
    files = {FILE_VARIABLE, CONSOLE_FILE_VARIABLE}
    variables = [name for name in os.environ.keys() - files if name.startswith(PREFIX)]
    problems = [
        f"{name}: there is no such section{_closest(_section(name), known)}"
        for name in sorted(variables)
        if _section(name) not in known
    ]
    try:
        settings = form(**document)  # type: ignore[arg-type] # validated right here
    except ValidationError as exc:
        problems += [_sentence(error, form) for error in exc.errors(include_url=False)]
        settings = None
    if problems or settings is None:
        raise PermanentError(f"the settings from {origin} cannot be used", "\n  " + "\n  ".join(problems))
    return settings


def describe_settings(settings: BaseModel) -> Iterator[str]:
    """Yields what is in force as lines of TOML, secrets hidden, keys without a value as comments."""
    yield from _lines("", settings.model_dump(mode="json"))


def _lines(path: str, value: object) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        for key, below in value.items():
            yield from _lines(f"{path}.{key}" if path else str(key), below)
    elif value is None:
        yield f"# {path} is not set"
    else:
        yield f"{path} = {json.dumps(value, ensure_ascii=False)}"


def read_file(path: Path) -> Mapping[str, object]:
    """Reads a TOML file; blocks.

    Raises:
        PermanentError: there is none, or it is none.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        raise PermanentError(
            f"there is no settings file {path}",
            "name another with --config, or write one: deploy/agent.toml is a start",
        ) from exc
    except tomllib.TOMLDecodeError as exc:
        raise PermanentError(f"{path} is not TOML", f"{exc}; mend that line") from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise PermanentError(f"{path} cannot be read", f"{exc}; mend the file or its permissions") from exc


def _section(variable: str) -> str:
    return variable.removeprefix(PREFIX).split("__")[0].lower()


def _sentence(error: ErrorDetails, form: type[BaseModel]) -> str:  # noqa: PLR0911 - one line for each kind of mistake is the clearest table
    """Turns one finding into the key's path, what is wrong with it, and what to write instead."""
    path = _path(error["loc"], form)
    said = error["msg"].removeprefix("Value error, ")
    match error["type"]:
        case "missing" if path in {"policy", "policy.profile"}:
            return f"policy.profile: must be chosen, it is the legal ground of this site: {_either(Profile)}"
        case "missing" if path == "cameras":
            return "cameras: there is none; add a table such as [cameras.street] with a source"
        case "missing":
            return f"{path}: is needed; add it"
        case "extra_forbidden":
            return f"{path}: there is no such key{_closest(str(error['loc'][-1]), _keys(form))}"
        case "union_tag_not_found":
            return f"{path}.kind: is needed; it says which kind this is"
        case "union_tag_invalid":
            return f"{path}.kind: there is no kind {error['ctx']['tag']!r}; there are {error['ctx']['expected_tags']}"
        case "value_error":
            return f"{path}: {said}" if path else said
        case _:
            return f"{path}: {said[0].lower()}{said[1:]}"


def _path(location: tuple[int | str, ...], form: type[BaseModel]) -> str:
    """Joins a location as people write it: without the tag that the library puts behind a choice of several kinds."""
    tags = {
        model["properties"]["kind"].get("const") for model in _models(form) if "kind" in model.get("properties", {})
    }
    parts = [str(part) for index, part in enumerate(location) if not (part in tags and _is_choice(location[:index]))]
    return ".".join(part for part in parts if part != "[key]")


def _is_choice(location: tuple[int | str, ...]) -> bool:
    return location[-1:] in {("source",), ("sub",), ("speaker",), ("detector",)} or location[-2:-1] == ("rules",)


def _keys(form: type[BaseModel]) -> set[str]:
    """Every key that occurs anywhere in the settings."""
    return {key for model in _models(form) for key in model.get("properties", {})}


def _models(form: type[BaseModel]) -> list[dict[str, Any]]:
    """Returns the JSON Schema of every section."""
    schema = form.model_json_schema()
    return [schema, *schema["$defs"].values()]


def _closest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f"; did you mean {near[0]}?" if near else "; correct its spelling or take it out"


def _either(choices: Iterable[str]) -> str:
    return " or ".join(choices)
