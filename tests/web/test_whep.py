from datetime import timedelta

import pytest
from pydantic import SecretStr

from edge_agent.errors import PermanentError, TransientError
from edge_agent.values.viewing import Wish
from edge_agent.web.token import COOKIE, SHIFT
from tests.web.fake_site import TOKEN, Ice, serving

SDP = {"Content-Type": "application/sdp"}


async def test_a_player_opens_and_closes_a_camera() -> None:
    async with serving() as web:
        opened = await web.client.post("/whep/street", data="v=0\r\n", headers=SDP)
        assert (opened.status, opened.content_type) == (201, "application/sdp")
        assert await opened.text() == "v=0\r\nanswer\r\n"
        assert opened.headers["Location"] == "/whep/street/s1"
        assert (await web.client.delete(opened.headers["Location"])).status == 200
        again = await web.client.delete(opened.headers["Location"])
        assert (again.status, (await again.json())["code"]) == (404, "session_unknown")
        assert web.site.asked[0] == ("watch", "street", "v=0\r\n", "page at 127.0.0.1", Wish.AUTO, "", None)


async def test_a_stream_is_chosen_and_changed_within_the_session() -> None:
    async with serving() as web:
        opened = await web.client.post("/whep/street?stream=sub", data="v=0\r\n", headers=SDP)
        assert web.site.asked[0][4] is Wish.SUB
        session = opened.headers["Location"]
        assert (await web.client.patch(session, json={"stream": "main"})).status == 204
        assert web.site.asked[-1] == ("select", "street", "s1", Wish.MAIN)
        for wrong in ({"stream": "best"}, {}, {"stream": "sub", "more": 1}):
            assert (await web.client.patch(session, json=wrong)).status == 400
        assert (await web.client.patch("/whep/street/s2", json={"stream": "main"})).status == 404
        assert (await web.client.post("/whep/street?stream=best", data="v=0\r\n", headers=SDP)).status == 400


@pytest.mark.parametrize(
    ("given", "key"), [('"8e03978e-40d5-43e8-bc93-6894a57f9324"', "8e03978e-40d5-43e8-bc93-6894a57f9324"), ("a", "a")]
)
async def test_a_request_has_a_name(given: str, key: str) -> None:
    async with serving() as web:
        headers = {**SDP, "Idempotency-Key": given}
        assert (await web.client.post("/whep/street", data="v=0\r\n", headers=headers)).status == 201
        assert web.site.asked[0][5] == key
        headers["Idempotency-Key"] = "two words"
        assert (await web.client.post("/whep/street", data="v=0\r\n", headers=headers)).status == 400


async def test_a_session_ends_with_the_login_that_opened_it() -> None:
    async with serving(token=TOKEN) as web:
        login = await web.client.post("/api/login", json={"token": TOKEN})
        cookie = {"Cookie": f"{COOKIE}={login.cookies[COOKIE].value}"}
        assert (await web.client.post("/whep/street", data="v=0\r\n", headers=SDP | cookie)).status == 201
        assert web.site.asked[0][6] == web.clock.wall() + timedelta(seconds=SHIFT)
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        assert (await web.client.post("/whep/street", data="v=0\r\n", headers=SDP | bearer)).status == 201
        assert web.site.asked[-2][6] is None


async def test_why_there_is_no_picture_yet_is_told_with_the_answer() -> None:
    async with serving() as web:
        web.site.waiting = "the camera is offline: check its cable"
        opened = await web.client.post("/whep/street", data="v=0\r\n", headers=SDP)
        assert (opened.status, opened.headers["Waiting"]) == (201, web.site.waiting)
        web.site.waiting = "the caméra says\r\nSet-Cookie: no"
        opened = await web.client.post("/whep/street", data="v=0\r\n", headers=SDP)
        assert (opened.status, opened.headers["Waiting"]) == (201, "the cam?ra says Set-Cookie: no")


async def test_ice_servers_travel_in_links() -> None:
    async with serving() as web:
        web.site.servers = [
            Ice(("stun:stun.town.example",)),
            Ice(("turn:turn.town.example?transport=udp",), 'a"b', SecretStr("c\\d")),
        ]
        options = await web.client.options("/whep/street")
        assert (options.status, options.headers["Accept-Post"]) == (204, "application/sdp")
        assert options.headers.getall("Link") == [
            '<stun:stun.town.example>; rel="ice-server"',
            (
                '<turn:turn.town.example?transport=udp>; rel="ice-server"; username="a\\"b"; credential="c\\\\d"'
                '; credential-type="password"'
            ),
        ]
        opened = await web.client.post("/whep/street", data="v=0\r\n", headers=SDP)
        assert opened.headers.getall("Link") == options.headers.getall("Link")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "application/json"}, 415),
        ({"Content-Type": "text/plain"}, 415),
        ({**SDP, "Accept": "text/html"}, 406),
        ({**SDP, "Accept": "application/sdp, application/json"}, 201),
        ({**SDP, "Accept": "text/html, */*;q=0.1"}, 201),
        ({"Content-Type": "application/sdp; charset=utf-8"}, 201),
    ],
)
async def test_types_are_checked(headers: dict[str, str], status: int) -> None:
    async with serving() as web:
        assert (await web.client.post("/whep/street", data="v=0\r\n", headers=headers)).status == status


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (PermanentError("no", "n", code="offer_invalid"), 400),
        (PermanentError("no", "n", code="offer_without_h264"), 406),
        (PermanentError("no", "n", code="offer_too_large"), 413),
        (TransientError("no", "n", code="too_many_viewers"), 503),
        (TransientError("the camera is away", "look at its cable"), 503),
    ],
)
async def test_refusals(error: PermanentError, status: int) -> None:
    async with serving() as web:
        web.site.error = error
        answer = await web.client.post("/whep/street", data="v=0\r\n", headers=SDP)
        assert (answer.status, (await answer.json())["code"]) == (status, error.code)


async def test_what_is_not_offered_is_refused() -> None:
    async with serving() as web:
        assert (await web.client.patch("/whep/street/s1", data="a=candidate", headers=SDP)).status == 415
        assert (await web.client.get("/whep/street")).status == 405
        assert (await web.client.post("/whep/nowhere", data="v=0\r\n", headers=SDP)).status == 404
        assert (await web.client.post("/whep/street", data=b"\xff\xfe", headers=SDP)).status == 400
        assert (await web.client.post("/whep/street", data=b"a" * 1_000_000, headers=SDP)).status == 413
