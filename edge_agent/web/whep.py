"""WHEP, how a player opens a camera's picture over HTTP (draft-ietf-wish-whep-03)."""

import re

from aiohttp import web
from multidict import CIMultiDict
from pydantic import BaseModel, ConfigDict

from edge_agent.errors import PermanentError
from edge_agent.values.viewing import Wish
from edge_agent.web.answers import invalid_request
from edge_agent.web.api import camera_of
from edge_agent.web.body import read_json, read_text
from edge_agent.web.guard import actor_of, visitor_of
from edge_agent.web.ice import ice_links
from edge_agent.web.site import Site

SDP = "application/sdp"

KEY = re.compile(r'"?([\x21\x23-\x7e]{1,128})"?')
"""Idempotency-Key (draft-ietf-httpapi-idempotency-key-header), with the quotes that it should have or without."""


class SelectRequest(BaseModel):
    """Body of ``PATCH /whep/{camera}/{session}``."""

    model_config = ConfigDict(extra="forbid")

    stream: Wish


class Whep:
    """Answers for ``/whep``; no trickled candidates and no ICE restarts: an answer has all candidates in it.

    ``POST /whep/{camera}?stream=auto|main|sub`` chooses a stream, ``PATCH`` of a session with a JSON body changes it
    within the running track. While the camera is away a viewer is answered all the same, with the reason in a header
    ``Waiting``: its picture comes by itself.

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
            web.patch("/whep/{camera}/{session}", self._select),
            web.delete("/whep/{camera}/{session}", self._close),
        ]

    async def _open(self, request: web.Request) -> web.Response:
        if not _accepts(request.headers.get("Accept", ""), SDP):
            raise PermanentError("the answer would be application/sdp", "accept it", code="type_unacceptable")
        wish, key = _wish(request), _key(request)
        opened = await self._site.watch(
            camera_of(request),
            await read_text(request, SDP),
            visitor_of(request),
            stream=wish,
            key=key,
        )
        headers = self._links(request)
        headers["Location"] = f"{request.path}/{opened.session}"
        if opened.waiting:
            # A sentence from a camera or another box: a header is one line of ASCII (RFC 9110, section 5.5).
            headers["Waiting"] = " ".join(opened.waiting.split()).encode("ascii", "replace").decode()
        return web.Response(status=201, text=opened.answer_sdp, content_type=SDP, headers=headers)

    async def _options(self, request: web.Request) -> web.Response:
        headers = self._links(request)
        headers["Accept-Post"] = SDP
        headers["Allow"] = "POST, OPTIONS"
        return web.Response(status=204, headers=headers)

    async def _select(self, request: web.Request) -> web.Response:
        body = await read_json(request, SelectRequest)
        await self._site.select(camera_of(request), request.match_info["session"], body.stream, actor_of(request))
        return web.Response(status=204)

    async def _close(self, request: web.Request) -> web.Response:
        await self._site.unwatch(camera_of(request), request.match_info["session"], actor_of(request))
        return web.Response()

    def _links(self, request: web.Request) -> CIMultiDict[str]:
        return ice_links(self._site.ice_servers(camera_of(request), actor_of(request)))


def _wish(request: web.Request) -> Wish:
    try:
        return Wish(request.query.get("stream", Wish.AUTO))
    except ValueError as exc:
        raise invalid_request("there is no such stream", f"ask for one of {', '.join(Wish)}") from exc


def _key(request: web.Request) -> str:
    given = request.headers.get("Idempotency-Key", "")
    found = KEY.fullmatch(given)
    if given and not found:
        raise invalid_request("the Idempotency-Key is none", "send up to 128 letters without spaces, such as a UUID")
    return found[1] if found else ""


def _accepts(accept: str, content_type: str) -> bool:
    kinds = {part.partition(";")[0].strip().lower() for part in accept.split(",")} - {""}
    return not kinds or not kinds.isdisjoint({content_type, "*/*", f"{content_type.partition('/')[0]}/*"})
