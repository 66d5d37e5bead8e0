"""Commands for the control room's shell: a signing key, a signed command, the schemas of what agents say."""

import asyncio
import getpass
import json
import sys
from pathlib import Path

import click
from pydantic import JsonValue

from edge_agent.aio.clock import SystemClock
from edge_agent.arguments import ARGUMENTS
from edge_agent.commands.form import CONFIG, complain, says_remedies
from edge_agent.errors import PermanentError, TransientError
from edge_agent.results import RESULTS
from edge_agent.settings import load_broker
from edge_agent.uplink.office import ask, make_key, read_key
from edge_agent.uplink.schemas import write_schemas
from edge_agent.values.ids import AgentId


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=Path("docs/events"))
@says_remedies
def schema(directory: Path) -> None:
    """Write the JSON Schemas of everything that goes over MQTT."""
    for path in write_schemas(directory, ARGUMENTS, RESULTS):
        click.echo(path)


@click.group()
def provision() -> None:
    """Make what a new box or control room needs."""


@provision.command("key")
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@says_remedies
def provision_key(path: Path) -> None:
    """Make a key that signs commands at PATH; agents get its public half in mqtt.commands.keys."""
    click.echo(f"{path} signs commands, keep it secret; {make_key(path)} goes into mqtt.commands.keys of the agents")


@click.command()
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
        complain(f"Error: {exc}")
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
