"""How settings are read: one TOML file, each key an environment variable too, and what is in force as lines again."""

import contextlib
import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict
from typing_extensions import override

from edge_agent.errors import PermanentError
from edge_agent.mistakes import closest, sentences

PREFIX = "EDGE_"

FILE_VARIABLE = "EDGE_AGENT_CONFIG"
"""Names the file itself, so it is no key in it."""

CONSOLE_FILE_VARIABLE = "EDGE_CONSOLE_CONFIG"
"""Names the control room's file."""

_SECRET = re.compile(r"(://.*?\b(?:pass|passwd|password|pwd|token)=)[^&/?#;\"]+", re.IGNORECASE)
"""In the address of a camera that knows no other way to be told a password."""


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


S = TypeVar("S", bound=EnvironmentFirst)


def parse_as(form: type[S], document: Mapping[str, object], origin: str) -> S:
    """Validates settings from a TOML document under the environment's.

    Args:
        form: which settings.
        document: tables as ``tomllib`` reads them.
        origin: named in the error.

    Raises:
        PermanentError: with one sentence a line, each with the key's path and the remedy.
    """
    known = form.model_fields
    files = {FILE_VARIABLE, CONSOLE_FILE_VARIABLE}
    variables = [name for name in os.environ.keys() - files if name.startswith(PREFIX)]
    problems = [
        f"{name}: there is no such section{closest(_section(name), known)}"
        for name in sorted(variables)
        if _section(name) not in known
    ]
    try:
        settings = form(**document)  # type: ignore[arg-type] # validated right here
    except ValidationError as exc:
        problems += sentences(exc, form)
        settings = None
    if problems or settings is None:
        raise PermanentError(f"the settings from {origin} cannot be used", "\n  " + "\n  ".join(problems))
    return settings


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
        raise PermanentError(f"{path} is not TOML", f"{exc}; mend that line, texts stand in quotation marks") from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise PermanentError(f"{path} cannot be read", f"{exc}; mend the file or its permissions") from exc


def _section(variable: str) -> str:
    return variable.removeprefix(PREFIX).split("__")[0].lower()


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
        shown = _SECRET.sub(r"\1**********", json.dumps(value, ensure_ascii=False))
        yield f"{path} = {shown}"
