"""Asking an agent for something: a signed command, its one answer, and what an error in that means here."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from uuid import uuid4

from pydantic import JsonValue, ValidationError

from edge_agent.aio.clock import Clock
from edge_agent.console.box import Box
from edge_agent.errors import PermanentError, TransientError
from edge_agent.events.envelope import encode
from edge_agent.uplink.office import PrivateKey, sign
from edge_agent.uplink.topics import Topics
from edge_agent.uplink.wire import CommandMessage, ReplyMessage
from edge_agent.values.ids import AgentId

WITHIN = 8.0
"""Seconds to wait for an answer; a page gives up after ten."""

MOST = 512
"""Commands that wait for their answers at a time."""

_PASSING = frozenset({"unavailable", "busy", "timeout", "offline", "too_many_viewers", "too_many_attempts"})
"""Codes of an answer that may be another one later; an agent's other refusals stay until somebody changes something."""

_OURS = frozenset({"unauthorised", "wrong_audience", "expired", "replayed", "malformed", "conflict"})
"""Codes that tell of the console and not of what the operator asked for."""

Send = Callable[[str, bytes, str], Awaitable[None]]
"""Sends a command: its topic, what it says, and where it is to be answered."""


class Asking:
    """Asks; used on the event loop.

    Args:
        prefix: of every topic.
        key: signs.
        clock: stamps tokens.
        send: see ``Send``.
    """

    def __init__(self, prefix: str, key: PrivateKey, clock: Clock, send: Send) -> None:
        self._prefix = prefix
        self._key = key
        self._clock = clock
        self._send = send
        self._waiting: dict[str, asyncio.Future[ReplyMessage]] = {}

    async def ask(
        self, box: Box, action: str, arguments: Mapping[str, JsonValue], actor: str, *, within: float = WITHIN
    ) -> Mapping[str, JsonValue]:
        """Returns what came of a command.

        Args:
            box: who is to obey.
            action: the command's name.
            arguments: the command's; ``camera`` is what the token is good for, and nothing else.
            actor: the account that asks, for the agent's audit trail.
            within: seconds to wait.

        Raises:
            TransientError: it may be done later; with the code ``timeout`` it may have been done.
            PermanentError: the agent refuses, with its code and remedy.
        """
        if not box.online:
            remedy = "look at the box's power and network"
            raise TransientError(f"the box {box.id} is offline: {box.reason}", remedy, code="offline")
        if len(self._waiting) >= MOST:
            raise TransientError("too many commands wait for their answers", "try again in a moment", code="busy")
        topics, identity = Topics(self._prefix, AgentId(box.id)), uuid4().hex
        camera = arguments.get("camera", "")
        token = sign(
            self._key,
            topics.agent,
            action,
            camera if isinstance(camera, str) else "",
            actor=actor,
            clock=self._clock,
            challenge=box.challenge,
        )
        message = CommandMessage(id=identity, arguments=dict(arguments), token=token)
        answer: asyncio.Future[ReplyMessage] = asyncio.get_running_loop().create_future()
        self._waiting[identity] = answer
        try:
            async with asyncio.timeout(within):
                await self._send(topics.command_named(action), encode(message.model_dump()), topics.reply(identity))
                return _result(await answer)
        except TimeoutError as exc:
            remedy = "try again; it may have been done"
            raise TransientError(f"the box {box.id} did not answer in time", remedy, code="timeout") from exc
        finally:
            del self._waiting[identity]

    def take(self, identity: str, payload: bytes) -> None:
        """Takes an answer; those to others, and second ones, are nobody's here.

        Raises:
            ValueError: it is none.
        """
        answer = self._waiting.get(identity)
        if answer is None or answer.done():
            return
        try:
            answer.set_result(ReplyMessage.model_validate_json(payload))
        except ValidationError as exc:
            remedy = "look at who may write there in the broker's ACL"
            answer.set_exception(PermanentError("what came is no answer of an agent", remedy, code="answer_invalid"))
            raise ValueError("no answer") from exc


def _result(reply: ReplyMessage) -> Mapping[str, JsonValue]:
    if reply.ok:
        return reply.result or {}
    code, reason, remedy = reply.code or "refused", reply.message or "the box refused", reply.remedy or ""
    if code in _PASSING:
        raise TransientError(reason, remedy, code=code)
    if code in _OURS:
        remedy = "name the console's public key in the box's mqtt.commands.keys, and set both clocks"
        raise PermanentError(f"the box does not take the console's commands: {reason}", remedy, code="console_refused")
    raise PermanentError(reason, remedy, code=code)
