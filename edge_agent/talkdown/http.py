"""Loudspeakers that take sound by HTTP: signed requests, and sound poured out in step with time."""

import asyncio
import itertools
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

from edge_agent.aio.threads import own_thread
from edge_agent.errors import AgentError, PermanentError, TransientError
from edge_agent.talkdown.blocks import Beat, cut
from edge_agent.talkdown.rtsp.digest import Authenticator, Credentials
from edge_agent.talkdown.rtsp.g711 import Codec, encode
from edge_agent.values.speech import Sound, Speech

AHEAD = 0.2
"""Seconds of sound sent before they are due: a late packet is not heard as a gap."""

_PIECE, _LIVE_PIECE = 0.05, 0.02
"""Seconds of sound sent at a time."""

_ENDLESS = 9_999_999
"""Bytes that a talk announces, as VAPIX's own examples do: twenty minutes."""

_LARGEST = 65_536
"""Bytes of an answer that are read."""

_UNAUTHORIZED = 401
_REFUSALS: dict[int, tuple[type[TransientError | PermanentError], str, str]] = {
    403: (PermanentError, "the user may not speak", "give the user of the loudspeaker the right to two-way audio"),
    404: (PermanentError, "the device has no such loudspeaker", "choose another kind of speaker, or channel"),
    405: (PermanentError, "the device has no such loudspeaker", "choose another kind of speaker"),
    409: (TransientError, "somebody else speaks through the device", "try again in a moment"),
    415: (PermanentError, "the device does not take G.711", "set its audio to G.711"),
    503: (TransientError, "somebody else speaks through the device", "try again in a moment"),
}


@dataclass(frozen=True, slots=True)
class Device:
    """Where a device listens and how we sign in.

    Attributes:
        url: ``http://`` or ``https://`` and its address, without a path.
        credentials: ours.
        timeout: seconds that it may take for a connection or an answer.
        certificate: PEM file of the one certificate that it shows; None for one that the system trusts.
    """

    url: str
    credentials: Credentials
    timeout: float
    certificate: Path | None = None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator["Client"]:
        """Gives a client for the length of the block.

        Raises:
            TransientError: the device is away, or hung up.
            PermanentError: its certificate is not trusted.
        """
        sealed = urlsplit(self.url).scheme == "https"
        try:
            sealing = await own_thread(lambda _: self._sealing(), name="https") if sealed else True
            connector = aiohttp.TCPConnector(ssl=sealing, limit=1)
            patience = aiohttp.ClientTimeout(total=None, sock_connect=self.timeout)
            async with aiohttp.ClientSession(self.url, connector=connector, timeout=patience) as session:
                yield Client(session, Authenticator(self.credentials, sealed=sealed), self.timeout)
        except (aiohttp.ClientError, OSError, TimeoutError) as exc:
            raise self._unreachable(exc) from exc

    def _sealing(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.certificate)
        context.check_hostname = self.certificate is None
        return context

    def _unreachable(self, exc: Exception) -> AgentError:
        where = urlsplit(self.url).netloc
        if isinstance(exc, aiohttp.ClientConnectorCertificateError):
            return PermanentError(f"the certificate of {where} is not trusted", "name it in the loudspeaker's settings")
        if isinstance(exc, TimeoutError):
            return TransientError(f"{where} did not answer within {self.timeout:g} s", "check its power and network")
        if isinstance(exc, aiohttp.ClientConnectorError):
            return TransientError(f"cannot reach {where} ({exc.os_error})", "check address, power and network")
        return TransientError(f"{where} broke the connection", "it may be restarting")


@dataclass(frozen=True, slots=True)
class Stream:
    """Sound in G.711 as an HTTP body.

    Attributes:
        pieces: each to be taken when it is due.
        step: seconds in a piece.
        length: bytes that are announced.
        count: how many pieces there are; 0 for a talk, of which nobody knows.
        live: whether it is a talk.
    """

    pieces: Iterator[bytes]
    step: float
    length: int
    count: int
    live: bool


