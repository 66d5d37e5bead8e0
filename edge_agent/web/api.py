"""What the page asks for, beside pictures."""

from typing import Annotated, Self
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, SecretStr, StringConstraints, model_validator

from edge_agent.errors import PermanentError
from edge_agent.values.ids import CameraId
from edge_agent.web.answers import invalid_request
from edge_agent.web.body import read_json
from edge_agent.web.site import Site, Words
from edge_agent.web.token import Token

MOST_EVENTS = 200
"""Events in one answer; the page shows 50."""


class LoginRequest(BaseModel):
    """Body of ``POST /api/login``."""

    model_config = ConfigDict(extra="forbid")

    token: SecretStr


class SayRequest(BaseModel):
    """Body of ``POST /api/cameras/{camera}/say``: a message of the catalogue, or free text."""

    model_config = ConfigDict(extra="forbid")

    message: Annotated[str, StringConstraints(max_length=64)] = ""
    text: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")]

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if bool(self.message) == bool(self.text):
            raise ValueError("give either a message of the catalogue or a text")
        return self


class Api:
    """Answers for ``/api``, metrics and health.

    Args:
        site: the agent.
        token: for logins.
    """

    def __init__(self, site: Site, token: Token) -> None:
        self._site = site
        self._token = token

    def routes(self) -> list[web.RouteDef]:
        """Returns its addresses."""
        return [
            web.post("/api/login", self._log_in),
            web.get("/api/site", self._describe),
            web.get("/api/events", self._recent_events),
            web.get("/api/events/{event}/snapshot", self._snapshot),
            web.post("/api/cameras/{camera}/say", self._say),
            web.post("/api/cameras/{camera}/hush", self._hush),
            web.get("/metrics", self._metrics),
            web.get("/healthz", self._health),
        ]

    async def _log_in(self, request: web.Request) -> web.Response:
        body = await read_json(request, LoginRequest)
        answer = web.Response(status=204)
        self._token.log_in(request, body.token.get_secret_value(), answer)
        return answer

    async def _describe(self, _: web.Request) -> web.Response:
        return web.json_response(self._site.describe())

    async def _recent_events(self, request: web.Request) -> web.Response:
        limit = request.query.get("limit", "50")
        if not (limit.isascii() and limit.isdigit()) or not 1 <= int(limit[:6]) <= MOST_EVENTS:
            raise invalid_request(f"limit is not a number from 1 to {MOST_EVENTS}", "correct it or leave it out")
        return web.json_response(await self._site.recent_events(int(limit)))

    async def _snapshot(self, request: web.Request) -> web.Response:
        event = _event_of(request)
        picture = await self._site.snapshot(event) if event else None
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

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=self._site.metrics(), headers={"Content-Type": "text/plain; version=0.0.4"})

    async def _health(self, _: web.Request) -> web.Response:
        healthy = self._site.healthy()
        return web.Response(status=200 if healthy else 503, text="ok\n" if healthy else "not healthy\n")


def camera_of(request: web.Request) -> CameraId:
    """Returns the camera that an address names; whether it exists is the site's to say."""
    return CameraId(request.match_info["camera"])


def actor_of(request: web.Request) -> str:
    """Returns who asks, for the audit trail: one token is shared by all, so it is told by address."""
    return f"page at {request.remote}"


def _event_of(request: web.Request) -> UUID | None:
    try:
        return UUID(request.match_info["event"])
    except ValueError:
        return None
