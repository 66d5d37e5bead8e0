"""Settings of the broker: safe by default, refused with the reason."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError

from edge_agent.errors import PermanentError
from edge_agent.uplink.settings import CommandSettings, MqttSettings, is_loopback, trusted_keys
from tests.uplink.town import pem


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
    "bad", [{"prefix": "edge/#"}, {"port": 0}, {"hots": "x"}, {"password": "x"}, {"tls": {"key": "k"}}]
)
def test_what_cannot_work_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        MqttSettings.model_validate(bad)


def test_keys_are_text_or_files(tmp_path: Path) -> None:
    text = pem(Ed25519PrivateKey.generate())
    (tmp_path / "key.pem").write_text(text)
    assert len(trusted_keys(CommandSettings(keys=(text, str(tmp_path / "key.pem"))))) == 2


@pytest.mark.parametrize(
    "key", ["/nowhere/key.pem", "-----BEGIN PUBLIC KEY-----\nAAAA", pem(generate_private_key(SECP384R1()))]
)
def test_a_key_that_cannot_sign_commands_is_said_with_how_to_make_one(key: str) -> None:
    with pytest.raises(PermanentError, match="openssl genpkey"):
        trusted_keys(CommandSettings(keys=(key,)))
