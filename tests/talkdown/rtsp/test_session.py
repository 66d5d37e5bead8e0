"""Against a camera that misbehaves to order; the real one is met in ``tests/talkdown/speakers``."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from edge_agent.aio.clock import SystemClock
from edge_agent.errors import AgentError, PermanentError, TransientError
from edge_agent.talkdown.rtsp.address import Address
from edge_agent.talkdown.rtsp.digest import Credentials
from edge_agent.talkdown.rtsp.session import opened
from tests.talkdown.conftest import chirp

SDP = "v=0\r\nm=audio 0 RTP/AVP 0\r\na=control:speaker\r\na=sendonly\r\n"
DEADLINE = 10.0


class FakeCamera:
    """Answers as a script says; ``None`` is silence.

    Attributes:
        asked: methods that came, in order.
        frames: interleaved packets that came.
    """

    def __init__(self, script: dict[str, str | None]) -> None:
        self.asked: list[str] = []
        self.frames: list[bytes] = []
        self.heard = asyncio.Event()
        self.gone = asyncio.Event()
        self._script = script
        self._writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        try:
            while True:
                await self._step(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionResetError):
            self.gone.set()
            self.heard.set()
        finally:
            writer.close()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE):
            while not condition():
                self.heard.clear()
                await self.heard.wait()

    def hang_up(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _step(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.readexactly(1)
        if first == b"$":
            _channel, *length = await reader.readexactly(3)
            self.frames.append(await reader.readexactly(length[0] << 8 | length[1]))
            self.heard.set()
            return
        head = (first + await reader.readuntil(b"\r\n\r\n")).decode()
        method = head.partition(" ")[0]
        self.asked.append(method)
        self.heard.set()
        answer = self._script.get(method, "200 OK")
        number = next(line for line in head.splitlines() if line.startswith("CSeq"))
        if answer is not None:
            status, _, headers = answer.partition("\n")
            body = SDP if method == "DESCRIBE" and status == "200 OK" else ""
            lines = [f"RTSP/1.0 {status}", number, *headers.splitlines(), f"Content-Length: {len(body)}", "", body]
            writer.write("\r\n".join(lines).encode())


SETUP = "200 OK\nSession: 77;timeout=60\nTransport: RTP/AVP/TCP;unicast;interleaved=4-5"


@asynccontextmanager
async def fake_camera(
    script: dict[str, str | None] | None = None,
    *,
    patience: float = 5.0,
    sealed: ssl.SSLContext | None = None,
    certificate: Path | None = None,
) -> AsyncIterator[tuple[FakeCamera, Address]]:
    camera = FakeCamera({"SETUP": SETUP, **(script or {})})
    server = await asyncio.start_server(camera.serve, "127.0.0.1", 0, ssl=sealed)
    port = server.sockets[0].getsockname()[1]
    try:
        yield (
            camera,
            Address(
                f"rtsp{'s' if sealed else ''}://127.0.0.1:{port}/live", Credentials("anna", "pw"), patience, certificate
            ),
        )
    finally:
        server.close()
        camera.hang_up()
        await camera.until(camera.gone.is_set) if camera._writers else None


async def speak(address: Address, seconds: float = 0.1, transport: Literal["tcp", "udp"] = "tcp") -> None:
    async with opened(address, transport, SystemClock()) as session:
        await session.send(chirp(seconds, 8000), lambda: None)


async def test_the_whole_order_of_an_utterance() -> None:
    async with fake_camera() as (camera, address):
        await speak(address)
        assert camera.asked == ["DESCRIBE", "SETUP", "PLAY", "OPTIONS", "TEARDOWN"]
        report, *packets = camera.frames
        assert report[1] == 200
        assert [len(packet) for packet in packets] == [172] * 5


@pytest.mark.parametrize(
    ("method", "status", "kind", "why"),
    [
        ("DESCRIBE", "404 Not Found", PermanentError, "no such path"),
        ("DESCRIBE", "551 Option not supported", PermanentError, "offers no loudspeaker"),
        ("DESCRIBE", "302 Moved", PermanentError, "refuses"),
        ("SETUP", "453 Not Enough Bandwidth", TransientError, "busy"),
        ("SETUP", "461 Unsupported Transport", PermanentError, "transport"),
        ("SETUP", "200 OK\nSession: 1\nTransport: RTP/AVP;unicast;server_port=9-10", PermanentError, "no sound by TCP"),
        ("PLAY", "503 Service Unavailable", TransientError, "busy"),
        ("PLAY", "454 Session Not Found", TransientError, "lost the session"),
        ("PLAY", "500 Oops", TransientError, "failed"),
        ("OPTIONS", "454 Session Not Found", TransientError, "lost the session"),
    ],
)
async def test_what_a_refusal_means(method: str, status: str, kind: type[AgentError], why: str) -> None:
    async with fake_camera({method: status}) as (camera, address):
        with pytest.raises(kind, match=why) as error:
            await speak(address)
        assert error.value.remedy
        await camera.until(camera.gone.is_set)
        assert ("TEARDOWN" in camera.asked) == (method in {"PLAY", "OPTIONS"} or "Session" in status)


@pytest.mark.parametrize("method", ["DESCRIBE", "SETUP", "PLAY", "OPTIONS"])
async def test_silence_ends_at_the_time_out(method: str) -> None:
    async with fake_camera({method: None}, patience=0.2) as (_, address):
        with pytest.raises(TransientError, match=f"did not answer {method}"):
            await speak(address)


async def test_a_camera_that_knows_no_options_has_heard_us_all_the_same() -> None:
    async with fake_camera({"OPTIONS": "501 Not Implemented"}) as (camera, address):
        await speak(address)
        assert camera.asked[-1] == "TEARDOWN"


async def test_silence_at_the_end_still_ends_the_session() -> None:
    async with fake_camera({"OPTIONS": None}, patience=0.2) as (camera, address):
        with pytest.raises(TransientError):
            await speak(address)
        assert camera.asked[-1] == "TEARDOWN"


async def test_a_sealed_camera_is_spoken_to_only_with_its_own_certificate(tmp_path: Path) -> None:
    key, certificate = self_signed(tmp_path)
    sealed = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    sealed.load_cert_chain(certificate, key)
    async with fake_camera(sealed=sealed, certificate=certificate) as (camera, address):
        await speak(address)
        assert camera.asked[-1] == "TEARDOWN"
        with pytest.raises(PermanentError, match=r"certificate of .* is not trusted") as error:
            await speak(replace(address, certificate=None))
        assert "certificate setting" in error.value.remedy


def self_signed(folder: Path) -> tuple[Path, Path]:
    """Makes what a camera makes when it is first switched on: a key and a certificate in its own name."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "camera")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(1), now + timedelta(1))
    (folder / "camera.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.pem").write_bytes(private)
    return folder / "key.pem", folder / "camera.pem"


