"""The RTSP camera of ``camera.py`` in the hands of a test."""

import json
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from tests.peers.clips import Clip
from tests.peers.peer import Peer

PYTHON = "/usr/bin/python3"  # the distribution's: GStreamer's bindings are not on PyPI
SCRIPT = Path(__file__).with_name("camera.py")


class Camera:
    """A camera that can be stalled, unplugged and plugged in again at the same address.

    Args:
        folder: for its log and for what its loudspeaker hears.
        clip: what it shows, for ever.
        options: more arguments of ``camera.py``, such as ``--user``, ``admin``.

    Attributes:
        url: where to connect, without credentials.
        heard_file: int16 samples, mono, 8000 a second, that its loudspeaker was sent so far.
    """

    def __init__(self, folder: Path, clip: Clip, *options: str) -> None:
        self.heard_file = folder / "heard.raw"
        self._log = folder / "camera.log"
        self._command = [
            *(PYTHON, str(SCRIPT), "--clip", str(clip.file()), "--codec", clip.codec, "--fps", str(clip.fps)),
            *("--heard", str(self.heard_file), *options),
        ]
        self._peer = Peer([*self._command, "--port", "0"], self._log)
        self.url: str = json.loads(self._peer.line())["url"]

    @property
    def port(self) -> int:
        """Its TCP port on the loopback."""
        return int(urlsplit(self.url).port or 0)

    def heard(self) -> NDArray[np.int16]:
        """Returns what its loudspeaker was sent so far: int16 mono, 8000 a second."""
        return np.frombuffer(self.heard_file.read_bytes() if self.heard_file.exists() else b"", np.int16)

    def stall(self) -> None:
        """Sends no more pictures while the connection stays."""
        self._ask("stall")

    def flow(self) -> None:
        """Sends pictures again after ``stall``."""
        self._ask("flow")

    def freeze(self) -> None:
        """Stops the whole camera: it answers nothing any more, but its connections stay."""
        self._peer.freeze()

    def thaw(self) -> None:
        """Lets it go on after ``freeze``."""
        self._peer.thaw()

    def stop(self) -> None:
        """Switches it off; connections are closed."""
        self._peer.stop()

    def kill(self) -> None:
        """Takes its power away."""
        self._peer.kill()

    def start(self) -> None:
        """Switches it on again at the same address, after ``stop`` or ``kill``."""
        self._peer = Peer([*self._command, "--port", str(self.port)], self._log)
        self._peer.line()

    def _ask(self, what: str) -> None:
        self._peer.tell(what)
        self._peer.line()
