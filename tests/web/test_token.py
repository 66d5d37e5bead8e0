import pytest

from edge_agent.web.brake import PAUSE
from edge_agent.web.token import COOKIE, SHIFT
from tests.web.fake_site import TOKEN, serving


async def test_a_login_lasts_a_shift() -> None:
    async with serving(token=TOKEN) as web:
        login = await web.client.post("/api/login", json={"token": TOKEN})
        cookie = login.cookies[COOKIE]
        assert login.status == 204
        assert (cookie["httponly"], cookie["samesite"], TOKEN in cookie.value) == (True, "Strict", False)
        given = {"Cookie": f"{COOKIE}={cookie.value}"}
        assert (await web.client.get("/api/site", headers=given)).status == 200
        web.clock.now += SHIFT + 1
        assert (await web.client.get("/api/site", headers=given)).status == 401


@pytest.mark.parametrize("cookie", ["", "x", "99999999999.", "99999999999.00", "9" * 5000, "\u0663.00", ".", "1.2.3"])
async def test_a_forged_cookie_is_refused(cookie: str) -> None:
    async with serving(token=TOKEN) as web:
        answer = await web.client.get("/api/site", headers={"Cookie": f"{COOKIE}={cookie}"})
        assert answer.status == 401


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
async def test_a_bearer_may_pass(scheme: str) -> None:
    async with serving(token=TOKEN) as web:
        answer = await web.client.get("/api/site", headers={"Authorization": f"{scheme} {TOKEN}"})
        assert answer.status == 200


async def test_guessing_is_slow() -> None:
    async with serving(token=TOKEN) as web:
        tried = [(await web.client.post("/api/login", json={"token": f"guess {number}"})).status for number in range(7)]
        assert tried == [401] * 5 + [429] * 2
        right = await web.client.post("/api/login", json={"token": TOKEN})
        assert (right.status, "Retry-After" in right.headers) == (429, True)
        web.clock.now += PAUSE
        assert (await web.client.post("/api/login", json={"token": TOKEN})).status == 204


async def test_without_a_token_everybody_logs_in() -> None:
    async with serving() as web:
        login = await web.client.post("/api/login", json={"token": ""})
        assert (login.status, COOKIE in login.cookies) == (204, False)
