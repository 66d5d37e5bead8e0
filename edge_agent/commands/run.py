"""``edge-agent run`` and ``demo``: the agent itself."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import click

from edge_agent.agent import Agent
from edge_agent.aio.clock import SystemClock
from edge_agent.aio.leave import run_until_signal
from edge_agent.commands.form import CONFIG, says_remedies, write_log
from edge_agent.demo.broker import demo_broker
from edge_agent.demo.run import demo_settings, prepare_clips, welcome
from edge_agent.settings import Settings, load_settings


@click.command()
@CONFIG
@says_remedies
def run(config: Path | None) -> None:
    """Run the agent until SIGTERM or Ctrl-C."""
    _run(load_settings(config))


@click.command()
@click.option("--camera", help="rtsp://…, /dev/video… or a video file, in place of the two demo cameras.")
@click.option(
    "--mqtt-port", default=1883, show_default=True, help="Broker on 127.0.0.1; one is started if none answers."
)
@click.option("--web-port", default=8080, show_default=True, help="Page on 127.0.0.1.")
@click.option(
    "--media", type=click.Path(path_type=Path), default=Path("media"), show_default=True, help="Folder for clips."
)
@says_remedies
def demo(camera: str | None, mqtt_port: int, web_port: int, media: Path) -> None:
    """Show the whole product on this machine: broker, two cameras, page, voice."""
    settings = demo_settings(camera, media.absolute(), mqtt_port, web_port)
    if camera is None:
        prepare_clips(media)
    with demo_broker(mqtt_port) as broker:
        _run(settings, lambda: click.echo(welcome(settings, broker)))
    click.echo("ended cleanly")


def _run(settings: Settings, ready: Callable[[], None] = lambda: None) -> None:
    write_log(settings.agent.log_level)
    agent = Agent(settings, clock=SystemClock(), rng=random.Random())  # noqa: S311 - jitter needs no secrecy
    asyncio.run(run_until_signal(agent.run(ready)))
