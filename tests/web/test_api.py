import pytest

from edge_agent.errors import PermanentError, TransientError
from edge_agent.web.site import Movement, Words
from tests.web.fake_site import EVENT, SPOKEN, serving


async def test_the_page_gets_what_it_asks_for() -> None:
    async with serving() as web:
        site = await web.client.get("/api/site")
        assert (site.status, (await site.json())["agent"]["id"]) == (200, "box")
        events = await (await web.client.get("/api/events?limit=50")).json()
        picture = await web.client.get("/" + events[0]["snapshot"])
        assert (picture.status, picture.content_type, await picture.read()) == (200, "image/jpeg", b"\xff\xd8 jpeg")
        assert "immutable" in picture.headers["Cache-Control"]


@pytest.mark.parametrize("language", ["fr", "en"])
async def test_the_page_comes_in_the_language_of_the_settings(language: str) -> None:
    async with serving(language=language) as web:
        assert f'<html lang="{language}">' in await (await web.client.get("/")).text()


async def test_page_and_static_files_are_revalidated() -> None:
    async with serving() as web:
        page = await web.client.get("/")
        assert (page.status, page.content_type, page.headers["Cache-Control"]) == (200, "text/html", "no-cache")
        script = await web.client.get("/static/app.js")
        assert script.status == 200
        assert script.content_type in {"text/javascript", "application/javascript"}
        again = await web.client.get("/static/app.js", headers={"If-None-Match": script.headers["ETag"]})
        assert (again.status, again.headers["Cache-Control"]) == (304, "no-cache")


@pytest.mark.parametrize(
    "path", ["/static/../server.py", "/static/%2e%2e/server.py", "/static/..%2fserver.py", "/static/"]
)
async def test_nothing_but_the_page_is_served_as_a_file(path: str) -> None:
    async with serving() as web:
        assert (await web.client.get(path)).status in {403, 404}


async def test_words_reach_the_loudspeaker() -> None:
    async with serving() as web:
        said = await web.client.post("/api/cameras/street/say", json={"message": "mask", "language": "fr"})
        assert (said.status, await said.json()) == (202, {"utterance": str(SPOKEN)})
        hushed = await web.client.post("/api/cameras/street/hush", json={})
        assert hushed.status == 204
        assert web.site.asked == [
            ("say", "street", Words("mask", "", "fr"), "page at 127.0.0.1"),
            ("hush", "street", "page at 127.0.0.1"),
        ]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"language": "fr"}',
        b'{"language": "fr", "text": "   "}',
        b'{"language": "fr", "text": "a", "message": "b"}',
        b'{"language": "french", "text": "a"}',
        b'{"language": "fr", "text": "a", "volume": 11}',
        b'{"language": "fr", "text": "' + b"a" * 501 + b'"}',
        b"[" * 10_000,
    ],
)
async def test_malformed_words_are_refused_with_a_remedy(body: bytes) -> None:
    async with serving() as web:
        answer = await web.client.post(
            "/api/cameras/street/say", data=body, headers={"Content-Type": "application/json"}
        )
        told = await answer.json()
        assert (answer.status, told["code"], set(told)) == (400, "request_invalid", {"code", "message", "remedy"})
        assert told["message"]
        assert told["remedy"]
        assert web.site.asked == []


async def test_a_body_must_say_that_it_is_json() -> None:
    async with serving() as web:
        answer = await web.client.post("/api/cameras/street/say", data=b'{"text": "a", "language": "fr"}')
        assert (answer.status, (await answer.json())["code"]) == (415, "type_unsupported")


async def test_a_huge_body_is_not_read() -> None:
    async with serving() as web:
        answer = await web.client.post(
            "/api/cameras/street/say", data=b"a" * 1_000_000, headers={"Content-Type": "application/json"}
        )
        assert answer.status == 413
        assert (await answer.json())["remedy"]


@pytest.mark.parametrize(
    "limit", ["0", "201", "-1", "many", "1e3", "9" * 5000, "\u0663", "000100999", "0001" + "0" * 5000]
)
async def test_an_odd_limit_is_refused(limit: str) -> None:
    async with serving() as web:
        answer = await web.client.get("/api/events", params={"limit": limit})
        assert answer.status == 400


