"""Films in place of a camera."""

import itertools
from pathlib import Path

import pytest

from edge_agent.capture.sources.file import FileSettings
from edge_agent.errors import PermanentError, TransientError
from edge_agent.values.packet import Codec
from edge_agent.values.time import CLOCK_RATE
from tests.capture.watching import read
from tests.peers.clips import Clip, joined

SHORT = Clip(seconds=0.4, fps=25, gop=5, suffix=".mp4")


@pytest.mark.parametrize("codec", ["h264", "h265"])
async def test_a_film_loops_while_its_time_goes_on(codec: str) -> None:
    clip = Clip(codec=codec, seconds=0.4, fps=25, gop=5, suffix=".mp4")
    packets = await read(FileSettings(path=clip.file()).build(), 25)
    assert [packet.key for packet in packets[::5]] == [True] * 5
    steps = {late.pts - early.pts for early, late in itertools.pairwise(packets)}
    assert steps == {CLOCK_RATE // 25}
    assert len({id(packet.stream) for packet in packets}) == 1
    assert all(packet.data.startswith(b"\x00\x00\x00\x01") for packet in packets)


async def test_a_film_takes_the_time_it_lasts() -> None:
    packets = await read(FileSettings(path=SHORT.file()).build(), 11)
    assert packets[-1].arrived - packets[0].arrived >= 0.3


async def test_jpeg_pictures_are_all_key_frames() -> None:
    clip = Clip(codec="mjpeg", seconds=0.4, suffix=".mkv")
    packets = await read(FileSettings(path=clip.file()).build(), 5)
    assert {packet.stream.codec for packet in packets} == {Codec.MJPEG}
    assert all(packet.key for packet in packets)


async def test_a_size_that_changes_begins_a_new_stream_at_a_key_frame() -> None:
    path = joined(Clip(seconds=0.4, gop=5).file(), Clip(seconds=0.4, gop=5, size=(320, 240)).file())
    packets = await read(FileSettings(path=path).build(), 14)
    assert [packet.stream.width for packet in packets] == [640] * 6 + [320] * 6 + [640] * 2


async def test_what_is_no_film(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="does not exist"):
        await read(FileSettings(path=tmp_path / "nothing.mp4").build(), 1)
    (tmp_path / "text.mp4").write_text("no film")
    with pytest.raises(TransientError, match="no video that can be read"):
        await read(FileSettings(path=tmp_path / "text.mp4").build(), 1)


async def test_a_codec_that_is_not_understood_is_named() -> None:
    clip = Clip(codec="vp8", seconds=0.2, suffix=".mkv")
    with pytest.raises(PermanentError, match="vp8") as caught:
        await read(FileSettings(path=clip.file()).build(), 1)
    assert "H.264" in caught.value.remedy


async def test_damage_in_the_middle_does_not_end_a_film(tmp_path: Path) -> None:
    data = bytearray(Clip(seconds=0.8, gop=5).file().read_bytes())
    data[len(data) // 3 : len(data) // 3 + 2000] = bytes(2000)
    (tmp_path / "damaged.h264").write_bytes(data)
    packets = await read(FileSettings(path=tmp_path / "damaged.h264").build(), 30)
    assert sum(packet.key for packet in packets) >= 4
    assert len({id(packet.stream) for packet in packets}) == 1
