"""Every kind of loudspeaker takes a voice that is being spoken, block by block, each when it is due."""

import asyncio
import socket
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.talkdown.speakers import Speaker
from edge_agent.talkdown.speakers.alsa import AlsaSettings
from edge_agent.talkdown.speakers.axis import AxisSettings
from edge_agent.talkdown.speakers.backchannel import BackchannelSettings
from edge_agent.talkdown.speakers.file import FileSettings
from edge_agent.talkdown.speakers.hikvision import HikvisionSettings
from edge_agent.talkdown.speakers.multicast import MulticastSettings
from tests.peers.peer import missing
from tests.peers.rtsp_camera import Camera
from tests.peers.speakers import PASSWORD, USER, axis, hikvision
from tests.talkdown.conftest import chirp, likeness
from tests.talkdown.speakers.test_alsa import card
from tests.talkdown.speakers.test_multicast import GROUP, horn

__all__ = ["card", "horn"]

SECONDS = 1.0


class Voice:
    """Says a chirp at whatever rate it is asked for; see ``Talk``.

    Attributes:
        taken: when each block was.
        size: seconds in a block.
    """

    broken = ""

    def __init__(self) -> None:
        self.taken: list[float] = []
        self.size = 0.0

    def blocks(self, rate: int, size: int) -> Iterator[NDArray[np.int16]]:
        samples = chirp(SECONDS, rate).samples
        self.size = size / rate
        for start in range(0, len(samples) - size + 1, size):
            self.taken.append(time.monotonic())
            yield samples[start : start + size]


async def talked(speaker: Speaker) -> None:
    """Lets a voice speak, and looks whether it was taken in its time."""
    voice, started = Voice(), list[float]()
    await speaker.play(voice, lambda: started.append(time.monotonic()))
    took = np.array(voice.taken) - voice.taken[0]
    assert len(started) == 1
    assert voice.size <= 0.02
    # Never ahead, for nobody has said it yet; behind only as this machine is, which may be so with the first.
    assert (took >= np.arange(len(took)) * voice.size - 0.06).all()
    assert SECONDS - 0.1 <= took[-1] < SECONDS + 1.0


def alike(heard: NDArray[np.int16], rate: int = 8000) -> None:
    correlation, level = likeness(heard, chirp(SECONDS, rate).samples[:-800])
    assert correlation >= 0.99
    assert abs(level) < 0.5


async def test_a_camera(camera: Callable[..., Camera]) -> None:
    there = camera()
    await talked(BackchannelSettings(url=there.url).build())
    alike(there.heard())


async def test_a_camera_in_aac_and_g726(camera: Callable[..., Camera]) -> None:
    for voice in ("mpeg4-generic", "g726-32"):
        there = camera(None, "--voice", voice)
        started = asyncio.Event()
        await BackchannelSettings(url=there.url).build().play(Voice(), started.set)
        assert started.is_set()
        assert there.heard_file.stat().st_size > 2000


async def test_a_file(tmp_path: Path) -> None:
    await talked(FileSettings(path=tmp_path / "said.wav").build())
    with wave.open(str(tmp_path / "said.wav")) as reader:
        heard = np.frombuffer(reader.readframes(reader.getnframes()), "<i2")
    assert np.array_equal(heard, chirp(SECONDS).samples[: len(heard)])
    assert len(heard) > 0.95 * SECONDS * 22_050


@pytest.mark.skipif(bool(missing("aplay")), reason="needs aplay: apt-get install alsa-utils")
async def test_a_sound_card(card: Path) -> None:
    await talked(AlsaSettings(device="speaker").build())
    said = chirp(SECONDS, 48_000).samples
    assert np.array_equal(np.fromfile(card, "<i2")[: len(said)], said)


@pytest.mark.allow_hosts([GROUP, "127.0.0.1"])
async def test_a_group(horn: socket.socket) -> None:
    settings = MulticastSettings(group=GROUP, port=horn.getsockname()[1], codec="l16", interface="127.0.0.1")
    await talked(settings.build())
    packets = [await asyncio.to_thread(horn.recv, 4096) for _ in range(50)]
    heard = np.frombuffer(b"".join(packet[12:] for packet in packets), ">i2")
    assert np.array_equal(heard, chirp(SECONDS, 44_100).samples)


@pytest.mark.parametrize(("kind", "device"), [(AxisSettings, axis), (HikvisionSettings, hikvision)])
async def test_a_device_by_http_whose_answer_is_not_waited_for(
    kind: type[AxisSettings], device: Callable[..., object]
) -> None:
    async with device() as heard:  # type: ignore[attr-defined]
        settings = kind.model_validate({"url": heard.url, "username": USER, "password": PASSWORD})
        await talked(await asyncio.to_thread(settings.build))
        assert len(heard.sound) >= 8000 * SECONDS - 400
        assert not heard.open
