"""The composition root of the control room: everything a console is, in the order in which it starts and ends."""

import asyncio
import random
import ssl
from collections.abc import Callable

from edge_agent.aio.background import background
from edge_agent.aio.clock import Clock
from edge_agent.console.album import Album
from edge_agent.console.archive import Archive
from edge_agent.console.asking import Asking
from edge_agent.console.chronicle import Chronicle
from edge_agent.console.logins import Logins
from edge_agent.console.mending import Mending
from edge_agent.console.room import ControlRoom
from edge_agent.console.settings import ConsoleSettings, TlsFiles
from edge_agent.console.town import Town
from edge_agent.console.users import Users
from edge_agent.console.viewings import Viewing, Viewings
from edge_agent.errors import PermanentError
from edge_agent.health.metrics import Metrics
from edge_agent.uplink.listening import Line
from edge_agent.uplink.office import read_key
from edge_agent.web.feed import Feed
from edge_agent.web.layouts import Layouts
from edge_agent.web.server import Server

WAITING = 4096
"""Messages that may wait for one page: after a broker's outage every box and every camera has something to say."""

LISTENERS = 256
"""Pages at a time."""

PAUSE = 0.1
"""Seconds between two packets of messages to a page: four hundred cameras would wake it for each word else."""


class Console:
    """One control room. Building it reads files and makes the state folder, and blocks; ``run`` does the rest.

    Args:
        settings: what it is to be.
        clock: tells all its parts the time.
        rng: jitter.

    Raises:
        PermanentError: a file cannot be read, or the state folder not be written.
    """

    def __init__(self, settings: ConsoleSettings, *, clock: Clock, rng: random.Random) -> None:
        room, mqtt = settings.console, settings.mqtt
        key = read_key(room.key)
        try:
            room.state.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._album = Album(room.state / "pictures", most=room.pictures, days=room.keep_days)
        except OSError as exc:
            remedy = f"{exc.strerror}; make it writable for this user, or set console.state to another folder"
            raise PermanentError(f"the state folder {room.state} cannot be written", remedy) from exc
        self.users = Users(room.users_file)
        self.users.read()
        if not self.users:
            remedy = "make one: edge-agent console user add NAME --role admin"
            raise PermanentError(f"there are no accounts in {room.users_file}", remedy)
        archive = Archive(room.state / "events.sqlite", most=room.events)
        self.chronicle = Chronicle(archive, clock, days=room.keep_days)
        self.feed = Feed(waiting=WAITING, listeners=LISTENERS, pause=PAUSE)
        self._logins = Logins(self.users, room, settings.web, clock)
        self.asking = Asking(mqtt.prefix, key, clock, self._send)
        self.town = Town(mqtt.prefix, self.feed, self.chronicle, self._album, clock, replied=self.asking.take)
        self.line = Line(mqtt, f"{room.name}-console", self.town.filters, self.town.hear, rng=rng)
        self.viewings = Viewings(self.town, self.asking, self._may_stay)
        self._mending = Mending(self.town, self.chronicle, self.asking, room.name)
        self._metrics = self._figures()
        site = ControlRoom(
            settings,
            self.users,
            self.town,
            self.chronicle,
            self._album,
            self.asking,
            self.viewings,
            Layouts(room.state / "layouts"),
            clock,
            connected=self.line.connected.is_set,
            figures=self._metrics.render,
        )
        tls = _context(settings.web.tls) if settings.web.tls else None
        self.server = Server(settings.web, site, self.feed, self._logins, tls=tls)

    async def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Runs until cancelled.

        Args:
            ready: called once the page answers.

        Raises:
            PermanentError: the page cannot be served.
        """
        async with (
            background(events=self.chronicle.run(), pictures=self._album.run(), kept=self._logins.run()),
            background(
                broker=self.line.run(),
                line=self._follow_line(),
                silence=self.town.watch(),
                accounts=self.users.follow(lambda: self.feed.publish("site", {}, key="site")),
                sessions=self.viewings.watch(),
                missing=self._mending.run(),
            ),
            background(web=self.server.run()),
        ):
            await self.server.listening.wait()
            ready()
            await asyncio.Event().wait()

    def _may_stay(self, viewing: Viewing) -> bool:
        """Tells whether a session's login is still good, and its account still allowed what it does."""
        visitor = viewing.visitor
        account = self.users.find(visitor.name) if self._logins.is_good(visitor.login) else None
        return account is not None and account.sees(viewing.place) and account.may(viewing.action)

    async def _send(self, topic: str, payload: bytes, response: str) -> None:
        await self.line.ask(topic, payload, response)

    async def _follow_line(self) -> None:
        """Tells the town when the line to the broker comes and goes."""
        while True:
            await self.line.connected.wait()
            self.town.regain()
            await self.line.gone.wait()
            self.town.lose()

    def _figures(self) -> Metrics:
        metrics, town, feed = Metrics(), self.town, self.feed
        metrics.gauge("console_boxes", "Boxes known.", lambda: len(town.boxes))
        metrics.gauge("console_boxes_online", "Boxes online.", lambda: sum(box.online for box in town.boxes.values()))
        metrics.gauge("console_cameras", "Cameras known.", lambda: sum(1 for _ in town.cameras()))
        metrics.gauge("console_pages", "Pages open.", lambda: feed.pages)
        metrics.gauge("console_sessions", "Live views and voices opened and not closed.", lambda: len(self.viewings))
        metrics.gauge("console_pictures", "Snapshots on the disk.", lambda: len(self._album))
        metrics.counter("console_events", "Events that came, each once.", lambda: self.chronicle.taken)
        metrics.counter("console_events_doubled", "Events that came again.", lambda: self.chronicle.doubled)
        metrics.counter("console_events_lost", "Events that no box has any more.", lambda: self._mending.lost)
        metrics.counter("console_messages_lost", "Messages that a slow page never got.", lambda: feed.lost)
        metrics.counter("console_connections", "Times the broker was reached.", lambda: self.line.connections)
        metrics.gauge("broker_connected", "Whether the line to the broker is up.", self.line.connected.is_set)
        return metrics


def _context(files: TlsFiles) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(files.certificate, files.key)
    except OSError as exc:
        remedy = "correct the files that web.tls names"
        raise PermanentError(f"the certificate of the page cannot be used ({exc})", remedy) from exc
    return context
