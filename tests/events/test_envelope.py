"""Envelopes against the official CloudEvents SDK and our own published schemas."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import uuid4

import jsonschema
import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.events.envelope import encode, envelope, stamp
from edge_agent.events.schemas import event_schema, event_types, examples
from edge_agent.values.event import Event, EventData, MaskVerdict
from edge_agent.values.geometry import Box
from edge_agent.values.ids import AgentId, CameraId, TrackId
from edge_agent.values.look import Verdict

AGENT = AgentId("mairie-3")
SCHEMAS = {kind: event_schema(kind) for kind in event_types()}


def validate(document: object, schema: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(document)


def test_every_kind_of_event_has_an_example_that_its_schema_and_the_official_sdk_accept() -> None:
    seen = set()
    for kind, document in examples():
        validate(document, event_schema(kind))
        read = JSONFormat().read(CloudEvent, encode(document))
        assert read.get_id() == document["id"]
        assert read.get_type() == f"edge.v1.{kind.type}"
        assert read.get_time() == datetime(2026, 11, 23, 7, 30, 0, 125000, UTC)
        assert read.get_subject() == document.get("subject")
        seen.add(kind)
    assert seen == set(event_types())


def test_no_event_uses_a_name_that_the_envelope_gives_to_its_data() -> None:
    for kind in event_types():
        assert not {"sequence", "boot", "snapshot"} & set(getattr(kind, "__dataclass_fields__", {})), kind


def test_boxes_are_lists_of_four_as_the_page_reads_them() -> None:
    box = Box(0.1, 0.2, 0.30000001, 0.4)
    data = MaskVerdict(TrackId(3), Verdict.INCORRECT, 0.5, 4, box, box)
    told = Event(uuid4(), datetime.now(UTC), CameraId("street"), data, b"jpeg")
    made = envelope(told, AGENT, 7, "boot")
    assert made["source"] == "/edge/v1/mairie-3/camera/street"
    assert made["subject"] == "track/3"
    content: Any = made["data"]
    assert content["box"] == content["face"] == [0.1, 0.2, 0.3, 0.4]
    assert (content["sequence"], content["boot"], content["snapshot"]) == (7, "boot", True)
    assert content["verdict"] == "incorrect"


def test_stamps_are_utc_with_milliseconds() -> None:
    paris = timezone(timedelta(hours=1))
    assert stamp(datetime(2026, 1, 1, 0, 30, 0, 5000, paris)) == "2025-12-31T23:30:00.005Z"
    assert stamp(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000Z"


def test_what_json_cannot_say_is_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode({"score": float("nan")})


@settings(deadline=None)
@given(st.data())
def test_any_event_fits_its_schema(data: st.DataObject) -> None:
    kind: type[EventData] = data.draw(st.sampled_from(event_types()))
    st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
    st.register_type_strategy(datetime, st.datetimes(timezones=st.just(UTC)))
    st.register_type_strategy(TrackId, st.integers(1, 2**40).map(TrackId))
    made = data.draw(st.from_type(kind))
    camera = data.draw(st.none() | st.just(CameraId("street")))
    validate(envelope(Event(uuid4(), datetime.now(UTC), camera, made), AGENT, 1, "boot"), SCHEMAS[kind])
