"""What commands have in common: the settings' file, remedies instead of tracebacks, progress."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import ParamSpec

import click

from edge_agent.errors import AgentError
from edge_agent.reading import FILE_VARIABLE

P = ParamSpec("P")

CONFIG = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar=FILE_VARIABLE,
    help="TOML file; every key is also an environment variable EDGE_…, nested with __.",
)


def says_remedies(command: Callable[P, None]) -> Callable[P, None]:
    """Turns an ``AgentError`` into its sentence on standard error and exit status 1."""

    @wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except AgentError as exc:
            raise click.ClickException(str(exc)) from exc

    return guarded


def complain(sentence: str) -> None:
    """Says a sentence on standard error."""
    click.echo(sentence, err=True)


@contextmanager
def progress(doing: str) -> Iterator[Callable[[float], None]]:
    """Shows how far something is, where standard error is a terminal."""
    with click.progressbar(length=1000, label=doing, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        yield lambda share: bar.update(int(1000 * share) - bar.pos)


def write_log(level: str) -> None:
    """Sends the log to standard error, for as long as the process runs.

    Args:
        level: the least that is written, such as ``info``.
    """
    logging.basicConfig(
        level=level.upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
        force=True,  # a library that is loaded with the agent has set up one of its own, which hides the level
    )
