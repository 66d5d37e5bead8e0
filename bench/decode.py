"""What a camera costs the processor: demuxing alone, decoding, with privacy masks, encoded for viewers; as ratios.

Milliseconds of processor time for each picture of a 1080p25 clip of 4 Mb/s with a key frame every two seconds, best of
several runs, one thread. Run ``python bench/decode.py``; needs ffmpeg for the clip.
"""

import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import av

from edge_agent.aio.clock import SystemClock
from edge_agent.capture.address import Address
from edge_agent.capture.demux import Demux
from edge_agent.decode.decoder import Decoder
from edge_agent.live.encoder import Encoders
from edge_agent.live.settings import LiveSettings, Quality
from edge_agent.values.geometry import Polygon
from edge_agent.values.packet import Packet
from edge_agent.values.viewing import StreamName
from tests.peers.clips import Clip, street

RUNS = 3
PEER = "PyAV alone, pictures thrown away (the peer)"
MASKS: tuple[Polygon, ...] = (
    ((0.0, 0.0), (0.3, 0.0), (0.3, 0.4), (0.0, 0.4)),
    ((0.6, 0.1), (0.95, 0.2), (0.9, 0.6), (0.55, 0.5)),
)


def packets(path: Path) -> list[Packet]:
    """Demuxes a whole clip."""
    address = Address(url=str(path), where="the clip", connecting=10, reading=10, reordered=True)
    return list(Demux(address, SystemClock(), repeat=True).packets(threading.Event()))


def costs(works: Mapping[str, tuple[Callable[[], object], int]]) -> dict[str, float]:
    """Returns milliseconds of processor time for each picture, best of several runs that take turns."""
    best = dict.fromkeys(works, float("inf"))
    for _ in range(RUNS):
        for name, (work, pictures) in works.items():
            begun = time.process_time()
            work()
            best[name] = min(best[name], (time.process_time() - begun) / pictures * 1000)
    return best


def decode(decoder: Decoder, stream: Sequence[Packet]) -> None:
    """Decodes everything."""
    for packet in stream:
        decoder.decode(packet)


def transcode(decoder: Decoder, quality: Quality, stream: Sequence[Packet]) -> None:
    """Decodes everything and encodes it as for viewers."""
    encoders = Encoders(LiveSettings(encoder="libx264"), SystemClock())
    encoder = None
    for packet in stream:
        for picture in decoder.decode(packet):
            frame = picture.within(quality.width)
            encoder = encoder or encoders.open(frame, 25.0, quality)
            for _ in encoder.encode(frame, key=False):
                continue


def bare(stream: Sequence[Packet]) -> None:
    """Decodes everything with PyAV and looks at nothing: the peer that ratios are against."""
    context = av.CodecContext.create("h264", "r")
    context.thread_count = 1
    for packet in stream:
        context.decode(av.Packet(packet.data))


def main() -> None:
    """Prints the table."""
    path = street(size=(1920, 1080), fps=25, gop=50, bitrate="4M", seconds=8.0, suffix=".mp4").file()
    stream = packets(path)
    keys = [packet for packet in stream if packet.key]
    small = packets(Clip(size=(640, 360), fps=25, gop=50, bitrate="500k", seconds=8.0, suffix=".mp4").file())
    every = len(stream)
    good, thin = (LiveSettings().quality(name) for name in (StreamName.MAIN, StreamName.SUB))
    rows = costs(
        {
            PEER: (lambda: bare(stream), every),
            "demux alone": (lambda: packets(path), every),
            "decode": (lambda: decode(Decoder(), stream), every),
            "decode and two masks": (lambda: decode(Decoder(MASKS), stream), every),
            "decode and turn upright": (lambda: decode(Decoder((), 90), stream), every),
            "masked, encoded at 2.5 Mb/s": (lambda: transcode(Decoder(MASKS), good, stream), every),
            "made small for a thin link, 0.4 Mb/s": (lambda: transcode(Decoder(), thin, stream), every),
            "key frames only, spread over all pictures": (lambda: decode(Decoder(), keys), every),
            "decode of a 640x360 sub-stream": (lambda: decode(Decoder(), small), len(small)),
        }
    )
    for what, each in rows.items():
        print(f"{what:45} {each:6.2f} ms a picture  {each / rows[PEER]:5.2f}")


if __name__ == "__main__":
    main()
