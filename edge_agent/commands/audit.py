"""``edge-agent audit``: what people did on this box, and that nobody changed it."""

import json
import sys
from pathlib import Path

import click

from edge_agent.agent import TRAIL
from edge_agent.commands.form import CONFIG, complain, says_remedies
from edge_agent.errors import PermanentError
from edge_agent.events.inspection import inspect_trail, read_trail
from edge_agent.settings import load_settings


@click.group()
def audit() -> None:
    """Read what people did on this box, and prove that nobody changed it."""


@audit.command()
@CONFIG
@says_remedies
def verify(config: Path | None) -> None:
    """Follow the chain of the audit trail; the exit status is 1 where it is broken."""
    found = inspect_trail(_folder(config))
    for problem in found.problems:
        complain(problem)
    click.echo(f"{found.entries} entries from number {found.first} on; the last one's hash is {found.hash}")
    sys.exit(1 if found.problems else 0)


@audit.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@CONFIG
@says_remedies
def show(as_json: bool, config: Path | None) -> None:  # noqa: FBT001 - click passes it by name
    """Print who did what, oldest first."""
    for entry in read_trail(_folder(config)):
        told = ("at", "actor", "action", "camera", "outcome", "detail")
        click.echo(json.dumps(entry) if as_json else "  ".join(str(entry.get(name) or "-") for name in told))


def _folder(config: Path | None) -> Path:
    folder = load_settings(config).agent.state / TRAIL
    try:
        next(folder.iterdir(), None)
    except OSError as exc:
        remedy = "run it as the agent's user; there is none before somebody did something"
        raise PermanentError(f"there is no audit trail to read in {folder} ({exc.strerror})", remedy) from exc
    return folder
