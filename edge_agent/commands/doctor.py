"""``edge-agent doctor``: does every part of this box work?"""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from edge_agent.commands.form import CONFIG
from edge_agent.doctor import Finding, State
from edge_agent.doctor.examine import examine
from edge_agent.doctor.table import tabulate
from edge_agent.errors import AgentError
from edge_agent.settings import load_settings


@click.command()
@click.option("--tone", is_flag=True, help="Let every loudspeaker play a tone.")
@CONFIG
def doctor(tone: bool, config: Path | None) -> None:  # noqa: FBT001 - click calls it by name
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
