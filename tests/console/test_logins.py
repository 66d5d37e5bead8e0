import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import CookieJar
from aiohttp.test_utils import TestClient, TestServer

from edge_agent.aio.background import background
from edge_agent.console.account import Account, Role
from edge_agent.console.logins import COOKIE, EACH, Logins
from edge_agent.console.passes import Pass, PassFile
from edge_agent.console.settings import ConsoleWebSettings, RoomSettings
from edge_agent.console.users import Users
from edge_agent.web.brake import ATTEMPTS, PAUSE
from edge_agent.web.feed import Feed
from edge_agent.web.server import build_app
from tests.console.room import KEPT, PASSWORD
from tests.web.fake_site import Client, Clock, FakeSite

IDLE, LONGEST = 1800.0, 12 * 3600.0


@dataclass
class Web:
    users: Users
    clock: Clock
    site: FakeSite
    client: Client

    async def sign_in(self, name: str = "anne", password: str = PASSWORD, **headers: str) -> int:
        body = {"name": name, "password": password}
        async with self.client.post("/api/login", json=body, headers=headers) as answer:
            return answer.status

    def cookie(self) -> str:
        return "; ".join(f"{cookie.key}={cookie.value}" for cookie in self.client.session.cookie_jar)

    async def look(self, **headers: str) -> tuple[int, str]:
        async with self.client.get("/api/site", headers=headers) as answer:
            return answer.status, (await answer.json()).get("code", "")


@asynccontextmanager
async def serving(folder: Path, clock: Clock | None = None, **settings: object) -> AsyncIterator[Web]:
    users, clock, site, feed = Users(folder / "users.json"), clock or Clock(), FakeSite(), Feed()
    with_anne = await asyncio.to_thread(_with, users, "anne", Account(role=Role.OPERATOR, password=KEPT))
    assert with_anne
    web = ConsoleWebSettings.model_validate(settings)
    room = RoomSettings(idle=IDLE, longest=LONGEST, state=folder)
    logins = await asyncio.to_thread(Logins, users, room, web, clock)
    app = await asyncio.to_thread(build_app, web, site, feed, logins)
    async with (
        background(kept=logins.run()),
        TestClient(TestServer(app), cookie_jar=CookieJar(unsafe=True)) as client,
    ):
        yield Web(users, clock, site, client)


def _with(users: Users, name: str, account: Account | None) -> bool:
    with users.changing() as accounts:
        if account is None:
            del accounts[name]
        else:
            accounts[name] = account
    return True


async def test_who_signs_in_acts_in_their_own_name(tmp_path: Path) -> None:
    async with serving(tmp_path) as web:
        assert await web.look() == (401, "login_missing")
        assert await web.sign_in() == 204
        assert (await web.look())[0] == 200
        await web.client.post("/api/cameras/street/hush", json={})
        assert web.site.asked == [("hush", "street", "anne")]


async def test_the_cookie_is_for_this_page_and_no_script(tmp_path: Path) -> None:
    async with serving(tmp_path, proxies=["127.0.0.1"]) as web:
        answer = await web.client.post("/api/login", json={"name": "anne", "password": PASSWORD})
        cookie = answer.cookies[COOKIE]
        assert (cookie["httponly"], cookie["samesite"], cookie["secure"]) == (True, "Strict", True)
        assert "anne" not in cookie.value


