"""Whatever a stranger posts to the page's addresses: an answer that says what is wrong, and never a fault of ours."""

import asyncio
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.web.fake_site import serving

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
KNOWN = (
    "pan",
    "tilt",
    "zoom",
    "preset",
    "text",
    "message",
    "language",
    "volume",
    "stream",
    "layouts",
    "name",
    "password",
)
BODIES = (
    st.binary(max_size=200)
    | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | (JSON | st.dictionaries(st.sampled_from(KNOWN), JSON, max_size=4)).map(lambda told: json.dumps(told).encode())
    | st.sampled_from([b"[" * 20_000, b'{"pan":' + b"9" * 5000 + b"}", b'{"pan":1e999}', b'"\\ud800"', b"\xff\xfe"])
    | st.binary(max_size=60).map(lambda junk: b"a=ice-ufrag:x\r\na=candidate:" + junk + b"\r\n")
)
TYPES = st.sampled_from(
    [
        "application/json",
        "application/sdp",
        "application/trickle-ice-sdpfrag",
        "text/plain",
        "",
        "a/b; charset=nonsense",
    ]
)
ADDRESSES = st.sampled_from(
    [
        ("POST", "/whep/street"),
        ("PATCH", "/whep/street/s1"),
        ("POST", "/whip/street"),
        ("PATCH", "/whip/street/v1"),
        ("POST", "/api/cameras/street/ptz"),
        ("POST", "/api/cameras/street/say"),
        ("POST", "/api/cameras/street/volume"),
        ("POST", "/api/cameras/street/hush"),
        ("PUT", "/api/layouts"),
        ("POST", "/api/login"),
    ]
)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.tuples(ADDRESSES, TYPES, BODIES), min_size=10, max_size=20))
def test_any_body_is_answered(requests: list[tuple[tuple[str, str], str, bytes]]) -> None:
    async def post() -> None:
        async with serving() as web:
            for (method, address), kind, body in requests:
                answer = await web.client.request(method, address, data=body, headers={"Content-Type": kind})
                assert answer.status < 500, (method, address, kind, body)
                if answer.status >= 400 and answer.content_type == "application/json":
                    assert (await answer.json())["code"]

    asyncio.run(post())
