"""Keys that may sign commands: text or files, several in one, changed while the agent runs."""

import asyncio
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_agent.aio.clock import SystemClock
from edge_agent.errors import AgentError, PermanentError
from edge_agent.uplink import keys as keys_module
from edge_agent.uplink.keys import TrustedKeys, name_of
from edge_agent.uplink.office import sign
from edge_agent.uplink.settings import CommandSettings
from edge_agent.uplink.tokens import Guard
from tests.uplink.town import AGENT, pem, until

PLAY = "talkdown.play"


def trusted(*texts: str) -> TrustedKeys:
    keys = TrustedKeys(CommandSettings(keys=texts))
    keys.read()
    return keys


def test_keys_are_text_or_files_that_hold_several(tmp_path: Path) -> None:
    old, new, third = Ed25519PrivateKey.generate(), generate_private_key(SECP256R1()), Ed25519PrivateKey.generate()
    (tmp_path / "keys.pem").write_text(f"the old one\n{pem(old)}\nthe new one\n{pem(new)}")
    keys = trusted(str(tmp_path / "keys.pem"), pem(third))
    assert {*keys.candidates(None)} == {name_of(key.public_key()) for key in (old, new, third)}


@pytest.mark.parametrize(
    "key", ["/nowhere/key.pem", "-----BEGIN PUBLIC KEY-----\nAAAA", pem(generate_private_key(SECP384R1()))]
)
def test_a_key_that_cannot_sign_commands_is_said_with_how_to_make_one(key: str) -> None:
    with pytest.raises(PermanentError, match="openssl genpkey"):
        trusted(key)


def test_too_many_keys_are_refused() -> None:
    with pytest.raises(PermanentError, match="more than 16"):
        trusted("".join(pem(Ed25519PrivateKey.generate()) for _ in range(17)))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys_module, "_LOOK_EVERY", 0.01)


async def test_a_new_key_counts_and_an_old_one_does_not_without_a_restart(
    tmp_path: Path, quick: None, caplog: pytest.LogCaptureFixture
) -> None:
    old, new, file = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate(), tmp_path / "csu.pem"
    file.write_text(pem(old))
    keys, clock = await asyncio.to_thread(trusted, str(file)), SystemClock()
    guard = Guard(keys, AGENT, clock)
    following = asyncio.create_task(keys.follow())

    def obeys(key: Ed25519PrivateKey) -> bool:
        try:
            guard.check(sign(key, AGENT, PLAY, "street", actor="me", clock=clock), PLAY, "street")
        except AgentError:
            return False
        return True

    try:
        assert (obeys(old), obeys(new)) == (True, False)
        file.write_text(pem(old) + pem(new))
        await until(lambda: obeys(new))
        assert obeys(old)
        file.write_text("half a file")
        await until(lambda: "stay as they were" in caplog.text)
        assert obeys(new)
        file.write_text(pem(new))
        await until(lambda: not obeys(old))
        assert obeys(new)
        file.write_text("")
        await until(lambda: not obeys(new))
    finally:
        following.cancel()
        await asyncio.wait([following])
    assert caplog.text.count("stay as they were") == 1