@pytest.mark.parametrize("event", ["no-uuid", str(EVENT)[:-1] + "9"])
async def test_an_unknown_event_has_no_picture(event: str) -> None:
    async with serving() as web:
        answer = await web.client.get(f"/api/events/{event}/snapshot")
        assert (answer.status, (await answer.json())["code"]) == (404, "event_unknown")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (PermanentError("this camera has no loudspeaker", "set one"), 422),
        (TransientError("the loudspeaker is away", "look at its cable"), 503),
    ],
)
async def test_a_refusal_says_why_and_what_to_do(error: PermanentError, status: int) -> None:
    async with serving() as web:
        web.site.error = error
        answer = await web.client.post("/api/cameras/street/say", json={"text": "bonjour", "language": "fr"})
        told = await answer.json()
        assert (answer.status, told["message"], told["remedy"]) == (status, error.reason, error.remedy)
        assert ("Retry-After" in answer.headers) == (status == 503)


async def test_an_unknown_camera_and_an_unknown_address_are_told() -> None:
    async with serving() as web:
        camera = await web.client.post("/api/cameras/nowhere/hush", json={})
        assert (camera.status, (await camera.json())["code"]) == (404, "camera_unknown")
        address = await web.client.get("/api/nothing")
        assert (address.status, (await address.json())["code"]) == (404, "not_found")
        method = await web.client.put("/api/site")
        assert (method.status, method.headers["Allow"]) == (405, "GET,HEAD")


async def test_health_and_metrics() -> None:
    async with serving() as web:
        assert (await web.client.get("/healthz")).status == 200
        web.site.well = False
        assert (await web.client.get("/healthz")).status == 503
        metrics = await web.client.get("/metrics")
        assert (await metrics.text(), metrics.headers["Content-Type"]) == ("edge_up 1\n", "text/plain; version=0.0.4")


async def test_a_camera_is_moved_and_its_loudspeaker_turned_down() -> None:
    async with serving() as web:
        for body in ({"pan": -0.5, "tilt": 0, "zoom": 1}, {"stop": True}, {"preset": "gate"}):
            assert (await web.client.post("/api/cameras/street/ptz", json=body)).status == 204
        presets = await web.client.get("/api/cameras/street/presets")
        assert await presets.json() == [{"token": "1", "name": "Gate"}]
        assert (await web.client.post("/api/cameras/street/volume", json={"volume": -6})).status == 204
        who = "page at 127.0.0.1"
        assert web.site.asked == [
            ("move", "street", Movement(-0.5, 0, 1), who),
            ("move", "street", Movement(), who),
            ("move", "street", Movement(preset="gate"), who),
            ("presets", "street", who),
            ("set_volume", "street", -6, who),
        ]


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("ptz", {}),
        ("ptz", {"pan": 1.01}),
        ("ptz", {"pan": "NaN"}),
        ("ptz", {"pan": 0.5, "stop": True}),
        ("ptz", {"stop": True, "preset": "gate"}),
        ("ptz", {"preset": "g" * 65}),
        ("volume", {}),
        ("volume", {"volume": 1}),
        ("volume", {"volume": -41}),
    ],
)
async def test_impossible_movements_and_volumes_are_refused(what: str, body: object) -> None:
    async with serving() as web:
        answer = await web.client.post(f"/api/cameras/street/{what}", json=body)
        assert (answer.status, (await answer.json())["code"]) == (400, "request_invalid")
        assert web.site.asked == []


async def test_layouts_are_kept() -> None:
    async with serving() as web:
        walls = {"walls": [{"name": "Nuit", "tiles": ["street", None]}]}
        assert await (await web.client.get("/api/layouts")).json() == {}
        assert (await web.client.put("/api/layouts", json=walls)).status == 204
        assert await (await web.client.get("/api/layouts")).json() == walls


@pytest.mark.parametrize(("body", "status"), [("[]", 400), ("{", 400), ('{"a": NaN}', 400), ("x" * 70_000, 413)])
async def test_what_is_no_layout_is_refused(body: str, status: int) -> None:
    async with serving() as web:
        answer = await web.client.put("/api/layouts", data=body, headers={"Content-Type": "application/json"})
        assert (answer.status, web.site.kept) == (status, {})
