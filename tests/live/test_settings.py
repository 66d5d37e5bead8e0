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
    with pytest.raises(ValidationError, match="username and credential"):
        IceServer.model_validate({"urls": ["turn:turn.example:3478"]})
    IceServer.model_validate({"urls": ["turns:turn.example?transport=tcp"], "username": "a", "credential": "b"})


def test_credentials_are_not_shown() -> None:
    servers = [{"urls": ["turn:turn.example"], "username": "a", "credential": "hush-hush"}]
    assert "hush-hush" not in repr(LiveSettings.model_validate({"ice_servers": servers}))
