"""Pictures out of real encoders' packets."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.decode.decoder import Decoder
from edge_agent.values.frame import Frame
from edge_agent.values.packet import Packet
from edge_agent.values.time import Monotonic
from tests.decode.stills import packets
from tests.peers.clips import Clip, joined, street

SHORT = Clip(seconds=1, gop=5)
CORNER = ((0.0, 0.0), (0.25, 0.0), (0.25, 0.25), (0.0, 0.25))
MASK = ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75))


def frames(decoder: Decoder, stream: list[Packet]) -> list[Frame]:
    return [frame for packet in stream for frame in decoder.decode(packet)]


@pytest.mark.parametrize(
    "clip",
    [SHORT, Clip(codec="h265", suffix=".mp4", seconds=1), Clip(codec="mjpeg", suffix=".mkv", seconds=1)],
    ids=["h264", "h265", "mjpeg"],
)
def test_every_packet_gives_its_picture_at_once_in_video_range(clip: Clip) -> None:
    stream, decoder = packets(clip.file()), Decoder()
    for packet in stream:
        (frame,) = decoder.decode(packet)
        assert (frame.pts, frame.arrived) == (packet.pts, packet.arrived)
        assert (frame.width, frame.height) == (640, 360)
        assert frame.luma.min() >= 10
        assert frame.luma.max() <= 240
        assert not frame.planes.flags.writeable
    assert decoder.broken == 0


def test_colours_are_right() -> None:
    red = Clip(picture="color=c=red:size={size}:rate={fps}", seconds=0.4)
    picture = frames(Decoder(), packets(red.file()))[0].bgr()
    assert np.abs(picture.astype(int) - (0, 0, 255)).max() < 12


def test_masks_are_burned_into_every_picture() -> None:
    stream = packets(SHORT.file())
    for frame, plain in zip(frames(Decoder([MASK]), stream), frames(Decoder(), stream), strict=True):
        u, v = frame.chroma
        assert set(np.unique(frame.luma[90:270, 160:480])) == {16}
        assert set(np.unique(u[45:135, 80:240])) | set(np.unique(v[45:135, 80:240])) == {128}
        assert np.array_equal(frame.luma[:80], plain.luma[:80])


def test_masks_follow_a_change_of_size() -> None:
    stream = packets(joined(Clip(seconds=0.4).file(), Clip(seconds=0.4, size=(320, 240)).file()))
    pictures = frames(Decoder([MASK]), stream)
    assert [picture.width for picture in pictures] == [640] * 6 + [320] * 6
    for picture in pictures:
        assert picture.luma[picture.height // 2, picture.width // 2] == 16


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_camera_on_its_side_gives_upright_pictures_with_masks_where_they_stand_upright(degrees: int) -> None:
    stream = packets(SHORT.file())[:1]
    [plain], [turned] = frames(Decoder(), stream), frames(Decoder([CORNER], degrees), stream)
    expected = np.rot90(plain.bgr(), -degrees // 90)
    assert turned.bgr().shape == expected.shape
    height, width = expected.shape[:2]
    assert set(np.unique(turned.luma[: height // 4, : width // 4])) == {16}
    away = turned.bgr()[height // 4 + 8 :], expected[height // 4 + 8 :]
    assert np.abs(away[0].astype(int) - away[1]).max() <= 3
    assert not turned.planes.flags.writeable


def test_it_begins_with_a_key_frame() -> None:
    stream = packets(SHORT.file())
    assert [frame.pts for frame in frames(Decoder(), stream[2:])] == [packet.pts for packet in stream[5:]]


def test_key_frames_alone_come_out_at_once() -> None:
    keys, decoder = [packet for packet in packets(SHORT.file()) if packet.key], Decoder()
    assert [len(decoder.decode(packet)) for packet in keys] == [1] * len(keys)


def test_a_broken_packet_costs_the_rest_of_its_group() -> None:
    stream, decoder = packets(SHORT.file()), Decoder()
    stream[1] = replace(stream[1], data=b"\xff" * 50)
    assert [frame.pts for frame in frames(decoder, stream)] == [packet.pts for packet in [stream[0], *stream[5:]]]
    assert decoder.broken == 1


def test_pictures_that_were_reordered_come_in_the_order_of_showing() -> None:
    decoder = Decoder()
    pictures = frames(decoder, packets(street(seconds=2, suffix=".mp4", reordered=True).file()))
    assert all(early.pts < late.pts for early, late in pairwise(pictures))


def test_what_was_lost_among_reordered_pictures_stamps_those_after_the_next_key_frame_no_older() -> None:
    def ages(stream: list[Packet]) -> list[int]:
        decoder = Decoder()
        return [packet.pts - frame.pts for packet in stream for frame in decoder.decode(packet)]

    stream = packets(street(seconds=3, suffix=".mp4", reordered=True).file())
    damaged = [replace(each, data=each.data[: each.size // 2]) if not each.key else each for each in stream[:18]]
    damaged += stream[18:]
    assert ages(damaged)[-5:] == ages(stream)[-5:]


@pytest.mark.parametrize("size", [(161, 120), (160, 121), (161, 121)])
def test_odd_sizes_become_even(size: tuple[int, int]) -> None:
    odd = Clip("testsrc=size={size}:rate={fps}", codec="mjpeg", suffix=".mkv", size=size, seconds=0.2)
    picture = frames(Decoder([MASK]), packets(odd.file()))[0]
    assert (picture.width, picture.height) == (size[0] + size[0] % 2, size[1] + size[1] % 2)
    assert picture.luma[60, 80] == 16


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_damage_breaks_it_and_it_recovers(data: st.DataObject) -> None:
    stream, decoder = packets(SHORT.file()), Decoder([MASK])
    for index in data.draw(st.sets(st.integers(0, 8), max_size=4)):
        good = stream[index]
        place = data.draw(st.integers(0, good.size - 1))
        noise = data.draw(st.binary(max_size=40))
        stream[index] = replace(good, data=good.data[:place] + noise + good.data[place + len(noise) :])
    pictures = frames(decoder, stream)
    assert all(picture.luma[180, 320] == 16 for picture in pictures)
    assert [picture.pts for picture in pictures][-5:] == [packet.pts for packet in stream[-5:]]


def test_a_stream_of_nothing() -> None:
    stream, decoder = packets(SHORT.file()), Decoder()
    nothing = replace(stream[0], data=b"\x00", arrived=Monotonic(0))
    assert decoder.decode(nothing) == []
    assert frames(decoder, stream)
