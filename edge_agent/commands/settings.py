"""``edge-agent check-config``: what is in force, or what is wrong with it."""

from pathlib import Path

import click

from edge_agent.commands.form import CONFIG, says_remedies
from edge_agent.reading import describe_settings
from edge_agent.settings import load_settings


@click.command("check-config")
@CONFIG
@says_remedies
def check_config(config: Path | None) -> None:
    """Print the settings in force, secrets hidden, or what is wrong with them."""
    for line in describe_settings(load_settings(config)):
        click.echo(line)
