"""Loudspeakers of Axis and Hikvision as servers of our own, written from the vendors' published protocols.

No real device was at hand. They ask for digest authentication, keep what they hear, and can be busy or rude.
"""

import hashlib
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

REALM, NONCE = "AXIS_ACCC8E000000", "b3c1f0"
USER, PASSWORD = "speaker", "se:cret"


class Heard:
    """What a device heard and how it behaves.

    Attributes:
        sound: bytes of all utterances.
        arrivals: when each piece came, and how many bytes there were then.
        open: whether its channel is open (Hikvision).
        requests: methods and paths, in order.
        codec: what its channel is set to (Hikvision).
        busy: whether somebody else speaks.
        drops_after: bytes after which it hangs up, 0 for never.
        url: where it is.
    """

    def __init__(self) -> None:
        self.sound = b""
        self.arrivals: list[tuple[float, int]] = []
        self.open = False
        self.requests: list[str] = []
        self.kinds: list[str] = []
        self.codec = "G.711ulaw"
        self.audio = "yes"
        self.busy = False
        self.drops_after = 0
        self.url = ""

    async def listen(self, request: web.Request) -> None:
        self.kinds.append(request.content_type)
        async for piece in request.content.iter_any():
            self.sound += piece
            self.arrivals.append((time.monotonic(), len(self.sound)))
            if self.drops_after and len(self.sound) >= self.drops_after:
                assert request.transport is not None
                request.transport.close()
                return


@web.middleware
async def _guard(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Digest with MD5 and qop, as both vendors ask for (RFC 7616)."""
    given = dict(re.findall(r'(\w+)="?([^",]+)"?', request.headers.get("Authorization", "")))
    if given:
        secret = hashlib.md5(f"{USER}:{REALM}:{PASSWORD}".encode()).hexdigest()  # noqa: S324 - what cameras ask for
        what = hashlib.md5(f"{request.method}:{request.raw_path}".encode()).hexdigest()  # noqa: S324
        parts = (secret, NONCE, given["nc"], given["cnonce"], "auth", what)
        wanted = hashlib.md5(":".join(parts).encode()).hexdigest()  # noqa: S324
        if given["response"] == wanted and given["uri"] == request.raw_path:
            return await handler(request)
    challenge = f'Digest realm="{REALM}", nonce="{NONCE}", algorithm=MD5, qop="auth"'
    return web.Response(status=401, headers={"WWW-Authenticate": challenge})


@asynccontextmanager
async def axis() -> AsyncIterator[Heard]:
    """A device of Axis: VAPIX Audio API, ``transmit.cgi``."""
    heard = Heard()

    async def properties(request: web.Request) -> web.Response:
        return web.Response(text=f"root.Properties.Audio.Audio={heard.audio}\nroot.Properties.Audio.Format=g711\n")

    async def transmit(request: web.Request) -> web.Response:
        if heard.busy:
            return web.Response(status=503)
        await heard.listen(request)
        return web.Response()

    routes = [web.get("/axis-cgi/param.cgi", properties), web.post("/axis-cgi/audio/transmit.cgi", transmit)]
    async with _serving(routes, heard):
        yield heard


@asynccontextmanager
async def hikvision() -> AsyncIterator[Heard]:
    """A device of Hikvision: ISAPI two-way audio, channel 1."""
    heard = Heard()
    path = "/ISAPI/System/TwoWayAudio/channels/1"

    async def describe(request: web.Request) -> web.Response:
        return web.Response(text=f"<x><id>1</id><audioCompressionType>{heard.codec}</audioCompressionType></x>")

    async def open_channel(request: web.Request) -> web.Response:
        heard.requests.append("open")
        if heard.open:
            return web.Response(status=503)
        heard.open = True
        return web.Response(text="<TwoWayAudioSession><sessionId>17</sessionId></TwoWayAudioSession>")

    async def audio(request: web.Request) -> web.Response:
        heard.requests.append("audioData")
        if not heard.open or request.query.get("sessionId") != "17":
            return web.Response(status=403)
        await heard.listen(request)
        return web.Response()

    async def close(request: web.Request) -> web.Response:
        heard.requests.append("close")
        heard.open = heard.busy
        return web.Response()

    routes = [
        web.get(path, describe),
        web.put(f"{path}/open", open_channel),
        web.put(f"{path}/audioData", audio),
        web.put(f"{path}/close", close),
    ]
    async with _serving(routes, heard):
        yield heard


@asynccontextmanager
async def _serving(routes: list[web.RouteDef], heard: Heard) -> AsyncIterator[None]:
    app = web.Application(middlewares=[_guard])
    app.add_routes(routes)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        heard.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield
    finally:
        await runner.cleanup()
