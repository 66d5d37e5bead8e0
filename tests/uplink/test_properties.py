"""What goes beside messages is packed once, as paho packs it."""

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge_agent.uplink.properties import Packed, beside, beside_event
from edge_agent.values.event import Severity


def unpacked(packed: bytes) -> dict[str, object]:
    found, _ = Properties(PacketTypes.PUBLISH).unpack(packed)  # type: ignore[no-untyped-call] # paho has no types here
    given: dict[str, object] = found.json()
    return given


def test_they_are_what_paho_would_pack_for_each_message() -> None:
    plain = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    plain.ContentType, plain.MessageExpiryInterval, plain.UserProperty = "image/jpeg", 60, [("a", "b"), ("c", "d")]
    packed = beside(ContentType="image/jpeg", MessageExpiryInterval=60, UserProperty=[("a", "b"), ("c", "d")])
    assert packed.pack() == plain.pack()  # type: ignore[no-untyped-call]
    assert packed.pack() is packed.pack(), "once"


def test_paho_sends_what_is_packed() -> None:
    assert Packed.pack is not Properties.pack
    told = unpacked(beside_event(Severity.ALARM, 3600).pack())
    assert told == {
        "ContentType": "application/cloudevents+json; charset=utf-8",
        "MessageExpiryInterval": 3600,
        "UserProperty": [("schema", "1.0"), ("severity", "alarm")],
    }
