"""What the page asks for, beside pictures."""

import re
from uuid import UUID

from aiohttp import web

from edge_agent.errors import PermanentError
from edge_agent.values.ids import CameraId
from edge_agent.web.answers import invalid_request
from edge_agent.web.body import read_json, read_object
from edge_agent.web.door import Door, Login
from edge_agent.web.guard import actor_of
from edge_agent.web.requests import MoveRequest, SayRequest, VolumeRequest
from edge_agent.web.site import Movement, Site, Words

MOST_EVENTS = 200
"""Events in one answer; the page shows 100."""

NUMBER = re.compile(r"[1-9][0-9]{0,3}")


class Api:
    """Answers for ``/api``, metrics and health.

    Args:
        site: the agent, or the control room.
        door: for signing in and out.
    """

    def __init__(self, site: Site, door: Door) -> None:
        self._site = site
        self._door = door

    def routes(self) -> list[web.RouteDef]:
        """Returns its addresses."""
        return [
            web.post("/api/login", self._log_in),
            web.post("/api/logout", self._log_out),
            web.get("/api/site", self._describe),
            web.get("/api/layouts", self._layouts),
            web.put("/api/layouts", self._keep_layouts),
            web.get("/api/events", self._recent_events),
            web.get("/api/events/{event}/snapshot", self._snapshot),
            web.post("/api/cameras/{camera}/say", self._say),
            web.post("/api/cameras/{camera}/hush", self._hush),
            web.post("/api/cameras/{camera}/volume", self._set_volume),
            web.post("/api/cameras/{camera}/ptz", self._move),
            web.get("/api/cameras/{camera}/presets", self._presets),
            web.get("/metrics", self._metrics),
            web.get("/healthz", self._health),
        ]

    async def _log_in(self, request: web.Request) -> web.Response:
        answer = web.Response(status=204)
        await self._door.log_in(request, await read_json(request, Login), answer)
        return answer

    async def _log_out(self, request: web.Request) -> web.Response:
        answer = web.Response(status=204)
        self._door.log_out(request, answer)
        return answer

    async def _describe(self, request: web.Request) -> web.Response:
        return web.json_response(self._site.describe(actor_of(request)))

    async def _layouts(self, request: web.Request) -> web.Response:
        return web.json_response(await self._site.layouts(actor_of(request)))

    async def _keep_layouts(self, request: web.Request) -> web.Response:
        await self._site.keep_layouts(await read_object(request), actor_of(request))
        return web.Response(status=204)

    async def _recent_events(self, request: web.Request) -> web.Response:
        limit = request.query.get("limit", "50")
        if not NUMBER.fullmatch(limit) or int(limit) > MOST_EVENTS:
            raise invalid_request(f"limit is not a number from 1 to {MOST_EVENTS}", "correct it or leave it out")
        return web.json_response(await self._site.recent_events(int(limit), actor_of(request)))

    async def _snapshot(self, request: web.Request) -> web.Response:
        event = _event_of(request)
        picture = await self._site.snapshot(event, actor_of(request)) if event else None
        if picture is None:
            raise PermanentError(
                "this event has no picture", "it was forgotten, or the policy allows none", code="event_unknown"
            )
        # A picture never changes; it stays in this browser alone.
        headers = {"Cache-Control": "private, max-age=3600, immutable"}
        return web.Response(body=picture, content_type="image/jpeg", headers=headers)

    async def _say(self, request: web.Request) -> web.Response:
        body = await read_json(request, SayRequest)
        words = Words(body.message, body.text, body.language)
        utterance = await self._site.say(camera_of(request), words, actor_of(request))
        return web.json_response({"utterance": str(utterance)}, status=202)

    async def _hush(self, request: web.Request) -> web.Response:
        await self._site.hush(camera_of(request), actor_of(request))
        return web.Response(status=204)

    async def _set_volume(self, request: web.Request) -> web.Response:
        body = await read_json(request, VolumeRequest)
        await self._site.set_volume(camera_of(request), body.volume, actor_of(request))
        return web.Response(status=204)

    async def _move(self, request: web.Request) -> web.Response:
        body = await read_json(request, MoveRequest)
        movement = Movement(body.pan, body.tilt, body.zoom, body.preset)
        await self._site.move(camera_of(request), movement, actor_of(request))
        return web.Response(status=204)

    async def _presets(self, request: web.Request) -> web.Response:
        return web.json_response(await self._site.presets(camera_of(request), actor_of(request)))

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=self._site.metrics(), headers={"Content-Type": "text/plain; version=0.0.4"})

    async def _health(self, _: web.Request) -> web.Response:
        healthy = self._site.healthy()
        return web.Response(status=200 if healthy else 503, text="ok\n" if healthy else "not healthy\n")


def camera_of(request: web.Request) -> CameraId:
    """Returns the camera that an address names; whether it exists is the site's to say."""
    return CameraId(request.match_info["camera"])


def _event_of(request: web.Request) -> UUID | None:
    try:
        return UUID(request.match_info["event"])
    except ValueError:
        return None
