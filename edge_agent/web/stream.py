"""``GET /api/feed``: a listener's messages as server-sent events (WHATWG HTML, section 9.2)."""

import asyncio

from aiohttp import web

from edge_agent.web.feed import Feed

KEEP_ALIVE = 15.0
"""Seconds of silence after which a comment is sent, so that proxies keep the connection and a dead page is noticed."""

RETRY = b"retry: 2000\n\n"
"""Milliseconds until a browser connects anew."""


class Stream:
    """Answers for the feed.

    Args:
        feed: what is told.
        keep_alive: seconds of silence before a comment is sent.
    """

    def __init__(self, feed: Feed, *, keep_alive: float = KEEP_ALIVE) -> None:
        self._feed = feed
        self._keep_alive = keep_alive

    def routes(self) -> list[web.RouteDef]:
        """Returns its address."""
        return [web.get("/api/feed", self._follow, allow_head=False)]

    async def _follow(self, request: web.Request) -> web.StreamResponse:
        with self._feed.listen() as listener:
            answer = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
            await answer.prepare(request)
            messages: bytes | None = RETRY
            while messages is not None:
                try:
                    await answer.write(messages)
                except ConnectionError:
                    return answer
                try:
                    async with asyncio.timeout(self._keep_alive):
                        messages = await listener.take()
                except TimeoutError:
                    messages = b": still here\n\n"
            await answer.write_eof()
            return answer
