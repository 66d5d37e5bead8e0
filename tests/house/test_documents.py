"""What people read must be true: commands that exist, links that lead somewhere."""

import re
from pathlib import Path

import pytest

from edge_agent.cli import COMMANDS

ROOT = Path(__file__).parents[2]
FOLDERS = ("README.md", "docs/*.md", "docs/design/*.md", "deploy/**/*.md")
NAMES = {str(path.relative_to(ROOT)): path for pattern in FOLDERS for path in ROOT.glob(pattern)}


@pytest.mark.parametrize("document", NAMES.values(), ids=NAMES.keys())
def test_every_command_that_is_shown_exists(document: Path) -> None:
    code = re.findall(r"```.*?```|`[^`\n]+`", document.read_text(), re.DOTALL)
    shown = re.compile(r"(?:^|[`$ /])edge-agent ([a-z][a-z-]+)", re.MULTILINE)
    typed = {word for piece in code for word in shown.findall(piece)}
    assert typed <= COMMANDS.keys()


@pytest.mark.parametrize("document", NAMES.values(), ids=NAMES.keys())
def test_every_link_leads_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", document.read_text())
    assert [target for target in targets if not (document.parent / target).exists()] == []
