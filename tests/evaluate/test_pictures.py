from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_agent.errors import PermanentError
from edge_agent.evaluate.pictures import read_picture
from tests.appearance.portrait import portrait
from tests.evaluate.album import write_jpeg


def cmyk_jpeg(*inks: int) -> bytes:
    """Returns a JPEG of 8x8 pixels in four inks, which OpenCV cannot write."""
    components = b"".join(bytes([number, 0x11, 0]) for number in range(1, 5))
    scan = b"".join(bytes([number, 0]) for number in range(1, 5))
    bits = "".join(_block(ink) for ink in inks)
    bits += "1" * (-len(bits) % 8)
    data = bytes(int(bits[place : place + 8], 2) for place in range(0, len(bits), 8)).replace(b"\xff", b"\xff\x00")
    return (
        b"\xff\xd8"
        + _segment(0xEE, b"Adobe\0\x64\0\0\0\0\0")
        + _segment(0xDB, b"\0" + bytes([1] * 64))
        + _segment(0xC0, b"\x08\0\x08\0\x08\x04" + components)
        + _segment(0xC4, b"\0" + bytes([0, 0, 0, 12, *[0] * 12]) + bytes(range(12)))
        + _segment(0xC4, b"\x10" + bytes([1, *[0] * 15]) + b"\0")
        + _segment(0xDA, b"\x04" + scan + b"\0\x3f\0")
        + data
        + b"\xff\xd9"
    )


def _segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2, "big") + content


def _block(ink: int) -> str:
    """Returns the bits of a block of one colour: category of its mean, the mean, and no detail."""
    mean = 8 * (ink - 128)
    length = abs(mean).bit_length()
    value = mean if mean > 0 else mean + (1 << length) - 1
    return f"{length:04b}" + (f"{value:0{length}b}" if length else "") + "0"


def test_a_photo_keeps_its_colours_and_size(tmp_path: Path) -> None:
    frame = read_picture(write_jpeg(tmp_path / "a.jpg", portrait()))
    assert (frame.width, frame.height) == (256, 256)
    assert np.abs(frame.bgr().astype(int) - portrait()).mean() < 8


def test_grey_is_a_picture_too(tmp_path: Path) -> None:
    frame = read_picture(write_jpeg(tmp_path / "a.jpg", cv2.cvtColor(portrait(), cv2.COLOR_BGR2GRAY)))
    assert frame.chroma[0].std() < 1


def test_one_pixel_becomes_the_smallest_frame(tmp_path: Path) -> None:
    frame = read_picture(write_jpeg(tmp_path / "a.jpg", np.full((1, 1, 3), 200, np.uint8)))
    assert (frame.width, frame.height) == (2, 2)
    assert np.ptp(frame.luma) == 0


def test_a_very_large_one_is_read_whole(tmp_path: Path) -> None:
    frame = read_picture(write_jpeg(tmp_path / "a.jpg", np.zeros((8000, 8000), np.uint8)))
    assert (frame.width, frame.height) == (8000, 8000)


def test_cmyk_is_read_as_the_same_colours(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(cmyk_jpeg(255, 0, 0, 255))  # as Adobe stores red: inverted
    blue, green, red = (float(value) for value in read_picture(path).bgr().mean(axis=(0, 1)))
    assert red > 200
    assert green < 60
    assert blue < 60


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "empty"), (b"no picture at all", "no picture"), (b"\xff\xd8\xff\xe0" + bytes(9000), "breaks off")],
)
def test_what_is_broken_is_said(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    with pytest.raises(PermanentError, match=said):
        read_picture(path)


def test_half_a_photo_is_not_taken_for_a_whole_one(tmp_path: Path) -> None:
    path = write_jpeg(tmp_path / "a.jpg", portrait())
    path.write_bytes(path.read_bytes()[:4000])
    with pytest.raises(PermanentError, match="breaks off"):
        read_picture(path)


def test_a_missing_one_is_said(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="cannot be read"):
        read_picture(tmp_path / "none.jpg")
