"""The HTTP server: the page, its interface, WHEP, WHIP and metrics; the same on a box and in the control room."""

import asyncio
import errno
import logging
from ssl import SSLContext

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from edge_agent.errors import PermanentError
from edge_agent.web.answers import answer_errors
from edge_agent.web.api import Api
from edge_agent.web.body import LARGEST
from edge_agent.web.document import PAGE, read_document
from edge_agent.web.door import Door
from edge_agent.web.feed import Feed
from edge_agent.web.guard import Guard
from edge_agent.web.settings import PageSettings
from edge_agent.web.site import Site
from edge_agent.web.stream import Stream
from edge_agent.web.whep import Whep
from edge_agent.web.whip import Whip

FAREWELL = 2.0
"""Seconds that open requests get to end when the agent stops."""

log = logging.getLogger(__name__)


def build_app(settings: PageSettings, site: Site, feed: Feed, door: Door) -> web.Application:
    """Returns everything that answers requests, bound to no address yet; blocks while it looks for the page's files."""
    guard = Guard(settings, door)
    app = web.Application(middlewares=[answer_errors, guard.check], client_max_size=LARGEST)
    app.on_response_prepare.append(guard.add_headers)
    document, policy = read_document(settings.language)
    headers = {"Cache-Control": "no-cache", "Content-Security-Policy": policy}

    async def show(_: web.Request) -> web.Response:
        return web.Response(text=document, content_type="text/html", headers=headers)

    app.router.add_get("/", show)
    app.router.add_static("/static", PAGE)
    for part in (Api(site, door), Stream(feed, site, door), Whep(site), Whip(site)):
        app.add_routes(part.routes())
    return app


class Server:
    """Serves until cancelled.

    Args:
        settings: where to listen.
        site: the agent, or the control room.
        feed: what it tells the pages.
        door: whom to let in.
        tls: for encrypted connections; None where a proxy or nobody encrypts.

    Attributes:
        listening: set when requests are answered.
        port: the one in use; another than in the settings only where those say 0.
    """

    def __init__(
        self, settings: PageSettings, site: Site, feed: Feed, door: Door, *, tls: SSLContext | None = None
    ) -> None:
        self.listening = asyncio.Event()
        self.port = settings.port
        self._settings = settings
        self._site = site
        self._feed = feed
        self._door = door
        self._tls = tls

    async def run(self) -> None:
        """Serves until cancelled.

        Raises:
            PermanentError: the address cannot be listened on.
        """
        host, port = self._settings.host, self._settings.port
        app = await asyncio.to_thread(build_app, self._settings, self._site, self._feed, self._door)
        app.on_shutdown.append(self._end_feed)
        told = log.getChild("requests")
        told.addFilter(_is_ours)
        runner = web.AppRunner(app, access_log=None, logger=told, shutdown_timeout=FAREWELL)
        await runner.setup()
        try:
            try:
                await web.TCPSite(runner, host, port, ssl_context=self._tls).start()
            except OSError as exc:
                raise PermanentError(f"the page cannot be served on {host}:{port}", _remedy(exc)) from exc
            self.port = runner.addresses[0][1]
            log.info("the page is served on %s:%d", host, self.port)
            self.listening.set()
            await asyncio.Event().wait()
        finally:
            self.listening.clear()
            await runner.cleanup()

    async def _end_feed(self, _: web.Application) -> None:
        self._feed.close()


def _is_ours(record: logging.LogRecord) -> bool:
    """Tells a fault of ours from a stranger who does not speak HTTP: the answer tells them, a traceback nobody."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


def _remedy(exc: OSError) -> str:
    match exc.errno:
        case errno.EADDRINUSE:
            return "another program uses that port; stop it or set web.port to another one"
        case errno.EACCES:
            return "ports below 1024 are root's; set web.port to a higher one"
        case errno.EADDRNOTAVAIL:
            return "this box has no such address; set web.host to one that it has, or to 0.0.0.0"
        case _:
            return f"{exc.strerror}; set web.host and web.port to what this box has"