async def test_a_login_ends_when_nobody_uses_it_and_after_a_shift(tmp_path: Path) -> None:
    async with serving(tmp_path) as web:
        await web.sign_in()
        for _ in range(int(LONGEST // IDLE)):
            web.clock.now += IDLE - 60
            assert (await web.look())[0] == 200
        web.clock.now += IDLE - 60
        assert await web.look() == (401, "login_missing")
        await web.sign_in()
        web.clock.now += IDLE + 1
        assert await web.look() == (401, "login_missing")


async def test_signing_out_ends_this_login_alone(tmp_path: Path) -> None:
    async with serving(tmp_path) as web:
        await web.sign_in()
        other = web.cookie()
        await web.sign_in()
        assert (await web.client.post("/api/logout", json={})).status == 204
        assert await web.look() == (401, "login_missing")
        assert (await web.look(Cookie=other))[0] == 200


async def test_a_login_outlives_a_restart_and_a_sign_out_does_too(tmp_path: Path) -> None:
    async with serving(tmp_path) as web:
        await web.sign_in()
        out = web.cookie()
        assert (await web.client.post("/api/logout", json={})).status == 204
        await web.sign_in()
        cookie = web.cookie()
    file = tmp_path / "logins.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert cookie.partition("=")[2] not in file.read_text()
    # The clock that measures begins anew with the machine; only the wall's goes on.
    for later, expected in ((IDLE - 1, 200), (2 * IDLE - 2, 200), (LONGEST, 401)):
        clock = Clock(1000.0 + later, booted=later)
        async with serving(tmp_path, clock) as web:
            assert (await web.look(Cookie=cookie))[0] == expected
            assert (await web.look(Cookie=out))[0] == 401


async def test_a_login_is_kept_that_is_being_written_when_the_console_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, begun, beside = PassFile.write, threading.Event(), []

    def slow(file: PassFile, passes: Iterable[tuple[str, Pass]]) -> None:
        beside.append(begun.is_set())
        begun.set()
        time.sleep(0.1)
        write(file, passes)
        begun.clear()

    monkeypatch.setattr(PassFile, "write", slow)
    async with serving(tmp_path) as web:
        await web.sign_in()
        cookie = web.cookie()
        assert await asyncio.to_thread(begun.wait, 5)
    assert beside == [False, False]
    async with serving(tmp_path, Clock(1000.0, booted=0.0)) as web:
        assert (await web.look(Cookie=cookie))[0] == 200


async def test_an_unused_login_ends_during_a_restart(tmp_path: Path) -> None:
    async with serving(tmp_path) as web:
        await web.sign_in()
        cookie = web.cookie()
    async with serving(tmp_path, Clock(1000.0 + IDLE)) as web:
        assert (await web.look(Cookie=cookie))[0] == 401


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"logins": {"x": 1}}', b"\xff"])
async def test_a_damaged_file_of_logins_keeps_nobody_from_signing_in(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "logins.json").write_bytes(content)
    async with serving(tmp_path) as web:
        assert await web.sign_in() == 204
        assert (await web.look())[0] == 200


@pytest.mark.parametrize("change", ["removed", "new password"])
async def test_an_account_that_changes_ends_its_logins(tmp_path: Path, change: str) -> None:
    async with serving(tmp_path) as web:
        await web.sign_in()
        other = None if change == "removed" else Account(role=Role.OPERATOR, password=KEPT.replace("$", "$$", 1))
        await asyncio.to_thread(_with, web.users, "anne", other)
        assert await web.look() == (401, "login_missing")


async def test_another_role_ends_nothing(tmp_path: Path) -> None:
    async with serving(tmp_path) as web:
        await web.sign_in()
        await asyncio.to_thread(_with, web.users, "anne", Account(role=Role.VIEWER, password=KEPT))
        assert (await web.look())[0] == 200


async def test_guessing_is_slow_for_an_account_wherever_it_comes_from(tmp_path: Path) -> None:
    async with serving(tmp_path, proxies=["127.0.0.1"]) as web:
        tried = [await web.sign_in("anne", "guess", **{"X-Forwarded-For": f"192.0.2.{n}"}) for n in range(ATTEMPTS + 2)]
        assert tried == [401] * ATTEMPTS + [429] * 2
        assert await web.sign_in(**{"X-Forwarded-For": "192.0.2.99"}) == 429
        web.clock.now += PAUSE
        assert await web.sign_in(**{"X-Forwarded-For": "192.0.2.99"}) == 204


async def test_guessing_is_slow_for_an_address_whatever_the_account(tmp_path: Path) -> None:
    async with serving(tmp_path, proxies=["127.0.0.1"]) as web:
        here = {"X-Forwarded-For": "203.0.113.7, 192.0.2.1"}
        tried = [await web.sign_in(f"user{n}", "guess", **here) for n in range(ATTEMPTS + 1)]
        assert tried == [401] * ATTEMPTS + [429]
        assert await web.sign_in(**{"X-Forwarded-For": "203.0.113.7, 192.0.2.2"}) == 204


async def test_a_hundred_guesses_at_once_are_as_slow(tmp_path: Path) -> None:
    async with serving(tmp_path) as web:
        tried = await asyncio.gather(*(web.sign_in("anne", f"guess {n}") for n in range(100)))
        assert sorted(set(tried)) == [401, 429]
        assert tried.count(401) <= ATTEMPTS


async def test_who_is_no_proxy_is_not_believed(tmp_path: Path) -> None:
    async with serving(tmp_path) as web:
        tried = [await web.sign_in(f"user{n}", "guess", **{"X-Forwarded-For": f"192.0.2.{n}"}) for n in range(6)]
        assert tried == [401] * ATTEMPTS + [429]


async def test_logins_of_one_account_are_bounded(tmp_path: Path) -> None:
    async with serving(tmp_path) as web:
        await web.sign_in()
        first = web.cookie()
        for _ in range(EACH):
            web.clock.now += 1
            assert await web.sign_in() == 204
        last = web.cookie()
        web.client.session.cookie_jar.clear()
        assert await web.look(Cookie=first) == (401, "login_missing")
        assert (await web.look(Cookie=last))[0] == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "anne"},
        {"token": "anne"},
        {"name": "ANNE", "password": PASSWORD},
        {"name": "anne", "password": ""},
        {"name": "a" * 65, "password": "b"},
        {"name": "anne", "password": "b" * 257},
        {"name": "anne", "password": PASSWORD, "role": "admin"},
    ],
)
async def test_what_is_no_login_lets_nobody_in(tmp_path: Path, body: object) -> None:
    async with serving(tmp_path) as web:
        answer = await web.client.post("/api/login", json=body)
        assert answer.status in {400, 401}
        assert COOKIE not in answer.cookies


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"}])
async def test_another_sites_page_does_nothing_with_a_login(tmp_path: Path, headers: dict[str, str]) -> None:
    async with serving(tmp_path) as web:
        await web.sign_in()
        answer = await web.client.post("/api/cameras/street/hush", json={}, headers=headers)
        assert answer.status in {403, 421}
        assert web.site.asked == []
