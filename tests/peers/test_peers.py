"""The counterparts themselves: they start, do what they are asked, and come back at the same address."""

import socket
import subprocess
from collections.abc import Callable

from playwright.async_api import BrowserContext

from tests.peers.broker import Broker
from tests.peers.clips import Clip
from tests.peers.rtsp_camera import Camera


def _probe(url: str) -> str:
    command = [
        "ffprobe",
        "-v",
        "error",
        "-rtsp_transport",
        "tcp",
        "-show_entries",
        "stream=codec_name,width",
        "-of",
        "csv=p=0",
    ]
    return subprocess.run([*command, url], capture_output=True, text=True, timeout=30, check=True).stdout.strip()


def test_a_camera_shows_its_clip_and_comes_back_at_the_same_address(camera: Callable[..., Camera]) -> None:
    peer = camera()
    assert _probe(peer.url) == "h264,640"
    peer.kill()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", peer.port)) != 0
    peer.start()
    assert _probe(peer.url) == "h264,640"


def test_a_camera_speaks_h265(camera: Callable[..., Camera]) -> None:
    assert _probe(camera(Clip(codec="h265", suffix=".h265")).url) == "hevc,640"


def test_a_broker_keeps_what_it_retained_over_a_restart(broker: Broker) -> None:
    where = ["-h", broker.host, "-p", str(broker.port), "-t", "here"]
    subprocess.run(["mosquitto_pub", *where, "-m", "still", "-r", "-q", "1"], check=True)
    broker.stop()
    broker.start()
    got = subprocess.run(["mosquitto_sub", *where, "-C", "1", "-W", "10"], capture_output=True, check=True)
    assert got.stdout.strip() == b"still"


def test_a_broker_asks_for_a_password(make_broker: Callable[..., Broker]) -> None:
    broker = make_broker(users={"edge": "secret"})
    where = ["mosquitto_pub", "-h", broker.host, "-p", str(broker.port), "-t", "here", "-m", "hello"]
    assert subprocess.run(where, capture_output=True, check=False).returncode != 0
    assert subprocess.run([*where, "-u", "edge", "-P", "secret"], capture_output=True, check=False).returncode == 0


async def test_a_browser_decodes_h264_and_hears_a_microphone(browser: BrowserContext) -> None:
    page = await browser.new_page()
    codecs = await page.evaluate("RTCRtpReceiver.getCapabilities('video').codecs.map(codec => codec.mimeType)")
    assert "video/H264" in codecs
    assert await page.evaluate("typeof RTCPeerConnection") == "function"
