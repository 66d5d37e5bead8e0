import pytest
from pydantic import ValidationError

from edge_agent.arguments import ARGUMENTS, EventsReplay
from edge_agent.events.replay import Sequences, Times
from edge_agent.results import RESULTS
from edge_agent.uplink.wire import COMMANDS


def test_every_command_with_arguments_is_one_of_the_contract() -> None:
    assert set(ARGUMENTS) <= COMMANDS
    assert set(RESULTS) == set(ARGUMENTS)


def test_events_are_wanted_by_number_or_by_time() -> None:
    by_number = EventsReplay.model_validate({"boot": "5b0c", "first": 3, "last": 9})
    assert by_number.wanted == Sequences("5b0c", 3, 9)
    by_time = EventsReplay.model_validate({"since": "1970-01-01T00:01:00Z", "until": "1970-01-01T01:02:00+01:00"})
    assert by_time.wanted == Times(60.0, 120.0)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"boot": "5b0c", "first": 3},
        {"first": 3, "last": 9},
        {"since": "2026-11-23T07:30:00Z"},
        {"since": "2026-11-23T07:30:00", "until": "2026-11-23T07:31:00"},
        {"boot": "5b0c", "first": 3, "last": 9, "since": "2026-11-23T07:30:00Z", "until": "2026-11-23T07:31:00Z"},
        {"boot": "5b0c", "first": 0, "last": 9},
        {"boot": "5b0c", "first": 3, "last": 10**30},
    ],
)
def test_what_is_neither_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        EventsReplay.model_validate(wrong)