async def stream(sound: Sound, rate: int, codec: Codec) -> Stream:
    """Returns sound as a body, a byte a sample."""
    live = not isinstance(sound, Speech)
    step = _LIVE_PIECE if live else _PIECE
    pieces = (encode(block, codec) for block in await cut(sound, rate, round(step * rate)))
    if live:
        return Stream(pieces, step, _ENDLESS, 0, live)
    known = list(pieces)
    return Stream(iter(known), step, sum(map(len, known)), len(known), live)


class Client:
    """Made by ``Device.opened``; used by one coroutine.

    Args:
        session: to the device.
        authenticator: signs requests.
        timeout: seconds for an answer.
    """

    def __init__(self, session: aiohttp.ClientSession, authenticator: Authenticator, timeout: float) -> None:
        self._session = session
        self._authenticator = authenticator
        self._timeout = timeout

    async def request(self, method: str, path: str) -> str:
        """Sends a request without a body and returns the answer's text.

        Raises:
            TransientError: the device is busy, or no answer comes.
            PermanentError: it refuses, and will refuse again.
        """
        async with asyncio.timeout(self._timeout):
            while True:
                async with self._session.request(method, path, headers=self._signed(method, path)) as answer:
                    if answer.status == _UNAUTHORIZED:
                        self._authenticator.challenged(answer.headers.getall("WWW-Authenticate", ()))
                        continue
                    _check(answer)
                    return (await answer.content.read(_LARGEST)).decode("utf-8", "replace")

    async def pour(self, method: str, path: str, kind: str, stream: "Stream", started: Callable[[], None]) -> None:
        """Sends sound in step with time and returns when the device took all of it and had time to play it.

        Sign in with ``request`` before: a body cannot be begun twice. Nobody knows how long a talk will be, so it is
        announced as long as these devices allow and broken off at its end.

        Args:
            method: of the request.
            path: where to.
            kind: content type.
            stream: the sound.
            started: called when the first of it is sent.

        Raises:
            TransientError: the device is busy, stopped listening, or did not answer at the end.
            PermanentError: it refuses.
        """
        loop = asyncio.get_running_loop()
        sent = asyncio.Event()
        beat = Beat(stream.step, live=stream.live, ahead=0.0 if stream.live else AHEAD)
        limit = asyncio.timeout(None if stream.live else stream.count * stream.step + self._timeout)

        async def sound() -> AsyncIterator[bytes]:
            for number in itertools.count(1):
                await beat.due()
                if number == 2:  # asked for the second piece: the first is on its way # noqa: PLR2004
                    started()
                if (piece := next(stream.pieces, None)) is None:
                    break
                yield piece
                if number == stream.count:  # an answer to the last one ends this
                    break
            sent.set()
            if stream.live:
                limit.reschedule(loop.time())

        headers = {**self._signed(method, path), "Content-Type": kind, "Content-Length": str(stream.length)}
        try:
            async with limit, self._session.request(method, path, data=sound(), headers=headers) as answer:
                if answer.status == _UNAUTHORIZED:
                    self._authenticator.challenged(answer.headers.getall("WWW-Authenticate", ()))
                    raise TransientError("the device asked for the password again", "try again")
                _check(answer)
                await sent.wait()  # some answer before they have heard everything
        except TimeoutError:
            if not (stream.live and sent.is_set()):
                raise
        await beat.over()

    def _signed(self, method: str, path: str) -> dict[str, str]:
        authorization = self._authenticator.authorization(method, path)
        return {"Authorization": authorization} if authorization else {}


def _check(answer: aiohttp.ClientResponse) -> None:
    if answer.ok:
        return
    known = _REFUSALS.get(answer.status)
    if known is None:
        raise TransientError(f"the device answered with status {answer.status}", "look at its log, or restart it")
    kind, reason, remedy = known
    raise kind(reason, remedy)
