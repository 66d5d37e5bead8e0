"""A socket of our own that joined the group on the loopback stands for the horn loudspeakers; none was at hand."""

import asyncio
import os
import socket
import struct
from collections.abc import Iterator

import numpy as np
import pytest
from pydantic import ValidationError

from edge_agent.errors import TransientError
from edge_agent.talkdown.rtsp.g711 import Codec, encode
from edge_agent.talkdown.sound import resampled
from edge_agent.talkdown.speakers.multicast import MulticastSettings
from tests.talkdown.conftest import chirp

GROUP = f"239.255.{os.getpid() % 250}.{os.getpid() // 250 % 250 + 1}"
pytestmark = pytest.mark.allow_hosts([GROUP, "127.0.0.1"])


@pytest.fixture
def horn() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as joined:
        joined.bind((GROUP, 0))
        joined.setsockopt(
            socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(GROUP) + socket.inet_aton("127.0.0.1")
        )
        joined.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        joined.settimeout(5.0)
        yield joined


@pytest.mark.parametrize("codec", ["pcmu", "pcma", "l16"])
async def test_the_group_hears_every_sample_in_step_with_time(horn: socket.socket, codec: str) -> None:
    port = horn.getsockname()[1]
    settings = MulticastSettings.model_validate(
        {"group": GROUP, "port": port, "codec": codec, "interface": "127.0.0.1"}
    )
    speaker = settings.build()
    assert (
        await speaker.probe()
        == {
            "pcmu": f"PCMU at 8000 Hz by multicast to {GROUP}:{port}",
            "pcma": f"PCMA at 8000 Hz by multicast to {GROUP}:{port}",
            "l16": f"L16 at 44100 Hz by multicast to {GROUP}:{port}",
        }[codec]
    )
    loop, started = asyncio.get_running_loop(), list[float]()
    begun = loop.time()
    await speaker.play(chirp(0.4), lambda: started.append(loop.time()))
    assert loop.time() - begun >= 0.4
    assert len(started) == 1
    packets = [await asyncio.to_thread(horn.recv, 4096) for _ in range(20)]
    numbers = [struct.unpack("!BBHII", packet[:12])[2] for packet in packets]
    assert [(number - numbers[0]) & 0xFFFF for number in numbers] == list(range(20))
    payload = b"".join(packet[12:] for packet in packets)
    if codec == "l16":
        expected = resampled(chirp(0.4), 44_100).samples
        assert np.array_equal(np.frombuffer(payload, ">i2")[: len(expected)], expected)
    else:
        assert payload == encode(resampled(chirp(0.4), 8000).samples, Codec[codec.upper()])


async def test_a_box_without_a_way_to_the_group_says_so() -> None:
    settings = MulticastSettings(group=GROUP, interface="192.0.2.1")
    with pytest.raises(TransientError, match="no way leads to the group") as error:
        await settings.build().probe()
    assert "interface" in error.value.remedy


@pytest.mark.parametrize("group", ["192.0.2.1", "horn", "", "ff02::1"])
def test_what_is_no_group_is_refused(group: str) -> None:
    with pytest.raises(ValidationError, match="write a multicast address"):
        MulticastSettings(group=group)
