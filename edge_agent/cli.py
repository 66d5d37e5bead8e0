"""The commands that people type; each says what is wrong and the remedy, never a traceback."""

import asyncio
import getpass
import json
import logging
import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import click
from pydantic import JsonValue

from edge_agent import __version__
from edge_agent.agent import Agent
from edge_agent.aio.clock import SystemClock
from edge_agent.aio.leave import run_until_signal
from edge_agent.arguments import ARGUMENTS
from edge_agent.commands.audit import audit
from edge_agent.commands.console import console
from edge_agent.commands.form import CONFIG, says_remedies
from edge_agent.commands.sight import analyse, evaluate, models
from edge_agent.demo.broker import demo_broker
from edge_agent.demo.run import demo_settings, prepare_clips, welcome
from edge_agent.doctor import Finding, State
from edge_agent.doctor.examine import examine
from edge_agent.doctor.table import tabulate
from edge_agent.errors import AgentError, PermanentError, TransientError
from edge_agent.results import RESULTS
from edge_agent.say import say
from edge_agent.settings import Settings, describe_settings, load_broker, load_settings
from edge_agent.talkdown.request import Request
from edge_agent.uplink.office import ask, make_key, read_key
from edge_agent.uplink.schemas import write_schemas
from edge_agent.values.ids import AgentId


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="edge-agent")
def main() -> None:
    """Watches a town's cameras on the box beside them."""


for command in (analyse, audit, console, evaluate, models):
    main.add_command(command)


@main.command()
@CONFIG
@says_remedies
def run(config: Path | None) -> None:
    """Run the agent until SIGTERM or Ctrl-C."""
    _run(load_settings(config))


@main.command()
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


@main.command("check-config")
@CONFIG
@says_remedies
def check_config(config: Path | None) -> None:
    """Print the settings in force, secrets hidden, or what is wrong with them."""
    for line in describe_settings(load_settings(config)):
        click.echo(line)


@main.command("say")
@click.argument("text", default="")
@click.option("--camera", required=True, help="Whose loudspeaker.")
@click.option("--message", default="", help="A message of the catalogue instead of words.")
@click.option("--lang", default="", help="Language; of a message all those in talkdown.languages when left out.")
@click.option("--tone", is_flag=True, help="A tone of one second instead of words.")
@CONFIG
@says_remedies
def say_words(text: str, camera: str, message: str, lang: str, tone: bool, config: Path | None) -> None:  # noqa: FBT001 - click calls it by name
    """Speak through a camera's loudspeaker: words, a message or a tone."""
    if bool(text) + bool(message) + tone != 1:
        raise click.UsageError("say one thing: words, --message or --tone")
    request = None if tone else Request("command line", message, text, (lang,) if lang else ())
    error = asyncio.run(say(load_settings(config), camera, request, click.echo))
    if error is not None:
        raise error


@main.command("doctor")
@click.option("--tone", is_flag=True, help="Let every loudspeaker play a tone.")
@CONFIG
def examine_box(tone: bool, config: Path | None) -> None:  # noqa: FBT001 - click calls it by name
    """Look at every part of this box and say what is wrong and the remedy; exit status 1 if anything is."""
    try:
        settings = load_settings(config)
    except AgentError as exc:
        findings: Sequence[Finding] = [Finding("settings", State.WRONG, exc.reason, exc.remedy)]
    else:
        said = f"{config or 'the environment'} can be used, profile {settings.policy.profile}"
        findings = [Finding("settings", State.OK, said), *asyncio.run(examine(settings, aloud=tone))]
    for line in tabulate(findings):
        click.echo(line)
    sys.exit(any(finding.state is State.WRONG for finding in findings))


@main.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=Path("docs/events"))
@says_remedies
def schema(directory: Path) -> None:
    """Write the JSON Schemas of everything that goes over MQTT."""
    for path in write_schemas(directory, ARGUMENTS, RESULTS):
        click.echo(path)


@main.group()
def provision() -> None:
    """Make what a new box or control room needs."""


@provision.command("key")
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@says_remedies
def provision_key(path: Path) -> None:
    """Make a key that signs commands at PATH; agents get its public half in mqtt.commands.keys."""
    click.echo(f"{path} signs commands, keep it secret; {make_key(path)} goes into mqtt.commands.keys of the agents")


@main.command()
@click.option("--agent", required=True, help="The box's agent.id.")
@click.option("--key", "key_file", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Signs.")
@click.option("--command", "action", required=True, help="Such as talkdown.play.")
@click.option("--actor", default=getpass.getuser, help="Who asks, for the audit trail; the user's name.")
@click.option("--within", default=30.0, show_default=True, help="Seconds to wait for the answer.")
@click.option("--host", help="The broker; mqtt.host.")
@click.option("--port", type=int, help="mqtt.port.")
@click.option("--username", help="mqtt.username; the password is in EDGE_MQTT__PASSWORD.")
@CONFIG
@click.argument("arguments", nargs=-1)
@says_remedies
def send(
    agent: str,
    key_file: Path,
    action: str,
    actor: str,
    within: float,
    config: Path | None,
    arguments: tuple[str, ...],
    **flags: object,
) -> None:
    """Sign a command, send it to an agent, and print its answer.

    ARGUMENTS are name=text, or name:=JSON for numbers and the like. The exit status is 0 when it was done, 1 when it
    was refused or could not be sent, 3 when no answer came.
    """
    asking = ask(
        load_broker(config, flags),
        AgentId(agent),
        action,
        dict(map(_argument, arguments)),
        key=read_key(key_file),
        actor=actor,
        clock=SystemClock(),
        within=within,
    )
    try:
        answer = asyncio.run(asking)
    except TransientError as exc:
        if exc.code != "timeout":
            raise
        click.echo(f"Error: {exc}", err=True)
        sys.exit(3)
    click.echo(answer.model_dump_json(exclude_none=True, indent=2))
    sys.exit(0 if answer.ok else 1)


def _argument(typed: str) -> tuple[str, JsonValue]:
    name, equals, value = typed.partition("=")
    if not name.endswith(":") and equals:
        return name, value
    try:
        return name[:-1], json.loads(value)
    except ValueError as exc:
        raise PermanentError(f"{typed} is no argument", "write name=text, or name:=JSON") from exc


def _run(settings: Settings, ready: Callable[[], None] = lambda: None) -> None:
    logging.basicConfig(
        level=settings.agent.log_level.upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
        force=True,  # a library that is loaded with the agent has set up one of its own, which hides the level
    )
    agent = Agent(settings, clock=SystemClock(), rng=random.Random())  # noqa: S311 - jitter needs no secrecy
    asyncio.run(run_until_signal(agent.run(ready)))
