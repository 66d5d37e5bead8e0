"""Trying the broker out without disturbing a running agent."""

import asyncio

from aiomqtt import MqttError

from edge_agent.errors import PermanentError
from edge_agent.uplink.connection import Connection, tls_context
from edge_agent.uplink.errors import trouble
from edge_agent.uplink.settings import MqttSettings, trusted_keys
from edge_agent.values.ids import AgentId


async def probe(settings: MqttSettings, agent: AgentId) -> str:
    """Connects once, as a client of another name than the agent's, and returns the version of MQTT spoken.

    Raises:
        TransientError: the broker is away.
        PermanentError: it refuses us, or a file that the settings name cannot be used.
    """
    try:
        await asyncio.to_thread(trusted_keys, settings.commands)
        context = await asyncio.to_thread(tls_context, settings.tls) if settings.tls else None
    except OSError as exc:
        raise PermanentError(f"the TLS files cannot be used ({exc})", "correct the files that mqtt.tls names") from exc
    try:
        async with Connection(settings, f"{agent}-doctor", None, context):
            return f"MQTT {settings.protocol}"
    except (MqttError, OSError) as exc:
        raise trouble(exc, f"{settings.host}:{settings.port}") from exc
