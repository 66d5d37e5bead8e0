"""CPU of one 1080p25 H.264 camera, stage by stage, as multiples of demultiplexing alone.

Each stage runs over the same thirty seconds of street and adds to the one before it: demultiplex; decode everything, as
a camera that is awake must; burn a privacy mask in; motion gate on five pictures a second; NanoDet, tracker and faces
on those. Asleep is what a quiet camera costs: key frames only, every two seconds, and the gate. What is printed is
processor time, so that the pace of the clip and the noise of the machine matter little.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import av

from edge_agent.aio.clock import SystemClock
from edge_agent.appearance.appearances import Appearances
from edge_agent.appearance.inspector import Inspector
from edge_agent.appearance.settings import AppearanceSettings
from edge_agent.capture.address import Address
from edge_agent.capture.demux import Demux
from edge_agent.decode.decoder import Decoder
from edge_agent.detect.nanodet import NanodetSettings
from edge_agent.inference.models import InferenceSettings, Models
from edge_agent.motion import MotionSettings
from edge_agent.motion.gate import Gate
from edge_agent.track.tracker import Tracker, TrackSettings
from edge_agent.values.frame import Frame
from edge_agent.values.geometry import Polygon
from edge_agent.values.packet import Packet
from tests.peers.clips import Clip, street

SECONDS = 30
FPS = 25
ANALYSED = 5
MASK: Polygon = ((0.0, 0.0), (0.3, 0.0), (0.3, 0.25), (0.0, 0.25))


def main() -> None:
    """Prints a line for each stage."""
    shown = street().picture
    clip = Clip(shown, size=(1920, 1080), fps=FPS, seconds=SECONDS, gop=2 * FPS, bitrate="4M", suffix=".mp4").file()
    packets = list(_packets(clip))
    bare = _measure(lambda: _demux(clip))
    stages: list[tuple[str, Callable[[], object]]] = [
        ("+ decode", lambda: _decode(packets, ())),
        ("+ privacy mask", lambda: _decode(packets, (MASK,))),
        ("+ motion gate", lambda: _gate(packets)),
        ("+ detection, 320", partial(_see, packets, 320)),
        ("+ detection, 416", partial(_see, packets, 416)),
    ]
    asleep = [packet for packet in packets if packet.key]
    print(f"{'stage':18} {'ms a frame':>10} {'% of a core':>11} {'x demux':>8}")
    _print("demux only", bare, bare)
    for name, stage in stages:
        _print(name, _measure(stage), bare)
    _print("asleep", bare + _measure(lambda: _gate(asleep)), bare)


def _print(name: str, seconds: float, bare: float) -> None:
    each = seconds / (SECONDS * FPS)
    print(f"{name:18} {1000 * each:10.3f} {100 * each * FPS:11.2f} {seconds / bare:8.1f}")


def _measure(stage: Callable[[], object]) -> float:
    """Returns the least processor time of three runs, in seconds."""
    spent = []
    for _ in range(3):
        begun = time.process_time()
        stage()
        spent.append(time.process_time() - begun)
    return min(spent)


def _packets(clip: Path) -> Iterator[Packet]:
    """Yields a clip's packets as the agent's sources do, without their pace."""
    address = Address(url=str(clip), where="the clip", connecting=10, reading=10)
    return Demux(address, SystemClock(), repeat=True).packets(threading.Event())


def _demux(clip: Path) -> None:
    with av.open(str(clip)) as container:
        for packet in container.demux(video=0):
            bytes(packet)


def _frames(packets: list[Packet], masks: Sequence[Polygon]) -> Iterator[Frame]:
    decoder = Decoder(masks)
    for packet in packets:
        yield from decoder.decode(packet)


def _decode(packets: list[Packet], masks: Sequence[Polygon]) -> None:
    for _ in _frames(packets, masks):
        pass


def _gate(packets: list[Packet]) -> list[Frame]:
    """Returns the pictures that are worth looking at."""
    gate = Gate(MotionSettings())
    step = FPS // ANALYSED if len(packets) > SECONDS else 1
    frames = (frame for index, frame in enumerate(_frames(packets, (MASK,))) if index % step == 0)
    return [frame for frame in frames if gate.opens(frame)]


def _see(packets: list[Packet], size: int) -> None:
    models = Models(InferenceSettings(threads=1))
    detector = NanodetSettings.model_validate({"size": size}).build(models)
    inspector = Inspector(models, AppearanceSettings())
    tracker, appearances = Tracker(TrackSettings()), Appearances(AppearanceSettings())
    for frame in _gate(packets):
        tracks = tracker.update(detector.detect(frame), frame.arrived)
        for track in appearances.due(tracks, frame):
            appearances.add(track.id, inspector.inspect(frame, track))


if __name__ == "__main__":
    main()
