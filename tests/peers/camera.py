#!/usr/bin/python3
"""A real RTSP camera with an ONVIF loudspeaker, run by the system's Python, which has GStreamer.

It sends a clip for ever as it is encoded, without coding it anew, and writes what its loudspeaker hears into a file of
int16 samples, mono, 8000 a second. It prints one line of JSON when it listens. Lines on its standard input: ``stall``
stops the pictures while the connection stays, ``flow`` lets them go on; at the input's end it leaves.
"""

import argparse
import json
import re
import sys
import time
from pathlib import Path
from typing import Any

import gi

gi.require_version("Gio", "2.0")
gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from clips import PATTERN, Clip  # type: ignore[import-not-found] # noqa: E402 - found beside this script
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402 - versions first

DELIMITER = {
    "h264": re.compile(rb"\x00\x00\x00\x01\x09"),
    "h265": re.compile(rb"\x00\x00\x00\x01\x46\x01"),
    "mjpeg": re.compile(rb"\xff\xd8\xff"),
}
FORMAT = {"h264": "avc", "h265": "hvc1"}
PCM = "audioconvert ! audioresample ! audio/x-raw,format=S16LE,channels=1,rate=8000"
HBR = "streamtype=(string)5,mode=AAC-hbr,sizelength=(string)13,indexlength=(string)3,indexdeltalength=(string)3"
VOICES = {
    "pcmu": ("0,clock-rate=8000", "rtppcmudepay ! mulawdec"),
    "pcma": ("8,clock-rate=8000", "rtppcmadepay ! alawdec"),
    "l16": ("97,clock-rate=16000", f"rtpL16depay ! {PCM}"),
    # What nothing here decodes is kept as it came.
    "mpeg4-generic": (
        f"97,clock-rate=16000,encoding-params=(string)1,config=(string)1408,{HBR}",
        "rtpmp4gdepay ! aacparse ! audio/mpeg,stream-format=adts",
    ),
    **{f"g726-{rate}": ("97,clock-rate=8000", "rtpg726depay") for rate in (16, 24, 32, 40)},
}


def options() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clip", default=PATTERN, help="Annex B with delimiters as it is, else any film or pattern")
    parser.add_argument("--heard", type=Path, help="file for what the loudspeaker hears")
    parser.add_argument(
        "--pushed", type=Path, help="file for when each picture was sent: its number, wall-clock seconds"
    )
    parser.add_argument("--user", default="")
    parser.add_argument("--password", default="")
    parser.add_argument("--basic", action="store_true", help="ask for the password in Basic instead of Digest form")
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--port", default=0, type=int)
    parser.add_argument("--tls", help="PEM file with certificate and key: speaks RTSPS")
    parser.add_argument("--codec", default="h264", choices=sorted(DELIMITER))
    parser.add_argument("--gop", default=15, type=int)
    parser.add_argument("--bitrate", default="800k")
    parser.add_argument("--fps", default=15, type=int)
    parser.add_argument("--size", default="640x360")
    parser.add_argument("--no-backchannel", action="store_true")
    parser.add_argument("--voice", default="pcmu", choices=sorted(VOICES), help="what the loudspeaker understands")
    parser.add_argument(
        "--fill", action="store_true", help="hear silence where a packet was lost, as a loudspeaker does"
    )
    parser.add_argument("--audio-only", action="store_true")
    parser.add_argument(
        "--ear",
        type=float,
        nargs=3,
        metavar=("GAIN", "LATE", "NOISE"),
        help="send what a microphone hears: the loudspeaker so loud, so many seconds late, in so loud a noise",
    )
    parser.add_argument("--in-band", action="store_true", help="repeat parameter sets; else they are in the SDP alone")
    return parser.parse_args()


