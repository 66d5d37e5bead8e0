"""JSON Schemas and examples of every event, made from the dataclasses themselves."""

import inspect
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import DataclassSchema, ModelSchema
from typing_extensions import override

from edge_agent.events.envelope import envelope
from edge_agent.values import event as events
from edge_agent.values.event import Event, EventData, Missing
from edge_agent.values.geometry import Box
from edge_agent.values.ids import AgentId, CameraId, TrackId
from edge_agent.values.look import Verdict

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_AT = datetime(2026, 11, 23, 7, 30, 0, 125000, UTC)
_EXAMPLES: tuple[EventData, ...] = (
    events.MaskVerdict(TrackId(17), Verdict.NO_MASK, 0.93, 6, Box(0.41, 0.2, 0.52, 0.83), Box(0.44, 0.22, 0.48, 0.3)),
    events.MaskStatistics(_AT.replace(minute=10), _AT, mask=41, no_mask=6, incorrect=2, unsure=9),
    events.SnapshotTaken(actor="operator-7"),
    events.CameraStatus(events.CameraState.OFFLINE, "no picture for 10 s", "look at the camera's cable and power"),
    events.TalkdownReceipt(
        utterance=UUID("6f1c4f1e-58e2-4d52-9a4e-5f7e2a3a9f10"),
        outcome=events.Outcome.PLAYED,
        actor="rule:masks",
        message="mask",
        language="fr",
        text="Merci de porter un masque.",
        asked=_AT,
        seconds=2.4,
        acoustic=events.Heard(heard=True, likeness=48.2, delay=0.61),
    ),
    events.TalkdownEffect(
        TrackId(17),
        UUID("6f1c4f1e-58e2-4d52-9a4e-5f7e2a3a9f10"),
        "mask",
        events.Effect.WORN,
        before=Verdict.NO_MASK,
        after=Verdict.MASK,
        seconds=6.5,
    ),
    events.TalkdownUnheeded(TrackId(18), Verdict.NO_MASK, ("mask", "mask-again")),
    events.Audit(actor="operator-7", action="live.open", camera="street", outcome="done"),
    events.Gap(
        3, "the outbox reached its bound of 100000 events or 256000000 bytes", (Missing("5b0c7d1e9a42", 8, 10),)
    ),
    events.Degradation("outbox", degraded=True, reason="events wait only in memory", remedy="make room on the disk"),
)


def event_types() -> list[type[EventData]]:
    """Returns every kind of event, sorted by its type."""
    found = [
        value
        for value in vars(events).values()
        if inspect.isclass(value) and issubclass(value, EventData) and value is not EventData
    ]
    return sorted(found, key=lambda kind: kind.type)


def examples() -> Iterator[tuple[type[EventData], dict[str, object]]]:
    """Yields one envelope for every kind that has an example."""
    for number, data in enumerate(_EXAMPLES, 1):
        camera = None if isinstance(data, events.Gap | events.Degradation | events.Audit) else CameraId("street")
        told = Event(UUID(int=number, version=4), _AT, camera, data)
        yield type(data), envelope(told, AgentId("mairie-3"), number, "5b0c7d1e9a42")


def event_schema(kind: type[EventData]) -> dict[str, Any]:
    """Returns the JSON Schema of one event's whole envelope; a consumer ignores members that it does not know."""
    data = plain_schema(kind)
    definitions = data.pop("$defs", None)
    data["properties"] |= {
        "sequence": {"type": "integer", "minimum": 1, "description": "its number in this run, without holes"},
        "boot": {"type": "string", "description": "names this run of the agent"},
        "snapshot": {"type": "boolean", "description": "whether a picture follows on the snapshot topic"},
    }
    data["required"] = [*data.get("required", []), "sequence", "boot", "snapshot"]
    track = "track" in data["properties"]
    return {
        "$schema": DIALECT,
        "title": kind.type,
        "description": data.pop("description"),
        "type": "object",
        "properties": {
            "specversion": {"const": "1.0"},
            "id": {"type": "string", "format": "uuid", "description": "unique for ever; the same again is a duplicate"},
            "source": {"type": "string", "pattern": "^/edge/v1/[^/]+(/camera/[^/]+)?$"},
            "type": {"const": f"edge.v1.{kind.type}"},
            "time": {"type": "string", "format": "date-time", "description": "when it happened, however late it comes"},
            **({"subject": {"type": "string", "pattern": "^track/[0-9]+$"}} if track else {}),
            "datacontenttype": {"const": "application/json"},
            "data": data,
        },
        "required": ["specversion", "id", "source", "type", "time", "datacontenttype", "data"],
        **({"$defs": definitions} if definitions else {}),
    }


def plain_schema(kind: type) -> dict[str, Any]:
    """Returns the JSON Schema of a dataclass or model as ``envelope.plain`` writes it."""
    return TypeAdapter(kind).json_schema(mode="serialization", schema_generator=_AsWritten)


class _AsWritten(GenerateJsonSchema):
    """Knows what ``envelope.plain`` does: boxes are four numbers; docstrings tell what a field means."""

    @override
    def dataclass_schema(self, schema: DataclassSchema) -> JsonSchemaValue:
        if schema["cls"] is Box:
            side = {"type": "number"}
            return {
                "description": "left, top, right, bottom in fractions of the picture",
                "type": "array",
                "prefixItems": [side] * 4,
                "minItems": 4,
                "maxItems": 4,
            }
        return _documented(super().dataclass_schema(schema), schema["cls"])

    @override
    def model_schema(self, schema: ModelSchema) -> JsonSchemaValue:
        return _documented(super().model_schema(schema), schema["cls"])


def _documented(made: JsonSchemaValue, cls: type) -> JsonSchemaValue:
    text = inspect.getdoc(cls) or ""
    made["description"] = " ".join(text.split("\n\n")[0].split()).replace("``", "`")
    for name, meaning in re.findall(r"^    (\w+): (.+(?:\n {8}.+)*)", text, re.MULTILINE):
        if name in made.get("properties", {}):
            made["properties"][name]["description"] = " ".join(meaning.split()).replace("``", "`")
    return made
