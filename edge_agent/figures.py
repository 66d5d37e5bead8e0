"""What the agent measures of itself: for Prometheus, and in the heartbeat."""

from collections.abc import Callable, Mapping

from edge_agent.camera import Camera
from edge_agent.events.outbox import Outbox
from edge_agent.health.metrics import Metrics
from edge_agent.inference.worker import Worker
from edge_agent.live.sessions import LiveSessions
from edge_agent.uplink.link import Uplink
from edge_agent.values.event import CameraState
from edge_agent.values.ids import CameraId
from edge_agent.values.viewing import StreamName


def collect_figures(
    cameras: Mapping[CameraId, Camera],
    workers: Mapping[str, Worker],
    outbox: Outbox,
    uplink: Uplink,
    live: LiveSessions,
) -> Metrics:
    """Returns every figure of the agent, each read from its owner when it is asked for."""
    metrics = Metrics()

    def by_camera(read: Callable[[Camera], float]) -> Callable[[], Mapping[str, float]]:
        return lambda: {str(name): read(camera) for name, camera in cameras.items()}

    def camera_gauge(name: str, meaning: str, read: Callable[[Camera], float]) -> None:
        metrics.gauge(f"camera_{name}", meaning, by_camera(read), label="camera")

    def camera_counter(name: str, meaning: str, read: Callable[[Camera], float]) -> None:
        metrics.counter(f"camera_{name}", meaning, by_camera(read), label="camera")

    def worker_counter(name: str, meaning: str, read: Callable[[Worker], float]) -> None:
        metrics.counter(
            f"inference_{name}",
            meaning,
            lambda: {name: read(worker) for name, worker in workers.items()},
            label="accelerator",
        )

    camera_gauge("online", "Whether the picture arrives.", lambda camera: camera.status.state is CameraState.ONLINE)
    camera_gauge("rate", "Pictures a second as they arrive.", lambda camera: camera.main.capture.rate)
    camera_gauge("delay_seconds", "From arrival until understood, last picture.", lambda camera: camera.counts.delay)
    camera_gauge("viewers", "Live views open.", lambda camera: live.viewers(camera.id))
    camera_gauge("sub_viewers", "Live views of the sub-stream.", lambda camera: live.viewers(camera.id, StreamName.SUB))
    camera_counter("packets", "Packets that arrived.", lambda camera: camera.main.capture.packets)
    camera_counter("bytes", "Bytes that arrived.", lambda camera: camera.main.capture.bytes)
    camera_counter("restarts", "Connections that failed.", lambda camera: camera.main.capture.restarts)
    camera_counter("decoded", "Pictures decoded for analysis.", lambda camera: camera.counts.decoded)
    camera_gauge("broken", "Packets and pictures not decodable, this run.", lambda camera: camera.counts.broken)
    camera_counter("analysed", "Pictures understood.", lambda camera: camera.counts.analysed)
    camera_counter("dropped", "Pictures a newer one replaced.", lambda camera: camera.counts.dropped)
    metrics.gauge("transcoders", "Encoders that run for viewers.", lambda: live.transcoders)
    worker_counter("requests", "Computations done.", lambda worker: worker.done)
    worker_counter("busy_seconds", "Time spent computing.", lambda worker: worker.busy)
    worker_counter("hung", "Computations given up.", lambda worker: worker.hung)
    metrics.gauge("outbox_events", "Events that wait for the broker.", lambda: outbox.depth)
    metrics.gauge("outbox_bytes", "Bytes that they take.", lambda: outbox.size)
    metrics.counter("outbox_dropped", "Events dropped because a bound was reached.", lambda: outbox.dropped)
    metrics.counter("outbox_commits", "Writes to the disk.", lambda: outbox.commits)
    metrics.gauge("broker_connected", "Whether the broker knows the agent as online.", uplink.connected.is_set)
    metrics.counter("broker_failures", "Connections that failed or were lost.", lambda: uplink.failures)
    metrics.counter("events_published", "Events that the broker acknowledged.", lambda: uplink.published)
    metrics.counter("commands", "Commands, by their end.", lambda: dict(uplink.counts), label="end")
    return metrics


def describe_health(
    cameras: Mapping[CameraId, Camera], outbox: Outbox, uplink: Uplink, live: LiveSessions
) -> dict[str, object]:
    """Returns the part of the heartbeat that is about what the agent does: each camera, and the way to the broker."""
    return {
        "broker": {"connected": uplink.connected.is_set(), "address": uplink.where},
        "outbox": outbox.depth,
        "cameras": {
            name: {
                "state": camera.status.state,
                "fps": round(camera.main.capture.rate, 1),
                "decoded": camera.counts.decoded,
                "analysed": camera.counts.analysed,
                "dropped": camera.counts.dropped,
                "delay": round(camera.counts.delay, 3),
                "restarts": camera.main.capture.restarts,
                "viewers": live.viewers(name),
            }
            for name, camera in cameras.items()
        },
    }