class Film:
    """Pushes a clip's access units into whatever media runs, one each tick.

    Args:
        units: access units, parameter sets in band.
        in_band: whether to send those sets again and again; else only once, from where they get into the SDP.
        fps: ticks a second.
        pushed: where to write when each was sent.
    """

    def __init__(self, units: list[bytes], *, in_band: bool, fps: int, pushed: Path | None) -> None:
        self._pushed = pushed.open("w", buffering=1) if pushed else None
        self.flowing = True
        self._first = units[0]
        self._units = units if in_band else [without_parameters(unit) for unit in units]
        self._pause = max(1, 1000 // fps)

    def show(self, media: Any) -> None:
        """Starts to push into a media, from the beginning, until it is torn down."""
        source = media.get_element().get_by_name("film")
        position = 0

        def tick() -> bool:
            nonlocal position
            if self.flowing:
                unit = self._units[position % len(self._units)] if position else self._first
                if self._pushed is not None:
                    self._pushed.write(f"{position % len(self._units)} {time.time()}\n")
                position += 1
                source.emit("push-buffer", Gst.Buffer.new_wrapped(unit))
            return True

        timer = GLib.timeout_add(self._pause, tick)
        media.connect("unprepared", lambda _: GLib.source_remove(timer))


def without_parameters(unit: bytes) -> bytes:
    """Returns an access unit of either codec without its parameter sets."""
    nals = re.split(rb"\x00{2,3}\x01", unit)[1:]
    if nals[0][0] == 0x09:
        kept = [nal for nal in nals if nal[0] & 0x1F not in {7, 8}]
    else:
        kept = [nal for nal in nals if nal[0] >> 1 & 0x3F not in {32, 33, 34}]
    return b"".join(b"\x00\x00\x00\x01" + nal for nal in kept)


def launch(args: argparse.Namespace) -> str:
    """Returns the pipeline that sends."""
    if args.codec == "mjpeg":
        return (
            f"( appsrc name=film is-live=true do-timestamp=true format=time caps=image/jpeg,framerate={args.fps}/1 ! "
            f"jpegparse ! rtpjpegpay name=pay0 pt=26 )"
        )
    video = (
        f"appsrc name=film is-live=true do-timestamp=true format=time max-bytes=4000000 "
        f"caps=video/x-{args.codec},stream-format=byte-stream,alignment=au,framerate={args.fps}/1 ! "
        f"{args.codec}parse ! "
    )
    video += "" if args.in_band else f"video/x-{args.codec},stream-format={FORMAT[args.codec]},alignment=au ! "
    # A viewer of the loudspeaker alone leaves the pictures unlinked, which must not break the whole camera.
    video += f"tee allow-not-linked=true ! rtp{args.codec}pay name=pay0 pt=96 config-interval=0"
    if args.ear:
        gain, _, noise = args.ear
        video += (
            f" audiotestsrc is-live=true wave=pink-noise volume={noise} ! {PCM} ! air. "
            f"interaudiosrc channel=room ! {PCM} ! volume volume={gain} ! air. "
            "audiomixer name=air ! mulawenc ! tee allow-not-linked=true ! rtppcmupay pt=0 name=pay1"
        )
    sound = "appsrc name=film is-live=true do-timestamp=true format=time caps=audio/x-mulaw,rate=8000,channels=1 ! "
    return f"( {sound + 'rtppcmupay pt=0 name=pay0' if args.audio_only else video} )"


def loudspeaker(args: argparse.Namespace) -> str:
    """Returns the pipeline that hears."""
    payload, decode = VOICES[args.voice]
    where = (
        f"filesink location={args.heard} append=true buffer-mode=unbuffered async=false" if args.heard else "fakesink"
    )
    # Its tolerance of 40 ms would fill three lost packets at once, as one long gap where the third was.
    fill = "audiorate skip-to-first=true tolerance=10000000 ! " if args.fill else ""
    if args.ear:
        late = f"queue max-size-time=0 max-size-bytes=0 max-size-buffers=0 min-threshold-time={int(args.ear[1] * 1e9)}"
        room = f"{late} ! {PCM} ! interaudiosink channel=room async=false sync=false"
        where = f"tee name=out ! queue ! {where} out. ! {room}"
    return (
        f'( capsfilter caps="application/x-rtp,media=audio,payload={payload},'
        f'encoding-name={args.voice.upper()}" name=depay_backchannel ! {decode} ! '
        f"{fill}{where} )"
    )


def guard(args: argparse.Namespace, server: Any, factory: Any) -> None:
    """Asks for a user name and a password, or encrypts, or both."""
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "watcher")
    if args.tls:
        auth.set_tls_certificate(Gio.TlsCertificate.new_from_file(args.tls))
    if not args.user:
        auth.set_default_token(token)
    elif args.basic:
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(args.user, args.password), token)
    else:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(args.user, args.password, token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    for right in ("media.factory.access", "media.factory.construct"):
        permissions.add_permission_for_role("watcher", right, True)  # noqa: FBT003 - GStreamer's signature
    factory.set_permissions(permissions)


def access_units(args: argparse.Namespace) -> list[bytes]:
    """Returns the clip cut before each delimiter."""
    clip = Path(args.clip)
    if clip.suffix not in {".h264", ".h265", ".mjpeg"}:
        width, height = args.size.split("x")
        suffix = f".{args.codec}"
        size = (int(width), int(height))
        clip = Clip(args.clip, args.codec, size, args.fps, 8.0, 0.0, args.gop, args.bitrate, suffix).file()
    data = clip.read_bytes()
    starts = [found.start() for found in DELIMITER[args.codec].finditer(data)]
    return [data[start:end] for start, end in zip(starts, [*starts[1:], len(data)], strict=True)]


def main() -> None:
    """Serves until the standard input ends."""
    args = options()
    Gst.init(None)
    server = GstRtspServer.RTSPOnvifServer()
    server.set_address(args.address)
    server.set_service(str(args.port))
    factory = GstRtspServer.RTSPOnvifMediaFactory()
    factory.set_media_gtype(GstRtspServer.RTSPOnvifMedia.__gtype__)
    factory.set_launch(launch(args))
    # Shared, as an encoder is by all viewers; a second viewer of sound alone would meet the first one's teardown.
    factory.set_shared(not args.audio_only)
    if not args.no_backchannel:
        factory.set_backchannel_launch(loudspeaker(args))
    in_band = args.in_band or args.audio_only or args.codec == "mjpeg"
    units = [b"\xff" * (8000 // args.fps)] if args.audio_only else access_units(args)
    film = Film(units, in_band=in_band, fps=args.fps, pushed=args.pushed)
    factory.connect("media-configure", lambda _, media: film.show(media))
    if args.user or args.tls:
        guard(args, server, factory)
    server.get_mount_points().add_factory("/stream", factory)
    server.attach(None)
    loop = GLib.MainLoop()

    def told(_fd: int, condition: int) -> bool:
        line = sys.stdin.readline()
        if not line:
            loop.quit()
            return False
        film.flowing = line.strip() != "stall"
        sys.stdout.write(line)
        sys.stdout.flush()
        return True

    GLib.unix_fd_add_full(0, sys.stdin.fileno(), GLib.IOCondition.IN | GLib.IOCondition.HUP, told)
    scheme, host = "rtsps" if args.tls else "rtsp", f"[{args.address}]" if ":" in args.address else args.address
    sys.stdout.write(json.dumps({"url": f"{scheme}://{host}:{server.get_bound_port()}/stream"}) + "\n")
    sys.stdout.flush()
    loop.run()


if __name__ == "__main__":
    main()
