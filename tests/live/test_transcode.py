import asyncio
import threading
from collections.abc import Iterator

import av
import numpy as np
import pytest

from edge_agent.aio.clock import SystemClock
from edge_agent.errors import TransientError
from edge_agent.live.encoder import KEY_EVERY, Encoders
from edge_agent.live.settings import LiveSettings, Quality
from edge_agent.live.transcode import Transcoder
from edge_agent.values.frame import Frame
from edge_agent.values.packet import Codec, Packet
from edge_agent.values.time import CLOCK_RATE, Monotonic


def frames(count: int, *, fps: int = 25, size: tuple[int, int] = (320, 240), start: int = 0) -> list[Frame]:
    """Returns noise that moves, so that every frame costs bits."""
    noise = np.random.default_rng(1).integers(0, 255, (size[1] * 3 // 2, size[0]), np.uint8)
    return [
        Frame(np.roll(noise, 7 * n, axis=1), start + n * CLOCK_RATE // fps, Monotonic(n / fps)) for n in range(count)
    ]


ENCODERS = Encoders(LiveSettings(encoder="libx264"), SystemClock())
GOOD = Quality(2_500_000)


async def transcode(given: list[Frame], quality: Quality = GOOD, encoders: Encoders = ENCODERS) -> list[Packet]:
    def open_frames(stop: threading.Event) -> Iterator[Frame]:
        return iter(given)

    transcoder = Transcoder(open_frames, quality, encoders, name="transcode")
    packets: list[Packet] = []
    transcoder.ring.append = packets.append  # type: ignore[assignment]
    await transcoder.run()
    return packets


def decode(packets: list[Packet]) -> list[av.VideoFrame]:
    codec = av.VideoCodecContext.create("h264", "r")
    pictures = [picture for packet in packets for picture in codec.decode(av.Packet(packet.data))]
    return pictures + codec.decode(None)


async def test_every_frame_comes_out_with_its_time_and_key_frames_every_two_seconds() -> None:
    given = frames(130)
    packets = await transcode(given)
    assert [packet.pts for packet in packets] == [frame.pts for frame in given]
    keys = [packet.pts for packet in packets if packet.key]
    assert keys == [0, KEY_EVERY, 2 * KEY_EVERY]
    assert {packet.stream.codec for packet in packets} == {Codec.H264}
    assert len(decode(packets[50:])) == 80  # parameter sets stand in front of every key frame


@pytest.mark.parametrize("fps", [5, 10, 25, 50])
async def test_the_bit_rate_is_kept_whatever_the_frame_rate(fps: int) -> None:
    packets = await transcode(frames(fps * 12, fps=fps), Quality(400_000))
    late = [packet for packet in packets if packet.pts >= 4 * CLOCK_RATE]
    assert sum(packet.size for packet in late) * 8 / 8 == pytest.approx(400_000, rel=0.25)


async def test_size_and_time_may_change() -> None:
    given = [*frames(10), *frames(10, size=(640, 360), start=CLOCK_RATE), *frames(10, size=(640, 360))]
    packets = await transcode(given)
    assert [index for index, packet in enumerate(packets) if packet.key] == [0, 10, 20]
    assert [(picture.width, picture.height) for picture in decode(packets)] == [(320, 240)] * 10 + [(640, 360)] * 20


async def test_a_key_frame_comes_when_asked_for() -> None:
    made: list[Transcoder] = []

    def open_frames(stop: threading.Event) -> Iterator[Frame]:
        for number, frame in enumerate(frames(20)):
            if number == 7:
                made[0].ask_for_key()
            yield frame

    transcoder = Transcoder(open_frames, GOOD, ENCODERS, name="transcode")
    packets: list[Packet] = []
    transcoder.ring.append = packets.append  # type: ignore[assignment]
    made.append(transcoder)
    await transcoder.run()
    assert [index for index, packet in enumerate(packets) if packet.key] == [0, 7]


async def test_the_thread_ends_when_nobody_looks_any_more() -> None:
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()

    def open_frames(stop: threading.Event) -> Iterator[Frame]:
        number = 0
        while not stop.wait(0.01):
            loop.call_soon_threadsafe(begun.set)
            yield from frames(1, start=number * 3600)
            number += 1

    transcoder = Transcoder(open_frames, GOOD, ENCODERS, name="street: transcode")
    task = asyncio.create_task(transcoder.run())
    await asyncio.wait_for(begun.wait(), 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert "street: transcode" not in {thread.name for thread in threading.enumerate()}


async def test_a_camera_that_is_away_is_said() -> None:
    def open_frames(stop: threading.Event) -> Iterator[Frame]:
        raise TransientError("the camera is away", "look at its cable")

    with pytest.raises(TransientError, match="cable"):
        await Transcoder(open_frames, GOOD, ENCODERS, name="transcode").run()


async def test_an_encoder_that_this_box_has_not_is_said_and_another_one_encodes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    encoders = Encoders(LiveSettings(encoder="h264_v4l2m2m"), SystemClock())
    for _ in range(2):
        assert len(decode(await transcode(frames(5), encoders=encoders))) == 5
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(told) == 1
    assert told[0].startswith("the encoder h264_v4l2m2m cannot be opened on this box and another one takes its place")


async def test_by_itself_it_finds_what_this_box_has(caplog: pytest.LogCaptureFixture) -> None:
    assert len(decode(await transcode(frames(5), encoders=Encoders(LiveSettings(), SystemClock())))) == 5
    assert not [record for record in caplog.records if record.levelname == "WARNING"]


@pytest.mark.parametrize(("size", "encoded"), [((1280, 720), (640, 360)), ((480, 800), (480, 800))])
async def test_a_thin_picture_is_only_so_wide_in_its_own_shape(size: tuple[int, int], encoded: tuple[int, int]) -> None:
    [picture] = decode(await transcode(frames(1, size=size), Quality(400_000, 640)))
    assert (picture.width, picture.height) == encoded
