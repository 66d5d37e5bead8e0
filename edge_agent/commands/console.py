"""``edge-agent console``: the control room, and the accounts of its operators."""

import asyncio
import random
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from edge_agent.aio.clock import SystemClock
from edge_agent.aio.leave import run_until_signal
from edge_agent.commands.form import says_remedies, write_log
from edge_agent.console.account import Account, Action, Role
from edge_agent.console.console import Console
from edge_agent.console.passwords import LONGEST, digest
from edge_agent.console.settings import load_console_settings
from edge_agent.console.users import Users, check_account, check_password
from edge_agent.errors import PermanentError
from edge_agent.reading import CONSOLE_FILE_VARIABLE, describe_settings

CONFIG = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar=CONSOLE_FILE_VARIABLE,
    help="TOML file; every key is also an environment variable EDGE_…, nested with __.",
)

_ROLES = click.Choice([role.value for role in Role])
_ACTIONS = click.Choice([action.value for action in Action])


@click.group(invoke_without_command=True)
@CONFIG
@click.pass_context
@says_remedies
def console(context: click.Context, config: Path | None) -> None:
    """Run the control room's page for any number of agents until SIGTERM or Ctrl-C."""
    context.obj = config
    if context.invoked_subcommand is not None:
        return
    settings = load_console_settings(config)
    write_log(settings.console.log_level)
    room = Console(settings, clock=SystemClock(), rng=random.Random())  # noqa: S311 - jitter needs no secrecy
    asyncio.run(run_until_signal(room.run()))


@console.command("check-config")
@click.pass_obj
@says_remedies
def check_config(config: Path | None) -> None:
    """Print the settings in force, secrets hidden, or what is wrong with them."""
    for line in describe_settings(load_console_settings(config)):
        click.echo(line)


@console.group()
def user() -> None:
    """Keep the operators' accounts; a running console notices within seconds."""


@user.command()
@click.argument("name")
@click.option(
    "--role",
    type=_ROLES,
    required=True,
    help="A viewer sees, an operator speaks and moves too.",
)
@click.option("--camera", "cameras", multiple=True, help="box-1:street, box-1:* or *:*; all where left out.")
@click.option(
    "--action",
    "actions",
    type=_ACTIONS,
    multiple=True,
    help="Only these of the role's.",
)
@click.pass_obj
@says_remedies
def add(config: Path | None, name: str, role: str, cameras: tuple[str, ...], actions: tuple[str, ...]) -> None:
    """Make an account NAME; its password is asked for, or read from standard input."""
    users = _users(config)
    told = {"role": role, "actions": actions, "cameras": cameras or ("*:*",)}
    account = check_account(name, told).model_copy(update={"password": _password(name)})
    with users.changing() as accounts:
        if name in accounts:
            remedy = "take another name, or: edge-agent console user password"
            raise PermanentError(f"there is an account {name} already", remedy)
        accounts[name] = account
    click.echo(f"{name} may sign in as {role}")


@user.command("list")
@click.pass_obj
@says_remedies
def list_users(config: Path | None) -> None:
    """Print who may sign in, and what they may do where."""
    users = _users(config)
    users.read()
    for name, account in sorted(users.everybody().items()):
        may = " ".join(account.possible)
        click.echo(f"{name}  {account.role}  {' '.join(account.cameras)}  {may}")


@user.command()
@click.argument("name")
@click.pass_obj
@says_remedies
def remove(config: Path | None, name: str) -> None:
    """Take the account NAME away; what it has open ends."""
    with _users(config).changing() as accounts:
        _known(name, accounts)
        del accounts[name]
    click.echo(f"{name} is out")


@user.command()
@click.argument("name")
@click.pass_obj
@says_remedies
def password(config: Path | None, name: str) -> None:
    """Give the account NAME another password; its logins end."""
    users = _users(config)
    users.read()
    _known(name, users.everybody())
    kept = _password(name)
    with users.changing() as accounts:
        accounts[name] = _known(name, accounts).model_copy(update={"password": kept})
    click.echo(f"{name} has a new password")


def _users(config: Path | None) -> Users:
    return Users(load_console_settings(config).console.users_file)


def _known(name: str, accounts: Mapping[str, Account]) -> Account:
    if name not in accounts:
        raise PermanentError(f"there is no account {name}", f"there are: {', '.join(sorted(accounts)) or 'none'}")
    return accounts[name]


def _password(name: str) -> str:
    """Asks for a password, never on the command line, where every user of the machine could read it."""
    if sys.stdin.isatty():
        given = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        given = sys.stdin.readline(LONGEST + 2).rstrip("\n")
    check_password(given, name)
    return digest(given)