async def test_cancelled_while_setting_up_leaves_no_session() -> None:
    async with fake_camera({"SETUP": None}) as (camera, address):
        task = asyncio.create_task(speak(address))
        await camera.until(lambda: "SETUP" in camera.asked)
        camera._script["SETUP"] = SETUP
        task.cancel()
        # The camera's answer comes after we gave up.
        camera._writers[0].write(b"RTSP/1.0 200 OK\r\nCSeq: 2\r\nSession: 77\r\n\r\n")
        with pytest.raises(asyncio.CancelledError):
            await task
        assert camera.asked[-1] == "TEARDOWN"


async def test_cancelled_in_mid_sentence_says_goodbye() -> None:
    async with fake_camera() as (camera, address):
        task = asyncio.create_task(speak(address, 30.0))
        await camera.until(lambda: len(camera.frames) > 3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert camera.asked[-1] == "TEARDOWN"


async def test_a_camera_that_never_answers_the_goodbye_delays_for_a_second_at_most() -> None:
    async with fake_camera({"TEARDOWN": None}) as (_, address):
        begun = asyncio.get_running_loop().time()
        await speak(address)
        assert asyncio.get_running_loop().time() - begun < 2.5


async def test_the_session_is_kept_alive_and_options_stands_in_for_get_parameter() -> None:
    setup = SETUP.replace("60", "1")
    async with fake_camera({"SETUP": setup, "GET_PARAMETER": "501 Not Implemented"}) as (camera, address):
        await speak(address, 1.3)
        assert camera.asked[3:] == ["GET_PARAMETER", "OPTIONS", "OPTIONS", "TEARDOWN"]


async def test_a_camera_that_stops_answering_is_noticed_while_it_is_spoken_to() -> None:
    async with fake_camera({"SETUP": SETUP.replace("60", "1"), "GET_PARAMETER": None}) as (_, address):
        with pytest.raises(TransientError, match="stopped answering"):
            await speak(address, 30.0)


async def test_hanging_up_in_mid_sentence_says_where() -> None:
    async with fake_camera() as (camera, address):
        task = asyncio.create_task(speak(address, 30.0))
        await camera.until(lambda: len(camera.frames) > 6)
        camera.hang_up()
        with pytest.raises(TransientError, match=r"0\.\d s into the sentence: the camera closed"):
            await task


async def test_a_closed_udp_port_is_noticed() -> None:
    setup = "200 OK\nSession: 77\nTransport: RTP/AVP;unicast;server_port=9-10"
    async with fake_camera({"SETUP": setup}) as (_, address):
        with pytest.raises(TransientError, match="no sound by UDP") as error:
            await speak(address, 2.0, "udp")
        assert "tcp" in error.value.remedy


async def test_nobody_there() -> None:
    async with fake_camera() as (_, address):
        pass
    with pytest.raises(TransientError, match=r"127\.0\.0\.1:\d+ refused the connection: check the port"):
        await speak(address)
