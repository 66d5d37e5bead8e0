"""Tokens when the box's clock is not to be relied on."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from edge_agent.errors import AgentError
from edge_agent.uplink import tokens
from edge_agent.uplink.keys import TrustedKeys
from edge_agent.uplink.settings import CommandSettings
from edge_agent.uplink.skew import Skew
from edge_agent.uplink.tokens import Claims, Guard
from edge_agent.values.time import Monotonic
from tests.uplink.town import AGENT, Office

PLAY = "talkdown.play"


@dataclass
class Watch:
    now: float = 1_800_000_000.0
    up: float = 50.0

    def monotonic(self) -> Monotonic:
        return Monotonic(self.up)

    def wall(self) -> datetime:
        return datetime.fromtimestamp(self.now, UTC)


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def guard(watch: Watch, office: Office) -> Guard:
    keys = TrustedKeys(CommandSettings(keys=(office.public,)))
    keys.read()
    return Guard(keys, AGENT, watch)


def token(office: Office, watch: Watch, age: float = 0.0) -> str:
    return office.token(f"{PLAY}:*", iat=watch.now - age, exp=watch.now + 60)


@pytest.mark.parametrize("step", [-86_400.0, 86_400.0])
def test_a_clock_that_steps_after_the_start_locks_nobody_out(
    guard: Guard, watch: Watch, office: Office, step: float
) -> None:
    watch.now += step
    watch.up += 5
    assert guard.check(token(office, watch), PLAY, "street").sub == "operator-7"


def test_a_token_from_before_the_start_is_refused_for_it_may_have_been_used(
    guard: Guard, watch: Watch, office: Office
) -> None:
    watch.now += 5
    watch.up += 5
    with pytest.raises(AgentError, match="too old"):
        guard.check(token(office, watch, age=6), PLAY, "street")


@pytest.mark.parametrize("now", [60.0, 1_800_000_000.0 - 86_400, 1_800_000_000.0 + 86_400])
def test_a_token_with_the_challenge_is_good_whatever_the_clock_says_but_not_for_long_and_once(
    guard: Guard, watch: Watch, office: Office, now: float
) -> None:
    signed = watch.now
    watch.now = now  # the box has no battery for its clock, or somebody set it wrongly
    token = office.token(f"{PLAY}:*", iat=signed, exp=signed + 60, challenge=guard.challenge())
    claims = guard.check(token, PLAY, "street")
    assert guard.skew == signed - now
    guard.use(claims)
    with pytest.raises(AgentError) as refused:
        guard.use(guard.check(token, PLAY, "street"))
    assert refused.value.code == "replayed"
    watch.up += tokens.LONGEST + 1
    with pytest.raises(AgentError, match="challenge"):
        guard.check(token, PLAY, "street")


def test_a_challenge_of_another_run_or_of_nobody_is_refused(guard: Guard, watch: Watch, office: Office) -> None:
    other = Guard(guard._keys, AGENT, watch)
    guard.challenge()
    for challenge in (other.challenge(), "guessed", "é"):
        token = office.token(f"{PLAY}:*", iat=watch.now, exp=watch.now + 60, challenge=challenge)
        with pytest.raises(AgentError) as refused:
            guard.check(token, PLAY, "street")
        assert refused.value.code == "expired"


def test_a_wrong_clock_is_told_once_and_once_when_it_is_right_again() -> None:
    skew = Skew()
    news = [skew.news(seconds) for seconds in (0.0, 59.0, 86_400.0, 86_300.0, 30.0, 5.0, 5.0, -61.0)]
    assert [each.degraded if each else None for each in news] == [None, None, True, None, None, False, None, True]
    assert news[2] is not None
    assert "86400 s behind" in news[2].reason
    assert news[7] is not None
    assert "61 s ahead" in news[7].reason


def test_used_tokens_are_remembered_until_they_are_worthless_and_are_not_too_many(
    guard: Guard, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "_REMEMBERED", 3)

    def claims(name: str) -> Claims:
        return Claims(sub="x", jti=name, iat=watch.now, exp=watch.now + 60, scope="")

    for name in "abc":
        guard.use(claims(name))
    with pytest.raises(AgentError) as refused:
        guard.use(claims("d"))
    assert refused.value.code == "busy"
    watch.up += 241
    guard.use(claims("d"))
    assert len(guard._used) == 1


@pytest.mark.parametrize(
    ("scope", "camera", "allowed"),
    [
        (f"{PLAY}:street", "street", True),
        (f"{PLAY}:street", "square", False),
        (f"{PLAY}:street", "", False),
        (f"{PLAY}:*", "", True),
        (f"{PLAY}:", "", False),
        (f"live.open:* {PLAY}:street", "street", True),
        ("*:*", "street", False),
        ("", "", False),
    ],
)
def test_scopes(scope: str, camera: str, allowed: bool) -> None:  # noqa: FBT001
    assert Claims(sub="x", jti="j", iat=0, exp=0, scope=scope).allows(PLAY, camera) is allowed
