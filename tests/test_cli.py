import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from edge_agent.cli import COMMANDS, main
from tests.agents import listening
from tests.peers.broker import Broker
from tests.peers.rtsp_camera import Camera


def typed(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, words)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def settings_file(folder: Path, broker: Broker, camera: Camera) -> Path:
    path = folder / "agent.toml"
    path.write_text(
        f"""
        agent = {{ id = "box", state = "{folder}/state" }}
        policy = {{ profile = "site" }}
        mqtt = {{ host = "{broker.host}", port = {broker.port} }}
        web = {{ port = 0 }}
        cameras.street.source = {{ kind = "rtsp", url = "{camera.url}" }}
        """
    )
    return path


def test_help_and_version_need_no_settings() -> None:
    assert typed("--version")[0] == typed("--help")[0] == typed("run", "--help")[0] == 0


def test_the_table_of_commands_says_what_they_say_of_themselves() -> None:
    context = click.Context(main)
    for name, place in COMMANDS.items():
        command = main.get_command(context, name)
        assert command is not None
        assert command.name == name
        assert (command.help or "").startswith(place.purpose.rstrip(".")), name


def test_help_loads_no_command() -> None:
    code = "import sys; from edge_agent.cli import main; main(['--help'], standalone_mode=False); print(*sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert "pydantic" not in printed.stdout.split()


def test_the_log_is_as_wordy_as_it_was_told_whatever_a_library_set_up_before() -> None:
    code = """if True:
        import logging
        logging.basicConfig(level="DEBUG")
        from edge_agent.commands.form import write_log
        write_log("error")
        logging.warning("too much")
        logging.error("enough")
    """
    written = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stderr
    assert written.endswith("ERROR root: enough\n")
    assert written.count("\n") == 1


def test_without_settings_the_remedy_is_said_and_no_traceback() -> None:
    code, said = typed("run")
    assert code == 1
    assert "policy.profile" in said
    assert "fr-public-space" in said
    assert "Traceback" not in said


def test_the_models_that_are_shipped_are_the_manifests() -> None:
    code, said = typed("models", "verify")
    assert code == 0, said
    assert "mask-mobilenetv2-96" in typed("models", "list")[1]


def test_a_missing_model_refuses_the_start_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGE_INFERENCE__DIRECTORY", str(tmp_path))
    monkeypatch.setenv("EDGE_AGENT__STATE", str(tmp_path / "state"))
    monkeypatch.setenv("EDGE_POLICY__PROFILE", "site")
    monkeypatch.setenv("EDGE_CAMERAS__YARD__SOURCE__KIND", "file")
    monkeypatch.setenv("EDGE_CAMERAS__YARD__SOURCE__PATH", "/none.mp4")
    code, said = typed("run")
    assert code == 1
    assert "manifest" in said


def test_the_schemas_are_written(tmp_path: Path) -> None:
    assert typed("schema", str(tmp_path))[0] == 0
    assert json.loads((tmp_path / "mask.verdict.json").read_text())["title"]


async def test_sigterm_ends_everything_in_order_within_five_seconds(
    tmp_path: Path, broker: Broker, camera: Callable[..., Camera]
) -> None:
    command = [sys.executable, "-m", "edge_agent", "run", "--config", str(settings_file(tmp_path, broker, camera()))]
    async with listening(broker) as ear:
        process = await asyncio.create_subprocess_exec(*command, stderr=subprocess.PIPE, start_new_session=True)
        try:
            await ear.next("status", state="online")
            await ear.next("camera/street/status", state="online")
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(5):
                _, errors = await process.communicate()
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        assert process.returncode == 0, errors
        assert b"Traceback" not in errors
        assert (await ear.next("status", state="offline"))["reason"] == "the agent ended"
    assert {path.suffix for path in (tmp_path / "state").rglob("*") if path.is_file()} <= {".sqlite", ".wav"}
