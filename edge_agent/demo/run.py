"""The demo from the first line on the terminal to Ctrl-C."""

from collections.abc import Callable
from pathlib import Path

import click

from edge_agent.capture.sources.rtsp import part_credentials
from edge_agent.demo.clips import make_entrance_clip, make_street_clip
from edge_agent.errors import PermanentError
from edge_agent.settings import Settings, parse_settings

Document = dict[str, object]


def demo_settings(camera: str | None, media: Path, mqtt_port: int, web_port: int) -> Settings:
    """Returns the demo's settings: profile ``site``, alerts and automatic talk-down on, loopback only.

    Args:
        camera: ``rtsp://…``, ``/dev/video…`` or a file; None for the two drawn ones, made under ``media``.
        media: folder for clips and for what the demo keeps.
        mqtt_port: of the broker on 127.0.0.1.
        web_port: of the page on 127.0.0.1.

    Raises:
        PermanentError: the camera's address is of no known kind.
    """
    spoken = media / "spoken"
    document: Document = {
        "agent": {"id": "demo", "name": "Demo", "state": str(media / "state"), "log_level": "warning"},
        "policy": {"profile": "site"},
        "cameras": _given_camera(camera, spoken) if camera else _drawn_cameras(media, spoken),
        "mqtt": {
            "host": "127.0.0.1",
            "port": mqtt_port,
            "protocol": "3.1.1",
            "commands": {"unsigned_on_loopback": True},
        },
        "talkdown": {"automatic": True, "cooldown": 20},
        "web": {"port": web_port},
    }
    return parse_settings(document, "the demo")


def prepare_clips(media: Path) -> None:
    """Makes the demo cameras' clips where they are not there yet, with progress on the terminal."""
    (media / "spoken").mkdir(parents=True, exist_ok=True)
    _make(media / "entrance.mp4", "drawing the entrance camera", make_entrance_clip)
    _make(
        media / "street.mp4",
        "preparing the street camera",
        lambda target, told: make_street_clip(target, media / "street.avi", told),
    )


def welcome(settings: Settings, broker: str) -> str:
    """Returns what the terminal says once everything is up: what to open, and what to type."""
    topic = f"{settings.mqtt.prefix}/{settings.agent.id}"
    camera = next(iter(settings.cameras))
    page = click.style(f"http://127.0.0.1:{settings.web.port}", bold=True, underline=True)
    port = "" if settings.mqtt.port == 1883 else f" -p {settings.mqtt.port}"  # noqa: PLR2004 - MQTT's own
    say = f'\'{{"id":"1","arguments":{{"camera":"{camera}","message":"mask"}}}}\''
    return "\n".join(
        [
            "",
            click.style("edge-agent demo", bold=True),
            f"  page      {page}",
            f"  broker    {broker}",
            f"  cameras   {', '.join(settings.cameras)}",
            f"  policy    {settings.policy.profile}: chosen by the demo, to show events and automatic speech;",
            "            a street in France would run fr-public-space, with anonymous counts only",
            "",
            "  follow the events       "
            + click.style(f"mosquitto_sub{port} -t '{topic}/camera/+/event/#' -v", bold=True),
            "  make the camera speak   "
            + click.style(f"mosquitto_pub{port} -t '{topic}/command/talkdown.play' -m {say}", bold=True),
            f"  what was said           {_spoken(settings)}",
            "",
            "  The entrance is a public-domain portrait with a drawn mask; the street is real if Debian had it.",
            "  Ctrl-C ends it.",
            "",
        ]
    )


def _spoken(settings: Settings) -> str:
    speakers = [camera.speaker.model_dump() for camera in settings.cameras.values() if camera.speaker]
    return ", ".join(str(speaker["path"]) for speaker in speakers if "path" in speaker) or "the camera's loudspeaker"


def _make(target: Path, doing: str, make: Callable[[Path, Callable[[float], None]], None]) -> None:
    if target.exists():
        return
    with click.progressbar(length=100, label=doing.ljust(28), show_eta=False) as bar:
        make(target, lambda share: bar.update(int(100 * share) - bar.pos))


def _alert() -> Document:
    return {"mask": {"kind": "mask", "mode": "alert"}}


def _drawn_cameras(media: Path, spoken: Path) -> Document:
    return {
        "entrance": {
            "name": "Entrance",
            "place": "Town hall",
            "source": {"kind": "file", "path": str(media / "entrance.mp4")},
            "speaker": {"kind": "file", "path": str(spoken / "entrance.wav")},
            "rules": _alert(),
        },
        "street": {
            "name": "Street",
            "place": "Market square",
            "source": {"kind": "file", "path": str(media / "street.mp4")},
            "speaker": {"kind": "file", "path": str(spoken / "street.wav")},
            "rules": _alert(),
        },
    }


def _given_camera(address: str, spoken: Path) -> Document:
    if address.startswith(("rtsp://", "rtsps://")):
        address, credentials = part_credentials(address)
        source = {"kind": "rtsp", "url": address, **credentials}
        speaker = {"kind": "backchannel", "url": address, **credentials}
    elif address.startswith("/dev/"):
        source, speaker = {"kind": "v4l2", "device": address}, {"kind": "file", "path": str(spoken / "camera.wav")}
    elif Path(address).is_file():
        source, speaker = {"kind": "file", "path": address}, {"kind": "file", "path": str(spoken / "camera.wav")}
    else:
        raise PermanentError(f"{address} is no camera", "give rtsp://…, /dev/video… or a video file")
    return {"camera": {"name": "Camera", "source": source, "speaker": speaker, "rules": _alert()}}
