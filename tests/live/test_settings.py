from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from edge_agent.live.settings import IceServer, LiveSettings


@pytest.mark.parametrize(
    "url", ["http://stun.example", "stun:", "stun:a b", "turn:x?transport=sctp", "stun:x?transport=udp"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        IceServer.model_validate({"urls": [url], "username": "a", "credential": "b"})


def test_turn_needs_credentials() -> None:
    with pytest.raises(ValidationError, match="secret, or username and credential"):
        IceServer.model_validate({"urls": ["turn:turn.example:3478"]})
    IceServer.model_validate({"urls": ["turns:turn.example?transport=tcp"], "username": "a", "credential": "b"})


def test_credentials_are_not_shown() -> None:
    servers = [{"urls": ["turn:turn.example"], "username": "a", "credential": "hush-hush"}]
    assert "hush-hush" not in repr(LiveSettings.model_validate({"ice_servers": servers}))


def test_a_viewer_gets_credentials_of_its_own_that_expire() -> None:
    server = IceServer.model_validate({"urls": ["turn:turn.example"], "secret": "north", "lifetime": 600})
    issued = server.issue("Anne: désk", datetime(2026, 11, 24, tzinfo=UTC))
    assert issued.username == "1795479000:Anne--d-sk"
    # printf %s 1795479000:Anne--d-sk | openssl dgst -sha1 -hmac north -binary | base64
    assert issued.credential.get_secret_value() == "wo2OZfQHORpNxUBo5fKDacRiEd8="
    assert issued.secret.get_secret_value() == ""
    assert "north" not in repr(server)
    with pytest.raises(ValidationError, match="either a secret"):
        IceServer.model_validate({"urls": ["turn:turn.example"], "secret": "a", "username": "b", "credential": "c"})


def test_an_account_and_a_stun_server_are_given_on_as_they_are() -> None:
    for server in ({"urls": ["stun:stun.example"]}, {"urls": ["turn:t"], "username": "a", "credential": "b"}):
        made = IceServer.model_validate(server)
        assert made.issue("anne", datetime(2026, 11, 24, tzinfo=UTC)) == made
