import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edge_agent.talkdown.messages import plain
from edge_agent.talkdown.settings import TalkdownSettings


def test_own_messages_stand_beside_those_that_come_with_the_agent() -> None:
    settings = TalkdownSettings.model_validate({"messages": {"dog": {"texts": {"fr": "Tenez votre chien."}}}})
    assert set(settings.messages) == {"mask", "dog"}
    mine = TalkdownSettings.model_validate({"messages": {"mask": {"texts": {"fr": "Le masque !"}, "priority": 90}}})
    assert mine.messages["mask"].priority == 90
    assert mine.messages["mask"].languages == ("fr",)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"messages": {"a": {}}}, "text or a recording"),
        ({"messages": {"a": {"texts": {"fr": "..."}}}}, "at least one word"),
        ({"messages": {"a": {"texts": {"fr": "x" * 501}}}}, "500"),
        ({"messages": {"a": {"texts": {"../fr": "x"}}}}, "pattern"),
        ({"messages": {"a b": {"texts": {"fr": "x"}}}}, "pattern"),
        ({"automatic_message": "nope"}, "there are: mask"),
        ({"volume": 11}, "volume"),
    ],
)
def test_a_mistake_is_told(wrong: dict[str, object], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        TalkdownSettings.model_validate(wrong)


@given(st.text())
def test_plain_text_has_no_controls_and_stays_what_it_is(text: str) -> None:
    words = plain(text)
    assert words == plain(words)
    assert not any(ord(c) < 32 or c in "\u202e\u2066" for c in words)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"quiet": [{"begin": "22:00", "end": "07:00"}]}, "need time_zone"),
        ({"time_zone": "Europe/Atlantis"}, "there is no time zone"),
        ({"time_zone": "../../etc/passwd"}, "there is no time zone"),
        ({"time_zone": "Europe/Paris", "quiet": [{"begin": "22:00", "end": "22:00"}]}, "are the same"),
        ({"time_zone": "Europe/Paris", "quiet": [{"begin": "22:00+01:00", "end": "07:00"}]}, "without an offset"),
        ({"time_zone": "Europe/Paris", "volumes": [{"begin": "22:00", "end": "07:00", "volume": 3}]}, "less than or"),
    ],
)
def test_hours_that_cannot_be_are_refused(wrong: dict[str, object], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        TalkdownSettings.model_validate(wrong)
