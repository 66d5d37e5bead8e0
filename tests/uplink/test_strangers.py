"""Whatever a stranger sends to what reads from the network: a value or a refusal, and nothing that grows."""

import base64
import json
import os
import string
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.aio.clock import SystemClock
from edge_agent.arguments import ARGUMENTS
from edge_agent.errors import AgentError, PermanentError
from edge_agent.orders import _parse
from edge_agent.settings import Settings, load_settings
from edge_agent.uplink.keys import TrustedKeys
from edge_agent.uplink.presence import Presence
from edge_agent.uplink.settings import CommandSettings
from edge_agent.uplink.tokens import Claims, Guard
from edge_agent.uplink.topics import Topics
from edge_agent.uplink.wire import CODES
from edge_agent.values.command import Command
from tests.uplink.town import AGENT, pem

KEY = Ed25519PrivateKey.generate()
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
CLAIMS = st.fixed_dictionaries(
    {},
    optional={
        name: JSON | st.just(AGENT) | st.just(2e9) for name in ("aud", "sub", "jti", "iat", "exp", "nbf", "scope")
    }
    | {"challenge": st.text(max_size=80), "crit": JSON},
)
HEADS = st.fixed_dictionaries(
    {"alg": st.sampled_from(["EdDSA", "ES256", "HS256", "none", ""]) | JSON},
    optional={"kid": JSON, "typ": JSON, "crit": JSON, "b64": JSON, "jwk": JSON, "zip": st.just("DEF")},
)


def trusted() -> TrustedKeys:
    keys = TrustedKeys(CommandSettings(keys=(pem(KEY),)))
    keys.read()
    return keys


GUARD = Guard(trusted(), AGENT, SystemClock())


def part(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def signed(head: bytes, claims: bytes) -> str:
    body = f"{part(head)}.{part(claims)}"
    return f"{body}.{part(KEY.sign(body.encode()))}"


def judge(token: str) -> None:
    GUARD.subject(token)
    try:
        claims = GUARD.check(token, "talkdown.play", "street")
    except AgentError as exc:
        assert exc.code in CODES  # noqa: PT017 - either outcome is right
    else:
        assert isinstance(claims, Claims)


@settings(deadline=None, max_examples=200)
@given(
    st.text(max_size=200)
    | st.text(string.ascii_letters + "._-=", max_size=200)
    | st.builds(signed, HEADS.map(lambda head: json.dumps(head).encode()), CLAIMS.map(lambda c: json.dumps(c).encode()))
    | st.builds(signed, st.binary(max_size=40), st.binary(max_size=80))
)
def test_any_token_is_judged(token: str) -> None:
    judge(token)


@pytest.mark.parametrize(
    "claims",
    [
        b"[" * 4000,
        b'{"exp":' + b"9" * 5000 + b"}",
        b'{"aud":' + b"[" * 2000 + b"]" * 2000 + b"}",
        b'{"exp":1e999,"iat":-1e999}',
        b'"\\ud800"',
        b"{}" * 2000,
    ],
)
def test_what_breaks_readers_of_json_is_refused(claims: bytes) -> None:
    judge(signed(b'{"alg":"EdDSA"}', claims))
    judge(signed(claims, b"{}"))


@settings(deadline=None, max_examples=50)
@given(st.binary(max_size=300) | JSON.map(lambda told: json.dumps(told).encode()))
def test_any_status_of_a_stranger_is_taken(payload: bytes) -> None:
    presence = Presence(Topics("edge/v1", AGENT), "boot", None)
    presence.hear(payload)
    assert not presence.stranger, "no birth yet, so nobody can be told from the run before"


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=300) | st.text(max_size=60).map(lambda t: f"-----BEGIN PUBLIC KEY-----{t}"))
def test_any_key_is_read_or_refused(text: str) -> None:
    with TemporaryDirectory() as folder:
        (Path(folder) / "key").write_text(text, encoding="utf-8", errors="replace")
        for given_as in (str(Path(folder) / "key"), f"-----BEGIN PUBLIC KEY-----{text}-----END PUBLIC KEY-----"):
            keys = TrustedKeys(CommandSettings(keys=(given_as,)))
            try:
                keys.read()
            except PermanentError as exc:
                assert exc.remedy  # noqa: PT017 - either outcome is right


@settings(deadline=None, max_examples=100)
@given(st.sampled_from(sorted(ARGUMENTS)), st.dictionaries(st.text(max_size=12), JSON, max_size=4), st.data())
def test_any_arguments_are_parsed_or_refused(name: str, arguments: dict[str, Any], data: st.DataObject) -> None:
    known = list(ARGUMENTS[name].model_fields)
    if known:
        arguments |= data.draw(st.dictionaries(st.sampled_from(known), JSON, max_size=len(known)))
    try:
        _parse(ARGUMENTS[name], Command(name, "1", arguments, "somebody"))
    except PermanentError as exc:
        assert exc.code == "arguments_invalid"  # noqa: PT017 - either outcome is right


VALUES = st.text(max_size=30) | st.sampled_from(["{", "[1", '{"a": [', "\x00x", "1e999", "true", "[[[[[[", "{}"])
NAMES = st.sampled_from(
    [
        "MQTT__PORT",
        "MQTT__TLS",
        "MQTT__FALLBACKS",
        "MQTT__COMMANDS__KEYS",
        "CAMERAS",
        "CAMERAS__A__SOURCE",
        "OUTBOX",
        "WEB",
    ]
)


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode), st.dictionaries(NAMES, VALUES, max_size=3))
def test_any_settings_are_taken_or_refused_with_a_sentence(
    tmp_path: Path, document: bytes, variables: dict[str, str]
) -> None:
    (tmp_path / "agent.toml").write_bytes(document)
    environment = {f"EDGE_{name}": value for name, value in variables.items() if "\x00" not in value}
    clean = {name: value for name, value in os.environ.items() if not name.startswith("EDGE_")}
    with mock.patch.dict(os.environ, clean | environment, clear=True):
        for path in (tmp_path / "agent.toml", None):
            try:
                assert isinstance(load_settings(path), Settings)
            except PermanentError as exc:
                assert exc.remedy  # noqa: PT017 - either outcome is right
