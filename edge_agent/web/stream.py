"""``GET /api/feed``: a listener's messages as server-sent events (WHATWG HTML, section 9.2)."""

import asyncio
from contextlib import suppress

from aiohttp import web

from edge_agent.errors import AgentError
from edge_agent.web.door import Door
from edge_agent.web.feed import Feed
from edge_agent.web.guard import actor_of
from edge_agent.web.site import Site

KEEP_ALIVE = 15.0
"""Seconds of silence after which a comment is sent, so that proxies keep the connection and a dead page is noticed."""

RETRY = b"retry: 2000\n\n"
"""Milliseconds until a browser connects anew."""


class Stream:
    """Answers for the feed.

    Args:
        feed: what is told.
        site: knows who may be told of which camera.
        door: is asked again with each message, so that what it ends ends here too.
        keep_alive: seconds of silence before a comment is sent.
    """

    def __init__(self, feed: Feed, site: Site, door: Door, *, keep_alive: float = KEEP_ALIVE) -> None:
        self._feed = feed
        self._site = site
        self._door = door
        self._keep_alive = keep_alive

    def routes(self) -> list[web.RouteDef]:
        """Returns its address."""
        return [web.get("/api/feed", self._follow, allow_head=False)]

    async def _follow(self, request: web.Request) -> web.StreamResponse:
        actor = actor_of(request)
        with self._feed.listen(lambda camera: self._site.sees(camera, actor)) as listener:
            answer = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
            await answer.prepare(request)
            messages: bytes | None = RETRY
            while messages is not None:
                try:
                    await answer.write(messages)
                except ConnectionError:
                    return answer
                await asyncio.sleep(self._feed.pause)
                try:
                    async with asyncio.timeout(self._keep_alive):
                        messages = await listener.take()
                except TimeoutError:
                    messages = b": still here\n\n"
                if not self._still_admits(request):
                    break
            with suppress(ConnectionError):  # the page left in the same moment
                await answer.write_eof()
            return answer

    def _still_admits(self, request: web.Request) -> bool:
        try:
            self._door.admit(request)
        except AgentError:
            return False
        return True
