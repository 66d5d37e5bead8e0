"""What lets Home Assistant find a box by itself: each camera's connection and its mask counts (its MQTT discovery)."""

from collections.abc import Iterator, Mapping

from edge_agent import __version__
from edge_agent.uplink.topics import CAMERA_STATUS, Topics
from edge_agent.values.event import MaskStatistics
from edge_agent.values.ids import AgentId, CameraId

_COUNTS = {"mask": "with a mask", "no_mask": "without a mask", "incorrect": "mask worn wrongly"}


def discovery(
    prefix: str, topics: Topics, agent: AgentId, name: str, cameras: Mapping[CameraId, str]
) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yields topics and retained payloads.

    Args:
        prefix: where Home Assistant looks, usually ``homeassistant``.
        topics: the agent's.
        agent: its name in topics.
        name: the box's, for people.
        cameras: names for people, by id.
    """
    device = {"identifiers": [agent], "name": name, "manufacturer": "edge-agent", "sw_version": __version__}
    there = {"topic": topics.status, "value_template": "{{ value_json.state }}"}
    common = {"device": device, "availability": [there]}
    for camera, called in ((camera, called or camera) for camera, called in cameras.items()):
        yield (
            f"{prefix}/binary_sensor/{agent}/{camera}/config",
            common
            | {
                "name": called,
                "unique_id": f"{agent}-{camera}",
                "device_class": "connectivity",
                "state_topic": topics.under(CAMERA_STATUS.format(camera)),
                "value_template": "{{ 'OFF' if value_json.state == 'offline' else 'ON' }}",
            },
        )
        for count, meaning in _COUNTS.items():
            yield (
                f"{prefix}/sensor/{agent}/{camera}-{count}/config",
                common
                | {
                    "name": f"{called}, {meaning}",
                    "unique_id": f"{agent}-{camera}-{count}",
                    "state_class": "measurement",
                    "state_topic": topics.under(f"camera/{camera}/event/{MaskStatistics.type}"),
                    "value_template": f"{{{{ value_json.data.{count} }}}}",
                },
            )
