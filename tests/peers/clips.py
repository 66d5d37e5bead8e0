"""Clips that cameras show in tests: encoded once by ffmpeg, then kept in a cache; needs the standard library alone."""

import hashlib
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "clips"
STREETS = (ROOT.parent / "shared/data/clips/one-by-one-person-detection.mp4", ROOT / "media/street.avi")

PATTERN = "testsrc2=size={size}:rate={fps}"
"""A test picture in which much moves and every pixel differs."""

FIGURE = (
    "color=c=0x707070:size={size}:rate={fps}[ground];color=c=0x203060:size=60x150:rate={fps}[coat];"
    "[ground][coat]overlay=x='mod(t*90,W)':y='(H-h)/2'"
)
"""A dark figure that walks through a grey street: no noise, so that only it moves."""


@dataclass(frozen=True)
class Clip:
    """What a clip shows and how it is encoded.

    Attributes:
        picture: a file to take the picture from, or an ffmpeg filter graph with ``{size}`` and ``{fps}`` in it.
        codec: ``h264``, ``h265`` or ``mjpeg``, or ``vp8``, which no camera of ours sends.
        size: width and height in pixels.
        fps: pictures a second.
        seconds: length.
        start: seconds into the file.
        gop: pictures from one key frame to the next.
        bitrate: as ffmpeg reads it.
        reordered: whether there are B-frames, which films have and cameras do not.
        suffix: of the file: ``.h264`` and ``.h265`` are Annex B with access unit delimiters, others are containers.
    """

    picture: str = PATTERN
    codec: str = "h264"
    size: tuple[int, int] = (640, 360)
    fps: int = 15
    seconds: float = 4.0
    start: float = 0.0
    gop: int = 15
    bitrate: str = "800k"
    suffix: str = ".h264"
    reordered: bool = False

    def file(self) -> Path:
        """Returns the encoded clip, made now if nobody made it before."""
        target = CACHE / f"{hashlib.sha256(repr(self).encode()).hexdigest()[:16]}{self.suffix}"
        if not target.exists():
            CACHE.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=CACHE, suffix=self.suffix)
            os.close(handle)
            subprocess.run(["ffmpeg", "-loglevel", "error", "-nostdin", "-y", *self._arguments(), name], check=True)
            os.replace(name, target)  # noqa: PTH105 - two sessions may make the same clip at once
        return target

    def _arguments(self) -> list[str]:
        width, height = self.size
        if Path(self.picture).exists():
            source = ["-ss", str(self.start), "-i", self.picture, "-vf", f"scale={width}:{height},fps={self.fps}"]
        else:
            graph = self.picture.format(size=f"{width}x{height}", fps=self.fps)
            source = ["-f", "lavfi", "-i", graph]
        gop = ["-g", str(self.gop), "-bf", "2" if self.reordered else "0", "-b:v", self.bitrate]
        encoder = {
            "h264": ["libx264", "-preset", "veryfast", "-sc_threshold", "0", *gop],
            "h265": [
                "libx265",
                "-preset",
                "ultrafast",
                "-x265-params",
                "log-level=error:scenecut=0:repeat-headers=1",
                *gop,
            ],
            "mjpeg": ["mjpeg", "-q:v", "5"],
            "vp8": ["libvpx", "-b:v", self.bitrate],
        }[self.codec]
        delimiters = {
            ".h264": ["-bsf:v", "h264_metadata=aud=insert"],
            ".h265": ["-bsf:v", "hevc_metadata=aud=insert", "-f", "hevc"],
        }.get(self.suffix, [])
        common = ["-an", "-t", str(self.seconds), "-pix_fmt", "yuvj420p" if self.codec == "mjpeg" else "yuv420p"]
        return [*source, *common, "-c:v", *encoder, *delimiters]


def street(**changes: object) -> Clip:
    """Returns people in a street where such a film is there, else a drawn figure that walks."""
    film = next((film for film in STREETS if film.exists()), None)
    if film is not None:
        settings = {"picture": str(film), "size": (768, 432), "fps": 10, "gop": 10, "seconds": 8.0, "start": 6.0}
    else:
        settings = {"picture": FIGURE, "size": (768, 432), "fps": 10, "gop": 10, "seconds": 8.0}
    return Clip(**{**settings, **changes})  # type: ignore[arg-type] # a test names the same fields


def joined(*parts: Path) -> Path:
    """Returns Annex B files one after another in one: a camera whose stream changes while it runs."""
    name = hashlib.sha256("".join(part.name for part in parts).encode()).hexdigest()[:16]
    target = CACHE / f"{name}{parts[0].suffix}"
    target.write_bytes(b"".join(part.read_bytes() for part in parts))
    return target
