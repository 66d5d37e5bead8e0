"""Settings of the broker: safe by default, refused with the reason."""

import pytest
from pydantic import ValidationError

from edge_agent.uplink.settings import MqttSettings, is_loopback


def test_the_password_is_in_no_text() -> None:
    settings = MqttSettings.model_validate({"username": "box", "password": "geheim"})
    assert "geheim" not in f"{settings} {settings!r} {settings.model_dump_json()}"


def test_commands_without_a_signature_are_for_a_broker_on_this_machine() -> None:
    with pytest.raises(ValidationError, match="name the keys"):
        MqttSettings.model_validate({"host": "broker.ville.fr", "commands": {"unsigned_on_loopback": True}})
    MqttSettings.model_validate({"host": "127.0.0.1", "commands": {"unsigned_on_loopback": True}})


@pytest.mark.parametrize(
    ("host", "loopback"), [("::1", True), ("localhost", True), ("10.0.0.1", False), ("a.b", False)]
)
def test_loopback_is_told_from_the_text(host: str, loopback: bool) -> None:  # noqa: FBT001
    assert is_loopback(host) is loopback


@pytest.mark.parametrize(
    "bad",
    [
        {"prefix": "edge/#"},
        {"port": 0},
        {"hots": "x"},
        {"password": "x"},
        {"tls": {"key": "k"}},
        {"token": "/run/token"},
        {"username": "box", "password": "x", "token": "/run/token"},
        {"websocket": "mqtt"},
        {"fallbacks": [{"port": 1}]},
        {"commands": {"unsigned_on_loopback": True}, "fallbacks": [{"host": "broker.town.example"}]},
    ],
)
def test_what_cannot_work_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        MqttSettings.model_validate(bad)


def test_every_broker_is_spoken_to_in_the_same_way() -> None:
    settings = MqttSettings.model_validate(
        {"host": "a", "port": 8883, "tls": {}, "fallbacks": [{"host": "b"}, {"host": "c", "port": 443}]}
    )
    assert [each.address for each in settings.brokers] == ["a:8883", "b:8883", "c:443"]
    assert all(each.tls for each in settings.brokers)
