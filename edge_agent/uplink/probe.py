"""Trying the broker out without disturbing a running agent."""

import asyncio

from aiomqtt import MqttError

from edge_agent.uplink.access import read_access
from edge_agent.uplink.connection import Connection
from edge_agent.uplink.errors import trouble
from edge_agent.uplink.keys import TrustedKeys
from edge_agent.uplink.settings import MqttSettings
from edge_agent.values.ids import AgentId


async def probe(settings: MqttSettings, agent: AgentId) -> str:
    """Connects once, as a client of another name than the agent's, and returns the version of MQTT spoken.

    Raises:
        TransientError: the broker is away.
        PermanentError: it refuses us, or a file that the settings name cannot be used.
    """
    await asyncio.to_thread(TrustedKeys(settings.commands).read)
    access = await read_access(settings)
    try:
        async with Connection(settings, f"{agent}-probe", access):
            return f"MQTT {settings.protocol}"
    except (MqttError, OSError) as exc:
        raise trouble(exc, settings.address) from exc
