"""The control room's side of a command: signed, sent, and its one answer waited for."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias, TypeVar
from uuid import uuid4

import jwt
from aiomqtt import MqttError
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from pydantic import BaseModel, JsonValue, ValidationError

from edge_agent.aio.clock import Clock
from edge_agent.errors import PermanentError, TransientError
from edge_agent.events.envelope import encode
from edge_agent.uplink.access import read_access
from edge_agent.uplink.commands import Incoming
from edge_agent.uplink.connection import Connection
from edge_agent.uplink.errors import trouble
from edge_agent.uplink.keys import name_of
from edge_agent.uplink.settings import MqttSettings
from edge_agent.uplink.tokens import LONGEST
from edge_agent.uplink.topics import Topics
from edge_agent.uplink.wire import CommandMessage, ReplyMessage, StatusMessage
from edge_agent.values.ids import AgentId

PrivateKey: TypeAlias = Ed25519PrivateKey | EllipticCurvePrivateKey
M = TypeVar("M", bound=BaseModel)

_LIFE = LONGEST // 2  # seconds that a token is good: clocks may differ by as much on either side
_STATUS_WITHIN = 3.0  # seconds; a broker that has a status hands it out at once


def make_key(path: Path) -> Path:
    """Writes a new Ed25519 key that may sign commands, for its owner's eyes only; returns the path of its public half.

    Raises:
        PermanentError: when it is there already or cannot be written.
    """
    key, public = Ed25519PrivateKey.generate(), path.with_suffix(".pub.pem")
    try:
        path.touch(0o600, exist_ok=False)
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    except OSError as exc:
        remedy = "name a file that is not there yet, in a folder that can be written"
        raise PermanentError(f"{path} cannot be made ({exc.strerror})", remedy) from exc
    return public


def read_key(path: Path) -> PrivateKey:
    """Reads the key that signs; blocks.

    Raises:
        PermanentError: when it cannot be read or is of another kind.
    """
    remedy = "give an unencrypted Ed25519 or P-256 private key in PEM: edge-agent provision key csu.pem"
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as exc:
        raise PermanentError(f"{path} cannot be read as a private key ({exc})", remedy) from exc
    if isinstance(key, Ed25519PrivateKey) or (
        isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1)
    ):
        return key
    raise PermanentError(f"{path} holds a key of another kind", remedy)


def sign(
    key: PrivateKey, agent: AgentId, action: str, camera: str, *, actor: str, clock: Clock, challenge: str = ""
) -> str:
    """Returns a token that is good for one action on one camera, for a minute.

    Args:
        key: signs.
        agent: who is to obey.
        action: the command's name.
        camera: empty for the agent itself.
        actor: who asks, for the audit trail.
        clock: stamps the token.
        challenge: of the agent's status; without it the clocks of both sides must agree to a minute.
    """
    now = int(clock.wall().timestamp())
    claims = {"aud": agent, "sub": actor, "jti": uuid4().hex, "iat": now, "exp": now + _LIFE}
    claims |= {"scope": f"{action}:{camera or '*'}"} | ({"challenge": challenge} if challenge else {})
    algorithm = "EdDSA" if isinstance(key, Ed25519PrivateKey) else "ES256"
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": name_of(key.public_key())})


async def ask(  # noqa: PLR0913 - each is named where it is given
    settings: MqttSettings,
    agent: AgentId,
    action: str,
    arguments: Mapping[str, JsonValue],
    *,
    key: PrivateKey,
    actor: str,
    clock: Clock,
    within: float,
) -> ReplyMessage:
    """Sends one command and returns its answer.

    Args:
        settings: the broker.
        agent: who is to obey.
        action: the command's name.
        arguments: the command's.
        key: signs.
        actor: who asks, for the audit trail.
        clock: stamps the token.
        within: seconds to wait for the answer.

    Raises:
        PermanentError: when the broker refuses.
        TransientError: when the agent is offline, or nobody answers in time; it may have been done then.
    """
    topics, identity = Topics(settings.prefix, agent), uuid4().hex
    camera = arguments.get("camera", "")
    access = await read_access(settings)
    try:
        async with asyncio.timeout(within), Connection(settings, f"send-{identity[:12]}", access) as connection:
            await connection.subscribe([(topics.status, 1), (topics.reply(identity), 1)])
            challenge = await _challenge(connection, topics)
            where = camera if isinstance(camera, str) else ""
            token = sign(key, agent, action, where, actor=actor, clock=clock, challenge=challenge)
            message = CommandMessage(id=identity, arguments=dict(arguments), token=token)
            await connection.ask(topics.command_named(action), encode(message.model_dump()), topics.reply(identity))
            return await _answer(connection, topics)
    except TimeoutError as exc:
        remedy = "look whether the agent is online, and at its log; the command may have been obeyed"
        raise TransientError(f"no answer came within {within:g} s", remedy, code="timeout") from exc
    except (MqttError, OSError) as exc:
        raise trouble(exc, settings.address) from exc


async def _challenge(connection: Connection, topics: Topics) -> str:
    """Returns the challenge of the agent's status, empty where the broker tells none."""
    try:
        async with asyncio.timeout(_STATUS_WITHIN):
            return _online(await connection.incoming(), topics).challenge
    except TimeoutError:
        return ""


async def _answer(connection: Connection, topics: Topics) -> ReplyMessage:
    while True:
        incoming = await connection.incoming()
        if incoming.topic == topics.status:
            _online(incoming, topics)
        else:
            return _read(ReplyMessage, incoming)


def _online(incoming: Incoming, topics: Topics) -> StatusMessage:
    status = _read(StatusMessage, incoming)
    if status.state == "offline":
        remedy = "send it again when the agent is back"
        raise TransientError(f"{topics.agent} is offline: {status.reason}", remedy, code="offline")
    return status


def _read(form: type[M], incoming: Incoming) -> M:
    try:
        return form.model_validate_json(incoming.payload)
    except ValidationError as exc:
        remedy = "look at who may write there in the broker's ACL"
        raise PermanentError(f"what came on {incoming.topic} is no answer of an agent", remedy) from exc
