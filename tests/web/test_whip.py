from pydantic import SecretStr

from edge_agent.errors import PermanentError
from tests.web.fake_site import Ice, serving

SDP = {"Content-Type": "application/sdp"}


async def test_a_voice_is_opened_and_closed() -> None:
    async with serving() as web:
        web.site.servers = [Ice(("turn:turn.town.example",), "user", SecretStr("pass"))]
        opened = await web.client.post("/whip/street", data="v=0\r\n", headers=SDP)
        assert (opened.status, opened.content_type) == (201, "application/sdp")
        assert await opened.text() == "v=0\r\nanswer\r\n"
        assert opened.headers["Location"] == "/whip/street/v1"
        assert opened.headers["Link"].startswith('<turn:turn.town.example>; rel="ice-server"; username="user"')
        assert (await web.client.delete(opened.headers["Location"])).status == 200
        again = await web.client.delete(opened.headers["Location"])
        assert (again.status, (await again.json())["code"]) == (404, "session_unknown")
        assert ("talk", "street", "v=0\r\n", "page at 127.0.0.1", None) in web.site.asked


async def test_options_tell_what_is_posted() -> None:
    async with serving() as web:
        options = await web.client.options("/whip/street")
        assert (options.status, options.headers["Accept-Post"]) == (204, "application/sdp")


async def test_a_refused_voice_says_why() -> None:
    async with serving() as web:
        web.site.error = PermanentError("the loudspeaker takes no live voice", "use a message", code="no_voice")
        answer = await web.client.post("/whip/street", data="v=0\r\n", headers=SDP)
        assert (answer.status, (await answer.json())["code"]) == (422, "no_voice")
        assert (await web.client.post("/whip/street", data=b"a" * 1_000_000, headers=SDP)).status == 413
        assert (await web.client.post("/whip/street", data="{}", headers={"Content-Type": "text/plain"})).status == 415
