"""``edge-agent say``: speaking through a camera's loudspeaker without the control room."""

import asyncio
from pathlib import Path

import click

from edge_agent.commands.form import CONFIG, says_remedies
from edge_agent.say import say as speak
from edge_agent.settings import load_settings
from edge_agent.talkdown.request import Request


@click.command()
@click.argument("text", default="")
@click.option("--camera", required=True, help="Whose loudspeaker.")
@click.option("--message", default="", help="A message of the catalogue instead of words.")
@click.option("--lang", default="", help="Language; of a message all those in talkdown.languages when left out.")
@click.option("--tone", is_flag=True, help="A tone of one second instead of words.")
@CONFIG
@says_remedies
def say(text: str, camera: str, message: str, lang: str, tone: bool, config: Path | None) -> None:  # noqa: FBT001 - click calls it by name
    """Speak through a camera's loudspeaker: words, a message or a tone."""
    if bool(text) + bool(message) + tone != 1:
        raise click.UsageError("say one thing: words, --message or --tone")
    request = None if tone else Request("command line", message, text, (lang,) if lang else ())
    error = asyncio.run(speak(load_settings(config), camera, request, click.echo))
    if error is not None:
        raise error
