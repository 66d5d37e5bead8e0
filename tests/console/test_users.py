import asyncio
import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import ValidationError

from edge_agent.aio.background import background
from edge_agent.cli import main
from edge_agent.console.account import Account, Action, Role
from edge_agent.console.passwords import digest, matches
from edge_agent.console.settings import ConsoleWebSettings, load_console_settings
from edge_agent.console.users import Users, check_password
from edge_agent.errors import PermanentError
from tests.console.room import KEPT, PASSWORD
from tests.uplink.town import until


def typed(folder: Path, *words: str, given: str = "") -> tuple[int, str]:
    settings = folder / "console.toml"
    settings.write_text(f'console.state = "{folder}/room"\n')
    result = CliRunner().invoke(main, ["console", "--config", str(settings), *words], input=given)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_accounts_are_made_listed_changed_and_taken_away(tmp_path: Path) -> None:
    line = f"{PASSWORD}\n"
    assert typed(tmp_path, "user", "add", "anne", "--role", "operator", given=line)[0] == 0
    more = ("--camera", "box-1:*", "--camera", "box-2:street", "--action", "live")
    assert typed(tmp_path, "user", "add", "victor", "--role", "viewer", *more, given=line)[0] == 0
    file = tmp_path / "room" / "users.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert PASSWORD not in file.read_text()
    code, listed = typed(tmp_path, "user", "list")
    assert (code, listed.splitlines()) == (
        0,
        ["anne  operator  *:*  live speak ptz layout", "victor  viewer  box-1:* box-2:street  live"],
    )
    users = Users(file)
    users.read()
    before = users.find("anne")
    assert before
    assert matches(PASSWORD, before.password)
    assert typed(tmp_path, "user", "password", "anne", given="another four words\n")[0] == 0
    users.read()
    after = users.find("anne")
    assert after
    assert (matches(PASSWORD, after.password), matches("another four words", after.password)) == (False, True)
    assert typed(tmp_path, "user", "remove", "anne")[0] == 0
    assert "anne" not in typed(tmp_path, "user", "list")[1]


@pytest.mark.parametrize(
    ("words", "given", "said"),
    [
        (("add", "Anne", "--role", "viewer"), PASSWORD, "small letters"),
        (("add", "a/../b", "--role", "viewer"), PASSWORD, "small letters"),
        (("add", "eve", "--role", "viewer", "--camera", "street"), PASSWORD, "box-1:street"),
        (("add", "eve", "--role", "viewer"), "short", "10 to 256 letters"),
        (("add", "eve", "--role", "viewer"), "", "10 to 256 letters"),
        (("add", "eve", "--role", "viewer"), "eve-eve-eve", "easy to guess"),
        (("add", "eve", "--role", "viewer"), "aaaaaaaaaaaa", "easy to guess"),
        (("add", "anne", "--role", "viewer"), PASSWORD, "already"),
        (("remove", "nobody"), "", "there are: anne"),
        (("password", "nobody"), PASSWORD, "there are: anne"),
    ],
)
def test_what_cannot_be_is_said_with_the_remedy(tmp_path: Path, words: tuple[str, ...], given: str, said: str) -> None:
    assert typed(tmp_path, "user", "add", "anne", "--role", "operator", given=f"{PASSWORD}\n")[0] == 0
    code, told = typed(tmp_path, "user", *words, given=f"{given}\n")
    assert code == 1
    assert said in told
    assert "Traceback" not in told


def test_without_accounts_or_key_the_console_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, said = typed(tmp_path)
    assert code == 1
    assert "edge-agent provision key" in said
    key = tmp_path / "csu.pem"
    CliRunner().invoke(main, ["provision", "key", str(key)])
    monkeypatch.setenv("EDGE_CONSOLE__KEY", str(key))
    code, said = typed(tmp_path)
    assert code == 1
    assert "edge-agent console user add" in said


def test_mistakes_in_the_settings_are_told_as_the_agents_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGE_WEB__HOST", "0.0.0.0")  # noqa: S104 - it is refused
    monkeypatch.setenv("EDGE_CONSOLE__KEPT_DAYS", "3")
    monkeypatch.setenv("EDGE_CAMERAS__STREET__SQUARE", "x")
    code, said = typed(tmp_path, "check-config")
    assert code == 1
    assert "console.kept_days: there is no such key; did you mean keep_days?" in said
    assert "web: host '0.0.0.0' can be reached by others" in said
    assert "EDGE_CAMERAS__STREET__SQUARE: there is no such section" in said


def test_what_is_deployed_can_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGE_MQTT__PASSWORD", "hush-hush")
    settings = load_console_settings(Path(__file__).parents[2] / "deploy" / "csu" / "console.toml")
    assert settings.web.encrypted
    assert settings.web.is_proxy("127.0.0.1")
    assert not settings.web.is_proxy("192.0.2.1")
    assert "hush-hush" not in repr(settings)


def test_passwords_never_travel_in_the_clear() -> None:
    with pytest.raises(ValidationError, match=r"web\.proxies"):
        ConsoleWebSettings(host="192.0.2.1")
    assert ConsoleWebSettings.model_validate({"host": "192.0.2.1", "proxies": ["192.0.2.0/28"]}).encrypted


def test_the_same_password_is_kept_differently_each_time() -> None:
    assert digest(PASSWORD) != KEPT
    assert not matches(PASSWORD, "")
    assert not matches(PASSWORD, KEPT.replace("scrypt", "plain"))
    assert not matches(PASSWORD + " ", KEPT)
    with pytest.raises(PermanentError):
        check_password("x" * 300, "anne")


@pytest.mark.parametrize(
    ("account", "possible", "seen"),
    [
        (Account(role=Role.VIEWER, password=""), [Action.LIVE, Action.LAYOUT], ["box-1:street", "box-2:yard"]),
        (Account(role=Role.ADMIN, password=""), list(Action), ["box-1:street", "box-2:yard"]),
        (
            Account(role=Role.VIEWER, password="", actions=frozenset({Action.SPEAK}), cameras=("box-1:*",)),
            [],
            ["box-1:street"],
        ),
        (Account(role=Role.OPERATOR, password="", cameras=("*:yard",)), list(Action), ["box-2:yard"]),
    ],
)
def test_a_role_is_what_may_be_done_and_patterns_where(
    account: Account, possible: list[Action], seen: list[str]
) -> None:
    assert account.possible == possible
    assert [camera for camera in ("box-1:street", "box-2:yard") if account.sees(camera)] == seen


async def test_a_damaged_file_leaves_everybody_in(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    users, changed = Users(tmp_path / "users.json"), asyncio.Event()

    def write(text: str, at: int) -> None:
        (tmp_path / "users.json").write_text(text)
        os.utime(tmp_path / "users.json", (at, at))

    def make() -> str:
        with users.changing() as accounts:
            accounts["anne"] = Account(role=Role.VIEWER, password=KEPT)
        users.read()
        return (tmp_path / "users.json").read_text()

    good = await asyncio.to_thread(make)
    async with background(users=users.follow(changed.set, every=0.01)):
        await asyncio.to_thread(write, '{"users": {"anne": {"role": "king"}}}', 1)
        await until(lambda: "stay as they were" in caplog.text)
        assert users.find("anne")
        await asyncio.to_thread(write, good.replace("anne", "yves"), 2)
        await changed.wait()
    assert (users.find("anne"), bool(users.find("yves"))) == (None, True)
