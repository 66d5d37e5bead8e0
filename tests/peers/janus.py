"""Debian's Janus, a media server in C, as something to measure ourselves against: one camera by RTSP, no limits."""

import secrets
from pathlib import Path
from typing import Any

import aiohttp

from tests.peers.peer import Peer, free_port

PROGRAM = "/usr/bin/janus"
STREAM = 1

MAIN = """general: {{
  configs_folder = "{folder}"
  plugins_folder = "{libraries}/plugins"
  transports_folder = "{libraries}/transports"
  events_folder = "{libraries}/events"
  loggers_folder = "{libraries}/loggers"
  debug_level = 2
  session_timeout = 0
}}
plugins: {{ disable = "{unused}" }}
transports: {{ disable = "{others}" }}
"""

UNUSED = (
    *("audiobridge", "duktape", "echotest", "lua", "nosip", "recordplay"),
    *("sip", "textroom", "videocall", "videoroom", "voicemail"),
)
OTHERS = ("websockets", "pfunix", "mqtt", "nanomsg", "rabbitmq")

HTTP = """general: {{ json = "compact" base_path = "/janus" http = true port = {port} ip = "127.0.0.1" https = false }}
admin: {{ admin_http = false admin_https = false }}
"""

CAMERA = """camera: {{
  type = "rtsp" id = {stream} url = "{url}" audio = false video = true rtsp_reconnect_delay = 1
  videopt = 96 videocodec = "h264" videofmtp = "profile-level-id=42e01f;packetization-mode=1"
}}
"""


class Janus:
    """A server with its configuration in a folder of its own; its API listens on the loopback alone.

    Args:
        folder: empty, for configuration and log.
        url: of the camera.
    """

    def __init__(self, folder: Path, url: str) -> None:
        libraries = next(Path("/usr/lib").glob("*/janus/plugins")).parent
        port = free_port()
        unused, others = (",".join(f"libjanus_{name}.so" for name in names) for names in (UNUSED, OTHERS))
        for name, text in {
            "janus.jcfg": MAIN.format(folder=folder, libraries=libraries, unused=unused, others=others),
            "janus.transport.http.jcfg": HTTP.format(port=port),
            "janus.plugin.streaming.jcfg": CAMERA.format(stream=STREAM, url=url),
        }.items():
            (folder / name).write_text(text)
        command = [PROGRAM, "-F", str(folder), "-C", str(folder / "janus.jcfg"), "--disable-stdout"]
        self._peer = Peer([*command, "--log-file", str(folder / "janus.log")], folder / "errors.log")
        self._peer.wait_for_port(port)
        self._root = f"http://127.0.0.1:{port}/janus"
        self._http = aiohttp.ClientSession()
        self._session = ""

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._peer.pid

    async def watch(self) -> tuple[str, str]:
        """Asks for the camera; returns what the answer goes to, and the server's offer."""
        if not self._session:
            self._session = f"{self._root}/{(await self._ask(self._root, 'create'))['data']['id']}"
        made = await self._ask(self._session, "attach", plugin="janus.plugin.streaming")
        viewer = f"{self._session}/{made['data']['id']}"
        await self._ask(viewer, "message", body={"request": "watch", "id": STREAM})
        while True:
            async with self._http.get(self._session, params={"maxev": "1"}) as response:
                told = await response.json()
            if told.get("sender") == made["data"]["id"] and "jsep" in told:
                return viewer, str(told["jsep"]["sdp"])

    async def start(self, viewer: str, answer: str) -> None:
        """Gives a viewer's answer; the picture comes with the next key frame."""
        await self._ask(viewer, "message", body={"request": "start"}, jsep={"type": "answer", "sdp": answer})

    async def leave(self, viewer: str) -> None:
        """Ends a viewer."""
        await self._ask(viewer, "detach")

    async def close(self) -> None:
        """Ends the server."""
        await self._http.close()
        self._peer.stop()

    async def _ask(self, where: str, request: str, **more: object) -> dict[str, Any]:
        asked = {"janus": request, "transaction": secrets.token_hex(6), **more}
        async with self._http.post(where, json=asked) as response:
            told: dict[str, Any] = await response.json()
        if told["janus"] == "error":
            raise AssertionError(f"Janus refused {request}: {told}")
        return told
