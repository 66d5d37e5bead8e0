"""Against a real RTSP camera: GStreamer's server on the loopback."""

import asyncio
import contextlib
import itertools
import logging
import re
import socket
import subprocess
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError
from typing_extensions import override

from edge_agent.capture.sources.rtsp import RtspSettings
from edge_agent.decode.decoder import Decoder
from edge_agent.errors import PermanentError, TransientError
from edge_agent.values.packet import Codec
from tests.capture.watching import read
from tests.peers.clips import Clip, joined
from tests.peers.rtsp_camera import Camera

SETS = re.compile(rb"\x00\x00\x00\x01([\x67\x68])")
FAST = Clip(gop=5)


async def test_every_key_frame_carries_the_parameter_sets_that_the_camera_sends_in_its_sdp_alone(
    camera: Callable[..., Camera],
) -> None:
    packets = await read(RtspSettings(url=camera(FAST).url).build(), 20)
    assert [packet.key for packet in packets] == [number % 5 == 0 for number in range(20)]
    assert all(SETS.findall(packet.data)[:2] == [b"\x67", b"\x68"] for packet in packets if packet.key)
    assert not any(SETS.search(packet.data) for packet in packets if not packet.key)


async def test_time_rises_and_the_stream_is_one_object(camera: Callable[..., Camera]) -> None:
    packets = await read(RtspSettings(url=camera(FAST).url).build(), 20)
    assert all(late.pts > early.pts for early, late in itertools.pairwise(packets))
    assert all(late.arrived >= early.arrived for early, late in itertools.pairwise(packets))
    assert len({id(packet.stream) for packet in packets}) == 1
    stream = packets[0].stream
    assert (stream.codec, stream.width, stream.height, round(stream.rate)) == (Codec.H264, 640, 360, 15)


async def test_parameter_sets_in_band_are_not_doubled(camera: Callable[..., Camera]) -> None:
    packets = await read(RtspSettings(url=camera(FAST, "--in-band").url).build(), 6)
    assert len(SETS.findall(packets[5].data)) == 2


async def test_udp(camera: Callable[..., Camera]) -> None:
    packets = await read(RtspSettings(url=camera(FAST).url, transport="udp").build(), 10)
    assert packets[0].key


async def test_h265(camera: Callable[..., Camera]) -> None:
    clip = Clip(codec="h265", suffix=".h265", gop=5)
    packets = await read(RtspSettings(url=camera(clip).url).build(), 8)
    assert packets[0].stream.codec is Codec.H265
    assert packets[5].key
    assert [byte >> 1 for byte in re.findall(rb"\x00\x00\x00\x01([\x40\x42\x44])", packets[5].data)[0]] == [32]


async def test_jpeg_pictures(camera: Callable[..., Camera]) -> None:
    packets = await read(RtspSettings(url=camera(Clip(codec="mjpeg", suffix=".mjpeg")).url).build(), 5)
    assert all(packet.key for packet in packets)
    assert (packets[0].stream.codec, packets[0].stream.width) == (Codec.MJPEG, 640)
    assert [frame.width for packet in packets for frame in Decoder().decode(packet)] == [640] * 5


async def test_pictures_that_come_in_another_order_than_they_are_shown(camera: Callable[..., Camera]) -> None:
    packets = await read(RtspSettings(url=camera(Clip(gop=15, reordered=True)).url).build(), 40)
    assert all(late.pts > early.pts for early, late in itertools.pairwise(packets))
    decoder = Decoder()
    frames = [frame for packet in packets for frame in decoder.decode(packet)]
    assert len(frames) >= 30
    assert decoder.broken == 0
    assert all(late.pts > early.pts for early, late in itertools.pairwise(frames))


async def test_an_address_of_ipv6(camera: Callable[..., Camera]) -> None:
    peer = camera(FAST, "--address", "::1")
    assert peer.url.startswith("rtsp://[::1]:")
    assert await read(RtspSettings(url=peer.url, username="any", password=SecretStr("body")).build(), 1)
    peer.kill()
    with pytest.raises(TransientError, match=r"the camera at \[::1\]:\d+ refused the connection"):
        await read(RtspSettings(url=peer.url).build(), 1)


async def test_rtsps_with_a_certificate_that_nobody_signed(camera: Callable[..., Camera], tmp_path: Path) -> None:
    pem = tmp_path / "camera.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(pem), "-out", "-"]
    made = subprocess.run([*make, "-days", "2", "-subj", "/CN=camera"], capture_output=True, check=True)  # noqa: ASYNC221 - the camera waits for it
    pem.write_bytes(made.stdout + pem.read_bytes())
    peer = camera(FAST, "--tls", str(pem), "--user", "admin", "--password", "right")
    assert peer.url.startswith("rtsps://")
    assert await read(RtspSettings(url=peer.url, username="admin", password=SecretStr("right")).build(), 1)


