"""House rules that no linter knows."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "edge_agent"
MODULES = sorted(PACKAGE.rglob("*.py"))
EMPTY_WORDS = "util utils helper helpers common misc base core manager processor handler service"
FORBIDDEN = set(EMPTY_WORDS.split())
PICTURES = {".tflite", ".onnx", ".webp", ".jpg", ".png"}
LONGEST = 400


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_fits_a_head(module: Path) -> None:
    assert len(module.read_text().splitlines()) <= LONGEST


def test_names_come_from_the_domain() -> None:
    words = {word for path in MODULES for word in re.split(r"[_/]", str(path.relative_to(PACKAGE).with_suffix("")))}
    classes = {
        part.lower()
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
        for part in re.findall(r"[A-Z][a-z]+", node.name)
    }
    assert not (words | classes) & FORBIDDEN


def test_every_stage_has_tests() -> None:
    stages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")} - {"values"}
    tested = {path.parent.name for path in (ROOT / "tests").glob("*/test_*.py")}
    assert stages <= tested


def test_no_package_index_and_no_path_of_this_machine_is_tracked() -> None:
    told = re.compile(rb"--(extra-)?index-url[ =]|--find-links[ =]|/home/[a-z]+/|" + re.escape(f"{ROOT}/".encode()))
    guilty = [
        str(path.relative_to(ROOT))
        for path in tracked()
        if path != Path(__file__) and path.suffix not in PICTURES and told.search(path.read_bytes())
    ]
    assert guilty == []


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("edge_agent.settings", {"aiortc", "aiohttp", "ai_edge_litert", "aiomqtt"}),
        ("edge_agent.agent", {"onvif", "zeep"}),  # only a camera that has an ONVIF address loads them
    ],
)
def test_no_library_is_loaded_before_it_is_needed(module: str, heavy: set[str]) -> None:
    code = f"import sys, {module}; print(*sorted({heavy} & set(sys.modules)))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True, cwd=ROOT)
    assert printed.stdout.split() == []
