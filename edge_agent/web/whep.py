"""WHEP, how a player opens a camera's picture over HTTP (draft-ietf-wish-whep-03)."""

from aiohttp import web
from multidict import CIMultiDict

from edge_agent.errors import PermanentError
from edge_agent.web.api import camera_of
from edge_agent.web.body import read_text
from edge_agent.web.guard import actor_of
from edge_agent.web.ice import ice_links
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
        opened = await self._site.watch(camera_of(request), await read_text(request, SDP), actor_of(request))
        headers = self._links(request)
        headers["Location"] = f"{request.path}/{opened.session}"
        return web.Response(status=201, text=opened.answer_sdp, content_type=SDP, headers=headers)

    async def _options(self, request: web.Request) -> web.Response:
        headers = self._links(request)
        headers["Accept-Post"] = SDP
        headers["Allow"] = "POST, OPTIONS"
        return web.Response(status=204, headers=headers)

    async def _close(self, request: web.Request) -> web.Response:
        await self._site.unwatch(camera_of(request), request.match_info["session"])
        return web.Response()

    def _links(self, request: web.Request) -> CIMultiDict[str]:
        return ice_links(self._site.ice_servers(camera_of(request), actor_of(request)))


def _accepts(accept: str, content_type: str) -> bool:
    kinds = {part.partition(";")[0].strip().lower() for part in accept.split(",")} - {""}
    return not kinds or not kinds.isdisjoint({content_type, "*/*", f"{content_type.partition('/')[0]}/*"})