@pytest.mark.parametrize("target", ["file:///etc/passwd", "rtsp://{host}/elsewhere"])
async def test_a_camera_that_sends_us_elsewhere_is_not_followed(target: str) -> None:
    asked: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while request := (await reader.readuntil(b"\r\n\r\n")).decode():
                asked.append(request.splitlines()[0])
                number = re.search(r"CSeq: (\d+)", request)
                assert number
                first = f"200 OK\r\nCSeq: {number[1]}" if "OPTIONS" in request else f"302 Moved\r\nCSeq: {number[1]}"
                writer.write(f"RTSP/1.0 {first}\r\nLocation: {target.format(host=host)}\r\n\r\n".encode())
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    host = "{}:{}".format(*server.sockets[0].getsockname())
    async with server:
        with pytest.raises(TransientError, match="not followed") as caught:
            await read(RtspSettings(url=f"rtsp://{host}/stream").build(), 1)
    assert "write that one into `url`" in caught.value.remedy
    assert [line.split()[0] for line in asked] == ["OPTIONS", "DESCRIBE"]


async def test_a_change_of_size_in_mid_stream_is_a_new_stream(camera: Callable[..., Camera]) -> None:
    class Changing(Clip):
        @override
        def file(self) -> Path:
            return joined(Clip(gop=5, seconds=1).file(), Clip(gop=5, seconds=1, size=(320, 240)).file())

    packets = await read(RtspSettings(url=camera(Changing(), "--in-band").url).build(), 40)
    sizes = [packet.stream.width for packet in packets]
    assert {640, 320} == set(sizes)
    for early, late in itertools.pairwise(packets):
        assert (early.stream is late.stream) == (early.stream == late.stream)
        assert early.stream is late.stream or late.key


async def test_a_password_full_of_signs(camera: Callable[..., Camera]) -> None:
    peer = camera(FAST, "--user", "admin", "--password", "p@/:%#s?ß")
    settings = RtspSettings(url=peer.url, username="admin", password=SecretStr("p@/:%#s?ß"))
    assert await read(settings.build(), 1)


@pytest.mark.parametrize("scheme", [[], ["--basic"]])
async def test_a_wrong_password_is_said_and_never_shown(
    camera: Callable[..., Camera],
    scheme: list[str],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    peer = camera(FAST, "--user", "admin", "--password", "right", *scheme)
    settings = RtspSettings(url=peer.url, username="admin", password=SecretStr("open-sesame"))
    with pytest.raises(PermanentError, match="refused the user name or password") as caught:
        await read(settings.build(), 1)
    assert "username" in caught.value.remedy
    shown = [
        str(caught.value),
        "".join(traceback.format_exception(caught.value)),
        caplog.text,
        *capfd.readouterr(),
        repr(settings),
    ]
    assert not any("open-sesame" in text for text in shown)


async def test_an_unknown_path(camera: Callable[..., Camera]) -> None:
    with pytest.raises(PermanentError, match="no stream at this path"):
        await read(RtspSettings(url=camera(FAST).url + "/elsewhere").build(), 1)


async def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(TransientError, match=f"127.0.0.1:{port} refused the connection"):
        await read(RtspSettings(url=f"rtsp://127.0.0.1:{port}/stream").build(), 1)


async def test_a_host_that_takes_the_connection_and_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(TransientError, match="in time"):
            await read(RtspSettings(url=f"rtsp://127.0.0.1:{port}/stream", timeout=0.5).build(), 1)


async def test_a_camera_without_video(camera: Callable[..., Camera]) -> None:
    with pytest.raises(PermanentError, match="sends no video"):
        await read(RtspSettings(url=camera(FAST, "--audio-only").url).build(), 1)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://192.0.2.10/stream", "write rtsp://"),
        ("rtsp:///stream", "write rtsp://"),
        ("rtsp://192.0.2.10:99999/stream", "write rtsp://"),
        ("file:/etc/passwd", "write rtsp://"),
        ("rtsp://192.0.2.10/stream\r\nX-Forged: yes", "cannot be seen"),
        ("rtsp://192.0.2.10/first stream", "write %20"),
        ("rtsp://admin:secret@192.0.2.10/stream", "write them into `username` and `password`"),
    ],
)
def test_addresses_that_are_refused(url: str, sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence) as caught:
        RtspSettings(url=url)
    assert "secret@" not in str(caught.value)
