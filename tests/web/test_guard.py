import pytest
from pydantic import ValidationError

from edge_agent.web.document import POLICY
from edge_agent.web.guard import HEADERS
from edge_agent.web.settings import WebSettings
from tests.web.fake_site import TOKEN, serving

SDP = {"Content-Type": "application/sdp"}


@pytest.mark.parametrize("path", ["/", "/api/site", "/static/app.js", "/nothing", "/whep/street"])
async def test_every_answer_carries_the_headers_that_protect_the_page(path: str) -> None:
    async with serving() as web:
        answer = await web.client.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS | {"Content-Security-Policy": policy}
        assert policy == POLICY or (path == "/" and policy.startswith(f"{POLICY}; script-src 'self' 'sha256-"))
        assert "unsafe" not in policy


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("localhost:8080", 200),
        ("mairie.local", 200),
        ("MAIRIE.local.:443", 200),
        ("[2001:db8::7]:8080", 200),
        ("evil.example", 421),
        ("evil.example:8080", 421),
        ("127.0.0.1.evil.example", 421),
        ("192.0.2.9", 421),
        ("[::1", 421),
    ],
)
async def test_the_box_answers_to_its_own_names_only(host: str, status: int) -> None:
    async with serving(hosts=("mairie.local", "[2001:DB8:0::7]")) as web:
        answer = await web.client.get("/api/site", headers={"Host": host})
        assert answer.status == status


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:1", "http://[", "https://player.example"]
)
async def test_foreign_pages_are_refused(origin: str) -> None:
    async with serving(origins=("https://player.example",)) as web:
        answer = await web.client.post(
            "/api/cameras/street/say", json={"text": "a", "language": "fr"}, headers={"Origin": origin}
        )
        assert (answer.status, (await answer.json())["code"]) == (403, "origin_foreign")
        assert web.site.asked == []


async def test_the_own_page_is_not_foreign() -> None:
    async with serving() as web:
        origin = str(web.client.make_url("/")).rstrip("/")
        assert (await web.client.get("/api/site", headers={"Origin": origin})).status == 200


async def test_the_own_page_behind_a_proxy_is_not_foreign() -> None:
    async with serving(hosts=("wall.town.example",)) as web:
        seen = await web.client.get("/api/site", headers={"Origin": "https://wall.town.example"})
        assert seen.status == 200


async def test_a_player_elsewhere_may_play_if_the_settings_say_so() -> None:
    async with serving(origins=("https://player.example",), token=TOKEN) as web:
        origin = {"Origin": "https://player.example"}
        preflight = await web.client.options(
            "/whep/street", headers={**origin, "Access-Control-Request-Method": "POST"}
        )
        assert (preflight.status, preflight.headers["Access-Control-Allow-Origin"]) == (204, "https://player.example")
        assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
        assert "Link" not in preflight.headers
        refused = await web.client.post("/whep/street", data="v=0", headers={**origin, **SDP})
        assert refused.status == 401
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        opened = await web.client.post("/whep/street", data="v=0", headers={**origin, **SDP, **bearer})
        assert (opened.status, opened.headers["Access-Control-Expose-Headers"]) == (201, "Location, Link, Waiting")


@pytest.mark.parametrize("path", ["/api/site", "/api/events", "/api/feed", "/metrics", "/whep/street", "/nothing"])
async def test_without_the_token_there_is_nothing(path: str) -> None:
    async with serving(token=TOKEN) as web:
        answer = await web.client.get(path)
        assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert TOKEN not in await answer.text()


@pytest.mark.parametrize("path", ["/", "/static/app.js", "/healthz"])
async def test_the_page_itself_needs_no_token(path: str) -> None:
    async with serving(token=TOKEN) as web:
        assert (await web.client.get(path)).status == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "box.town.example"])  # noqa: S104 - refused
def test_others_reach_the_box_with_a_token_only(host: str) -> None:
    with pytest.raises(ValidationError, match=r"web\.token"):
        WebSettings(host=host)
    assert WebSettings(host=host, token=TOKEN).host == host  # type: ignore[arg-type] # as settings files give it


def test_a_short_token_is_refused() -> None:
    with pytest.raises(ValidationError, match="too short"):
        WebSettings(token="secret")  # type: ignore[arg-type] # noqa: S106 - as settings files give it
