"""WHIP, how an operator's voice reaches a camera's loudspeaker over HTTP (RFC 9725)."""

from aiohttp import web
from multidict import CIMultiDict

from edge_agent.web.api import camera_of
from edge_agent.web.body import read_text
from edge_agent.web.guard import actor_of, visitor_of
from edge_agent.web.ice import ice_links
from edge_agent.web.site import Site
from edge_agent.web.whep import SDP


class Whip:
    """Answers for ``/whip``; like ``Whep`` without trickled candidates, an answer has all of them in it.

    Args:
        site: has the loudspeakers.
    """

    def __init__(self, site: Site) -> None:
        self._site = site

    def routes(self) -> list[web.RouteDef]:
        """Returns its addresses."""
        return [
            web.post("/whip/{camera}", self._open),
            web.options("/whip/{camera}", self._options),
            web.delete("/whip/{camera}/{session}", self._close),
        ]

    async def _open(self, request: web.Request) -> web.Response:
        opened = await self._site.talk(camera_of(request), await read_text(request, SDP), visitor_of(request))
        headers = self._links(request)
        headers["Location"] = f"{request.path}/{opened.session}"
        return web.Response(status=201, text=opened.answer_sdp, content_type=SDP, headers=headers)

    async def _options(self, request: web.Request) -> web.Response:
        headers = self._links(request)
        headers["Accept-Post"] = SDP
        headers["Allow"] = "POST, OPTIONS"
        return web.Response(status=204, headers=headers)

    async def _close(self, request: web.Request) -> web.Response:
        await self._site.untalk(camera_of(request), request.match_info["session"], actor_of(request))
        return web.Response()

    def _links(self, request: web.Request) -> CIMultiDict[str]:
        return ice_links(self._site.ice_servers(camera_of(request), actor_of(request)))
