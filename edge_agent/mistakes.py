"""What is wrong with settings, in sentences that name the key, the mistake and what to write instead."""

import difflib
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from edge_agent.policy import Profile

NAME = r"^[a-z0-9][a-z0-9-]{0,62}$"
"""How cameras, agents and rules are named: it becomes a topic level, an address and an environment variable."""


def sentences(error: ValidationError, form: type[BaseModel]) -> list[str]:
    """Returns one sentence for each mistake; none repeats what was written, it may be a secret.

    Args:
        error: what pydantic found.
        form: the settings that it was looking at.
    """
    return [_sentence(found, form) for found in error.errors(include_url=False)]


def closest(name: str, known: Iterable[str]) -> str:
    """Returns what to do about a name that nobody knows, as the end of a sentence."""
    near = difflib.get_close_matches(name, known, 1)
    return f"; did you mean {near[0]}?" if near else "; correct its spelling or take it out"


def _sentence(error: ErrorDetails, form: type[BaseModel]) -> str:  # noqa: PLR0911 - one line for each kind of mistake is the clearest table
    """Turns one finding into the key's path, what is wrong with it, and what to write instead."""
    path = _path(error["loc"], form)
    said = error["msg"].removeprefix("Value error, ")
    match error["type"]:
        case "missing" if path in {"policy", "policy.profile"}:
            return f"policy.profile: must be chosen, it is the legal ground of this site: {' or '.join(Profile)}"
        case "missing" if path == "cameras":
            return "cameras: there is none; add a table such as [cameras.street] with a source"
        case "missing":
            return f"{path}: is needed; add it"
        case "extra_forbidden":
            return f"{path}: there is no such key{closest(str(error['loc'][-1]), _keys(form))}"
        case "union_tag_not_found":
            return f"{path}.kind: is needed; it says which kind this is"
        case "union_tag_invalid":
            return f"{path}.kind: there is no kind {error['ctx']['tag']!r}; there are {error['ctx']['expected_tags']}"
        case "string_pattern_mismatch" if error["ctx"]["pattern"] == NAME:
            return f"{path}: write small letters, digits and hyphens alone, such as market-square"
        case "dict_type" | "model_type" | "model_attributes_type":
            return f"{path}: must be a table, such as [{path}] with keys below it"
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
