"""What MQTT 5 says beside a message, packed once and not for each (section 2.2.2)."""

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from typing_extensions import override

from edge_agent.events.envelope import CONTENT_TYPE, SCHEMA
from edge_agent.values.event import Severity


class Packed(Properties):
    """Properties that do not change; paho would pack them anew for each message, which costs more than the rest of it.

    Args:
        packet: which kind they go with, one of ``PacketTypes``.
        values: by the names of MQTT 5 without spaces.
    """

    def __init__(self, packet: int, **values: object) -> None:
        super().__init__(packet)  # type: ignore[no-untyped-call] # paho has no types here
        for name, value in values.items():
            setattr(self, name, value)
        packed: bytes = super().pack()  # type: ignore[no-untyped-call]
        object.__setattr__(self, "_packed", packed)  # paho's own refuses names that MQTT does not have

    @override
    def pack(self) -> bytes:
        packed: bytes = object.__getattribute__(self, "_packed")
        return packed


def beside(**values: object) -> Packed:
    """Returns what goes with a message."""
    return Packed(PacketTypes.PUBLISH, **values)


def beside_event(severity: Severity, expiry: int) -> Packed:
    """Returns what goes with an event, for rules of a broker that do not read JSON.

    Args:
        severity: the event's.
        expiry: seconds that a broker keeps it for a consumer that is away.
    """
    told = [("schema", SCHEMA), ("severity", severity.name.lower())]
    return beside(ContentType=CONTENT_TYPE, MessageExpiryInterval=expiry, UserProperty=told)


def at_connect(**values: object) -> Packed:
    """Returns what a client says when it connects."""
    return Packed(PacketTypes.CONNECT, **values)
