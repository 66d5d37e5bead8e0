"""Refusals as the page and programs get them: a status, a stable code, what happened, and what to do about it."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from edge_agent.errors import AgentError, PermanentError, TransientError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

STATUSES = {
    "camera_unknown": 404,
    "event_unknown": 404,
    "session_unknown": 404,
    "conflict": 409,
    "request_invalid": 400,
    "offer_invalid": 400,
    "offer_too_large": 413,
    "offer_without_h264": 406,
    "offer_without_video": 406,
    "origin_foreign": 403,
    "host_unknown": 421,
    "forbidden": 403,
    "timeout": 504,
    "login_missing": 401,
    "login_wrong": 401,
    "token_missing": 401,
    "token_wrong": 401,
    "too_many_attempts": 429,
    "type_unsupported": 415,
    "type_unacceptable": 406,
}
"""By code; any other permanent error is 422, any other transient one 503."""

REMEDIES = {
    404: "look at docs/ for the addresses that there are",
    405: "use one of the methods in the Allow header",
    413: "send less; an offer may have 64 kB",
}

RETRY_AFTER = 5
"""Seconds until it is worth to try again what may pass by itself."""


def refusal(error: AgentError) -> web.Response:
    """Returns the answer for something that was refused or failed."""
    status = STATUSES.get(error.code, 422 if isinstance(error, PermanentError) else 503)
    answer = _answer(status, error.code, error.reason, error.remedy)
    if isinstance(error, TransientError):
        answer.headers["Retry-After"] = str(RETRY_AFTER)
    if status == web.HTTPUnauthorized.status_code:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turns every error into JSON."""
    try:
        return await handler(request)
    except AgentError as exc:
        return refusal(exc)
    except web.HTTPException as exc:
        if exc.status < web.HTTPBadRequest.status_code:
            raise
        code = exc.reason.lower().replace(" ", "_")
        answer = _answer(exc.status, code, exc.reason.lower(), REMEDIES.get(exc.status, "correct the request"))
        if "Allow" in exc.headers:
            answer.headers["Allow"] = exc.headers["Allow"]
        return answer


def invalid_request(reason: str, remedy: str) -> PermanentError:
    """Returns the error for a request that is not what it should be."""
    return PermanentError(reason, remedy, code="request_invalid")


def _answer(status: int, code: str, message: str, remedy: str) -> web.Response:
    return web.json_response({"code": code, "message": message, "remedy": remedy}, status=status)
