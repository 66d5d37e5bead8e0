"""The commands that people type; each says what is wrong and the remedy, never a traceback."""

import importlib
import signal
import threading
from typing import NamedTuple

import click
from typing_extensions import override

from edge_agent import __version__


class _Place(NamedTuple):
    """Where a command is, and what it says of itself."""

    module: str
    name: str
    purpose: str


COMMANDS = {
    "run": _Place("run", "run", "Run the agent until SIGTERM or Ctrl-C."),
    "demo": _Place("run", "demo", "Show the whole product on this machine: broker, two cameras, page, voice."),
    "check-config": _Place(
        "settings", "check_config", "Print the settings in force, secrets hidden, or what is wrong with them."
    ),
    "doctor": _Place("doctor", "doctor", "Look at every part of this box and say what is wrong and the remedy."),
    "say": _Place("say", "say", "Speak through a camera's loudspeaker: words, a message or a tone."),
    "audit": _Place("audit", "audit", "Read what people did on this box, and prove that nobody changed it."),
    "analyse": _Place("sight", "analyse", "Look at FOOTAGE (a film, a photo or rtsp://…) as the agent would."),
    "evaluate": _Place("sight", "evaluate", "Measure what the agent sees against what people saw."),
    "models": _Place("sight", "models", "List the model files, verify them against the manifest, or time them."),
    "console": _Place("console", "console", "Run the control room's page for any number of agents."),
    "provision": _Place("office", "provision", "Make what a new box or control room needs."),
    "send": _Place("office", "send", "Sign a command, send it to an agent, and print its answer."),
    "schema": _Place("office", "schema", "Write the JSON Schemas of everything that goes over MQTT."),
}
"""In the order in which somebody needs them who puts up a box. Their modules are loaded when they are typed: all of
them together take a second here, and five on a small box, which nobody waits for to read the help."""


class Commands(click.Group):
    """Loads a command's module when the command is typed."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        """See ``click.Group``."""
        return list(COMMANDS)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """See ``click.Group``."""
        place = COMMANDS.get(cmd_name)
        return None if place is None else _load(place)

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """See ``click.Group``; loads nothing."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, place.purpose) for name, place in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="edge-agent")
def main() -> None:
    """Watches a town's cameras on the box beside them."""


def _load(place: _Place) -> click.Command:
    """Imports a command; a Ctrl-C meanwhile, seconds on a small box, ends the process and leaves no traceback."""
    alone = threading.current_thread() is threading.main_thread()
    interrupted = signal.signal(signal.SIGINT, signal.SIG_DFL) if alone else None
    command: click.Command = getattr(importlib.import_module(f"edge_agent.commands.{place.module}"), place.name)
    if alone:
        signal.signal(signal.SIGINT, interrupted)
    return command
