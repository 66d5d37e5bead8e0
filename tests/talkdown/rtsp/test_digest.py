import hashlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.errors import PermanentError
from edge_agent.talkdown.rtsp.digest import Authenticator, Credentials, parse_challenge

MUFASA = Credentials("Mufasa", "Circle of Life")


def answer(*headers: str, sealed: bool = False) -> dict[str, str]:
    authenticator = Authenticator(MUFASA, sealed=sealed)
    authenticator.challenged(headers)
    return parse_challenge(authenticator.authorization("GET", "/dir/index.html")).parameters


def test_the_strongest_digest_is_chosen_and_computed_as_rfc_7616_says() -> None:
    rest = 'realm="http-auth@example.org", qop="auth, auth-int", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"'
    given_back = answer(f"Digest {rest}, algorithm=MD5", f"Digest {rest}, algorithm=SHA-256, opaque=FQhe")
    assert given_back["algorithm"] == "SHA-256"
    assert given_back["opaque"] == "FQhe"

    def sha(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    # Section 3.4.1 of the RFC by hand; its printed example has a fixed cnonce, ours is random.
    secret = sha("Mufasa:http-auth@example.org:Circle of Life")
    nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
    expected = sha(f"{secret}:{nonce}:00000001:{given_back['cnonce']}:auth:{sha('GET:/dir/index.html')}")
    assert given_back["response"] == expected


def test_the_example_of_rfc_2069() -> None:
    # With the response that its erratum 749 corrects.
    credentials = Credentials("Mufasa", "CircleOfLife")
    authenticator = Authenticator(credentials, sealed=False)
    authenticator.challenged(['Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'])
    assert 'response="1949323746fe6a43ef61f9606e7febea"' in authenticator.authorization("GET", "/dir/index.html")


def test_basic_travels_only_under_tls() -> None:
    with pytest.raises(PermanentError, match="no safe way"):
        answer('Basic realm="camera"')
    authenticator = Authenticator(MUFASA, sealed=True)
    authenticator.challenged(['Basic realm="camera"'])
    assert authenticator.authorization("OPTIONS", "*") == "Basic TXVmYXNhOkNpcmNsZSBvZiBMaWZl"


def test_a_second_refusal_is_a_wrong_password_unless_the_nonce_was_stale() -> None:
    authenticator = Authenticator(MUFASA, sealed=False)
    authenticator.challenged(['Digest realm="a", nonce="1"'])
    authenticator.challenged(['Digest realm="a", nonce="2", stale=TRUE'])
    assert 'nonce="2"' in authenticator.authorization("GET", "/")
    with pytest.raises(PermanentError, match="refuses the password of user 'Mufasa'") as error:
        authenticator.challenged(['Digest realm="a", nonce="3"'])
    assert "Circle" not in str(error.value)


def test_no_user_name_is_told_before_anything_is_sent() -> None:
    with pytest.raises(PermanentError, match="asks for a password"):
        Authenticator(Credentials("", ""), sealed=False).challenged(['Digest realm="a", nonce="1"'])


def test_the_password_is_never_shown() -> None:
    assert "Circle" not in repr(MUFASA)


@given(st.lists(st.text(max_size=100) | st.text('Digestnoce="=, ', max_size=60).map(lambda t: f"Digest nonce=x, {t}")))
def test_garbage_gives_an_answer_or_a_permanent_error(headers: list[str]) -> None:
    authenticator = Authenticator(MUFASA, sealed=True)
    with suppress(PermanentError):
        authenticator.challenged(headers)
        assert authenticator.authorization("GET", "/")
