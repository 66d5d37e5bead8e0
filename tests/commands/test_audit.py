import asyncio
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner

from edge_agent.commands.audit import audit
from edge_agent.events.trail import Trail
from edge_agent.values.event import Audit, Event


def typed(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(audit, words)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def test_the_audit_trail_is_shown_and_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = Audit("operator-7", "talkdown.play", "street", "done", "mask")
    monkeypatch.setenv("EDGE_AGENT__STATE", str(tmp_path))
    monkeypatch.setenv("EDGE_POLICY__PROFILE", "site")
    monkeypatch.setenv("EDGE_CAMERAS__YARD__SOURCE__KIND", "file")
    monkeypatch.setenv("EDGE_CAMERAS__YARD__SOURCE__PATH", "/none.mp4")
    code, said = typed("verify")
    assert (code, "there is no audit trail" in said) == (1, True)
    trail = Trail(tmp_path / "audit")
    for _ in range(2):
        asyncio.run(trail.append(Event(uuid4(), datetime.now(UTC), None, done), done))
    assert typed("verify")[0] == 0
    assert typed("show")[1].splitlines()[0].split()[1:] == ["operator-7", "talkdown.play", "street", "done", "mask"]
    assert '"before": "0000' in typed("show", "--json")[1]
    (path,) = (tmp_path / "audit").glob("0*.jsonl")
    path.write_text(path.read_text().replace("mask", "none", 1))
    code, said = typed("verify")
    assert (code, "entry 1 was changed" in said) == (1, True)
