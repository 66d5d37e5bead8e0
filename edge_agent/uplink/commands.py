"""Commands from the broker: bounded, checked, carried out once, answered once."""

import asyncio
import hashlib
import re
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pydantic import ValidationError
from pydantic_core import from_json

from edge_agent.errors import AgentError, PermanentError, TransientError
from edge_agent.events.envelope import encode, plain
from edge_agent.uplink.tokens import Guard
from edge_agent.uplink.topics import Topics
from edge_agent.uplink.wire import COMMANDS, ID, LARGEST, CommandMessage
from edge_agent.values.command import Command, Reply

_WAITING = 32
_AT_ONCE = 8  # live views take seconds to open, and must not make a talk-down wait
_LONGEST = 30.0  # seconds; who asked has given up by then
_REMEMBERED = 256
_UNSENT = 128
_TELL_EVERY = 1.0  # seconds; a flood of forged commands must not fill the outbox

Obey = Callable[[Command], Awaitable[Reply]]
"""Carries a command out; may raise an ``AgentError``, which becomes the answer."""

Refused = Callable[[str, str, AgentError], Awaitable[None]]
"""Told the name of a refused command, who asked where a trusted key says so, and why; once a second for each code."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message on a command topic.

    Attributes:
        topic: where it came.
        payload: what it says; anything.
        retained: whether the broker had kept it.
        response: MQTT 5 response topic, empty where there is none.
        correlation: MQTT 5 correlation data, given back with the answer.
    """

    topic: str
    payload: bytes
    retained: bool = False
    response: str = ""
    correlation: bytes | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply on its way out."""

    topic: str
    payload: bytes
    correlation: bytes | None


@dataclass(slots=True)
class _Known:
    """A command that was admitted; what it asked for, and the reply once there is one."""

    digest: bytes
    reply: Reply | None = None


class Commands:
    """Takes messages, has them obeyed, and holds the answers until the broker has them.

    Args:
        topics: the agent's.
        guard: checks tokens; None obeys without, which settings allow on loopback only.
        obey: carries commands out.
        refused: told of refusals, for the audit trail.

    Attributes:
        counts: how many had which end: ``ok`` or the code of an error.
    """

    def __init__(self, topics: Topics, guard: Guard | None, obey: Obey, refused: Refused | None = None) -> None:
        self.counts: dict[str, int] = {}
        self._topics = topics
        self._guard = guard
        self._obey = obey
        self._refused = refused
        self._waiting: asyncio.Queue[tuple[Incoming, Command, _Known]] = asyncio.Queue(_WAITING)
        self._refusals: dict[str, tuple[str, str, AgentError]] = {}
        self._refusal = asyncio.Event()
        self._known: OrderedDict[tuple[str, str], _Known] = OrderedDict()
        self._answers: deque[Answer] = deque(maxlen=_UNSENT)
        self._news = asyncio.Event()

    async def run(self) -> None:
        """Obeys for ever; independent of the connection, so that a lost one cuts nobody short."""
        async with asyncio.TaskGroup() as tasks:
            for number in range(_AT_ONCE):
                tasks.create_task(self._work(), name=f"command {number}")
            if self._refused is not None:
                tasks.create_task(self._tell_refusals(self._refused), name="refused commands")

    def take(self, incoming: Incoming) -> None:
        """Checks a message and queues it, or answers it at once. Never blocks, never raises."""
        name = self._topics.command(incoming.topic)
        identity = token = ""
        try:
            document = _document(incoming)
            identity = _identity(document)
            message = _message(document)
            token = message.token
            self._admit(incoming, name, message)
        except AgentError as exc:
            self._count(exc.code)
            reply = Reply(identity, ok=False, code=exc.code, message=exc.reason, remedy=exc.remedy)
            self._answer(incoming, reply)
            self._refusals.setdefault(exc.code, (name if name in COMMANDS else "unknown", token, exc))
            self._refusal.set()

    async def answer(self) -> Answer:
        """Waits for the oldest answer that the broker does not have, and takes it."""
        while not self._answers:
            self._news.clear()
            await self._news.wait()
        return self._answers.popleft()

    def put_back(self, answer: Answer) -> None:
        """Keeps an answer that could not be sent for the next connection."""
        if len(self._answers) < _UNSENT:
            self._answers.appendleft(answer)

    def _admit(self, incoming: Incoming, name: str, message: CommandMessage) -> None:
        if name not in COMMANDS:
            raise PermanentError("there is no such command", "see docs/events", code="unknown_command")
        camera = message.arguments.get("camera", "")
        if not isinstance(camera, str):
            raise PermanentError("camera is not a name", "give the camera's id", code="malformed")
        claims = self._guard.check(message.token, name, camera) if self._guard else None
        actor = claims.sub if claims else "unsigned"
        digest = hashlib.sha256(encode([name, message.arguments])).digest()
        if known := self._known.get((actor, message.id)):
            if known.digest != digest:
                remedy = "give every command an id of its own"
                raise PermanentError("this id was used for something else", remedy, code="conflict")
            if known.reply is not None:
                self._answer(incoming, known.reply)
            return  # else its answer is on the way: one is enough
        if self._waiting.full():
            raise TransientError("too many commands are waiting", "send it again in a while", code="busy")
        if self._guard and claims:
            self._guard.use(claims)
        known = self._known[actor, message.id] = _Known(digest)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        self._waiting.put_nowait((incoming, Command(name, message.id, message.arguments, actor), known))

    async def _work(self) -> None:
        while True:
            incoming, command, known = await self._waiting.get()
            try:
                async with asyncio.timeout(_LONGEST):
                    reply = await self._obey(command)
            except AgentError as exc:
                reply = Reply(command.id, ok=False, code=exc.code, message=exc.reason, remedy=exc.remedy)
            except TimeoutError:
                message = f"it was not done within {_LONGEST:g} s"
                reply = Reply(command.id, ok=False, code="timeout", message=message, remedy="look at the agent's log")
            known.reply = reply
            self._count("ok" if reply.ok else reply.code)
            self._answer(incoming, reply)

    async def _tell_refusals(self, refused: Refused) -> None:
        while True:
            await self._refusal.wait()
            self._refusal.clear()
            refusals, self._refusals = self._refusals, {}
            for name, token, exc in refusals.values():
                await refused(name, self._guard.subject(token) if self._guard and token else "", exc)
            await asyncio.sleep(_TELL_EVERY)

    def _answer(self, incoming: Incoming, reply: Reply) -> None:
        if self._topics.accepts(incoming.response):
            topic = incoming.response
        elif reply.id:
            topic = self._topics.reply(reply.id)
        else:
            return
        told: dict[str, object] = {"id": reply.id, "ok": reply.ok}
        told |= (
            {"result": plain(reply.result)}
            if reply.ok
            else {"code": reply.code, "message": reply.message, "remedy": reply.remedy}
        )
        self._answers.append(Answer(topic, encode(told), incoming.correlation))
        self._news.set()

    def _count(self, end: str) -> None:
        self.counts[end] = self.counts.get(end, 0) + 1


def _document(incoming: Incoming) -> object:
    if incoming.retained:
        raise PermanentError("a retained command is not obeyed", "send it without retain", code="retained")
    if len(incoming.payload) > LARGEST:
        raise PermanentError(f"it is larger than {LARGEST} bytes", "send less", code="too_large")
    try:
        return from_json(incoming.payload, allow_inf_nan=False)
    except ValueError as exc:
        raise PermanentError("it is not JSON", "send one JSON object in UTF-8", code="malformed") from exc


def _identity(document: object) -> str:
    """Returns the id that a refusal can be answered under, empty where there is none."""
    identity = document.get("id") if isinstance(document, dict) else None
    return identity if isinstance(identity, str) and re.fullmatch(ID, identity) else ""


def _message(document: object) -> CommandMessage:
    try:
        return CommandMessage.model_validate(document)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part)[:64] for part in first["loc"]) or "the message"
        raise PermanentError(f"{place}: {first['msg']}", "see docs/events/command.json", code="malformed") from exc
