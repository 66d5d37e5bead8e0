"""Reading what a request brings, within bounds."""

import asyncio
from collections.abc import Mapping
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from edge_agent.errors import PermanentError, TransientError
from edge_agent.web.answers import invalid_request

LARGEST = 64 * 1024
"""Bytes of a body; the largest there is, an offer, has 2 to 8 thousand."""

PATIENCE = 10.0
"""Seconds for a body to arrive; a slow sender holds a connection no longer."""

Model = TypeVar("Model", bound=BaseModel)


async def read_text(request: web.Request, content_type: str) -> str:
    """Returns a body of one type in UTF-8.

    Raises:
        PermanentError: it is of another type, or not UTF-8.
        TransientError: it does not arrive.
    """
    if request.content_type != content_type:
        raise PermanentError(
            f"the body is {request.content_type}", f"send it as {content_type}", code="type_unsupported"
        )
    try:
        async with asyncio.timeout(PATIENCE):
            return (await request.read()).decode("utf-8")
    except UnicodeDecodeError as exc:
        raise invalid_request("the body is not UTF-8", "encode it as UTF-8") from exc
    except TimeoutError as exc:
        raise TransientError(f"the body did not arrive within {PATIENCE:g} s", "send it again") from exc


async def read_object(request: web.Request) -> Mapping[str, object]:
    """Returns a JSON object of whatever form.

    Raises:
        PermanentError: it is none.
        TransientError: it does not arrive.
    """
    body = await read_text(request, "application/json")
    try:
        found = from_json(body, allow_inf_nan=False)
    except ValueError as exc:
        raise invalid_request("the body is not JSON", "send one JSON object") from exc
    if not isinstance(found, dict):
        raise invalid_request("the body is no JSON object", "send one JSON object")
    return found


async def read_json(request: web.Request, model: type[Model]) -> Model:
    """Returns a JSON body as a model.

    Raises:
        PermanentError: it is not what the model asks for.
        TransientError: it does not arrive.
    """
    body = await read_text(request, "application/json")
    try:
        return model.model_validate_json(body)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        reason = f"{place}: {said}" if place else said
        raise invalid_request(reason, "correct it; docs/ tells what this address takes") from exc
