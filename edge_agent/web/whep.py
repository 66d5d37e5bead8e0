"""WHEP, how a player opens a camera's picture over HTTP (draft-ietf-wish-whep-03)."""

from aiohttp import web
from multidict import CIMultiDict

from edge_agent.errors import PermanentError
from edge_agent.values.ids import CameraId
from edge_agent.web.api import actor_of, camera_of
from edge_agent.web.body import read_text
from edge_agent.web.site import Site

SDP = "application/sdp"


class Whep:
    """Answers for ``/whep``; no trickled candidates, no ICE restarts (PATCH): an answer has all candidates in it.

    Args:
        site: the agent.
    """

    def __init__(self, site: Site) -> None:
        self._site = site

    def routes(self) -> list[web.RouteDef]:
        """Returns its addresses."""
        return [
            web.post("/whep/{camera}", self._open),
            web.options("/whep/{camera}", self._options),
            web.delete("/whep/{camera}/{session}", self._close),
        ]

    async def _open(self, request: web.Request) -> web.Response:
        if not _accepts(request.headers.get("Accept", ""), SDP):
            raise PermanentError("the answer would be application/sdp", "accept it", code="type_unacceptable")
        camera = camera_of(request)
        opened = await self._site.watch(camera, await read_text(request, SDP), actor_of(request))
        headers = self._links(camera)
        headers["Location"] = f"{request.path}/{opened.session}"
        return web.Response(status=201, text=opened.answer_sdp, content_type=SDP, headers=headers)

    async def _options(self, request: web.Request) -> web.Response:
        headers = self._links(camera_of(request))
        headers["Accept-Post"] = SDP
        headers["Allow"] = "POST, OPTIONS"
        return web.Response(status=204, headers=headers)

    async def _close(self, request: web.Request) -> web.Response:
        await self._site.unwatch(camera_of(request), request.match_info["session"])
        return web.Response()

    def _links(self, camera: CameraId) -> CIMultiDict[str]:
        headers: CIMultiDict[str] = CIMultiDict()
        for server in self._site.ice_servers(camera):
            credential = server.credential.get_secret_value()
            for url in server.urls:
                link = f'<{url}>; rel="ice-server"'
                if url.startswith("turn"):
                    link += f"; username={_quoted(server.username)}; credential={_quoted(credential)}"
                    link += '; credential-type="password"'
                headers.add("Link", link)
        return headers


def _quoted(text: str) -> str:
    """Returns a quoted-string (RFC 9110, section 5.6.4)."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _accepts(accept: str, content_type: str) -> bool:
    kinds = {part.partition(";")[0].strip().lower() for part in accept.split(",")} - {""}
    return not kinds or not kinds.isdisjoint({content_type, "*/*", f"{content_type.partition('/')[0]}/*"})
