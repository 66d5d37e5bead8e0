"""Event to wire: one CloudEvents 1.0 envelope in structured JSON."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from uuid import UUID

from edge_agent.values.event import Event
from edge_agent.values.geometry import Box
from edge_agent.values.ids import AgentId

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
"""MQTT 5 content type of an envelope (CloudEvents MQTT binding 1.0, section 3.2)."""

SCHEMA = "1.0"
"""Version of the contract: the first number is in every topic; the second rises when something is added."""

_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_DIGITS = 4  # a ten-thousandth of a 4K picture's width is less than a pixel


def envelope(event: Event, agent: AgentId, sequence: int, boot: str) -> dict[str, object]:
    """Returns an event as a CloudEvents 1.0 envelope of JSON types.

    Args:
        event: what happened.
        agent: who saw it.
        sequence: its number in this run of the agent, without holes.
        boot: names this run.
    """
    camera = f"/camera/{event.camera}" if event.camera is not None else ""
    track = getattr(event.data, "track", None)
    return {
        "specversion": "1.0",
        "id": str(event.id),
        "source": f"/edge/v1/{agent}{camera}",
        "type": f"edge.v1.{event.data.type}",
        "time": stamp(event.at),
        **({"subject": f"track/{track}"} if track is not None else {}),
        "datacontenttype": "application/json",
        "data": {
            **_fields(event.data),
            "sequence": sequence,
            "boot": boot,
            "snapshot": event.snapshot is not None,
        },
    }


def encode(document: object) -> bytes:
    """Returns compact UTF-8 JSON.

    Raises:
        ValueError: if a number is not finite, which JSON cannot say.
    """
    return _JSON.encode(document).encode()


def stamp(at: datetime) -> str:
    """Returns a time as RFC 3339 in UTC with milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def plain(value: object) -> object:  # noqa: PLR0911 - one line per type is the clearest table
    """Returns a value as JSON types: a box as four numbers, a stamp as RFC 3339, a dataclass as an object."""
    match value:
        case Box():
            return [round(side, _DIGITS) for side in (value.left, value.top, value.right, value.bottom)]
        case datetime():
            return stamp(value)
        case UUID():
            return str(value)
        case Enum():
            return value.value
        case float():
            return round(value, _DIGITS)
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case Sequence() if not isinstance(value, str):
            return [plain(item) for item in value]
        case _ if dataclasses.is_dataclass(value):
            return _fields(value)
        case _:
            return value


def _fields(value: object) -> dict[str, object]:
    if not dataclasses.is_dataclass(value):
        raise TypeError(f"{type(value).__name__} is no dataclass")
    return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
