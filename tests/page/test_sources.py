"""The page's files by themselves: they parse, stay small, speak every language and keep to the content policy."""

import re
import subprocess
from pathlib import Path

import pytest

from edge_agent.capture import failures
from tests.peers.peer import missing

PAGE = Path(__file__).parents[2] / "edge_agent" / "web" / "page"
SCRIPTS = sorted(PAGE.glob("*.js"))
LONGEST = 250


@pytest.mark.skipif(bool(missing("node")), reason="needs node: apt-get install nodejs")
def test_every_script_parses() -> None:
    parse = """
        const [{ SourceTextModule }, { readFileSync }] = [require("vm"), require("fs")];
        for (const path of process.argv.slice(1)) new SourceTextModule(readFileSync(path, "utf8"));
    """
    command = ["node", "--no-warnings", "--experimental-vm-modules", "--eval", parse, *map(str, SCRIPTS)]
    checked = subprocess.run(command, capture_output=True, check=False, text=True)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("path", sorted(PAGE.iterdir()), ids=lambda path: path.name)
def test_a_file_fits_a_head_and_needs_no_other_server(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= LONGEST
    assert not re.search(r"(https?:)?//[\w-]+\.\w", text.replace("http://www.w3.org/", ""))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_data_never_becomes_markup(script: Path) -> None:
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", script.read_text()
    )


def test_nothing_is_inline_that_the_content_policy_forbids() -> None:
    page = (PAGE / "index.html").read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=", page)
    assert len(re.findall(r"<script(?![^>]*\ssrc=)", page)) == 1, "the one that is allowed by its hash"
    assert "<style" not in (PAGE / "icons.svg").read_text()


def test_every_language_has_the_same_words_with_the_same_gaps() -> None:
    words: dict[str, dict[str, set[str]]] = {}
    language: dict[str, set[str]] = {}
    for line in (PAGE / "words.js").read_text().splitlines():
        if opened := re.fullmatch(r"  (\w\w): \{", line):
            language = words.setdefault(opened[1], {})
        elif line.startswith("    "):
            for key, quoted, text in re.findall(r'(?:(\w+)|"([\w.-]+)"): "([^"]*)"', line):
                assert (key or quoted) not in language, f"{key or quoted} is there twice"
                language[key or quoted] = set(re.findall(r"\{(\w+)\}", text))
    assert set(words) == {"en", "fr"}
    assert words["en"] == words["fr"]


def test_the_reasons_of_broken_cameras_are_said_in_french_too() -> None:
    known = set(re.findall(r'^  "([^"]+)": "', (PAGE / "phrases.js").read_text(), re.MULTILINE))
    for _, _, reason, remedy in failures._TABLE:
        assert {reason.format(where="\N{HORIZONTAL ELLIPSIS}"), remedy} <= known


def test_every_word_and_icon_that_is_named_exists() -> None:
    known = set(re.findall(r'(\w+): "', (PAGE / "words.js").read_text()))
    icons = set(re.findall(r'id="icon-([\w-]+)"', (PAGE / "icons.svg").read_text()))
    for path in (*SCRIPTS, PAGE / "index.html"):
        text = path.read_text()
        assert set(re.findall(r'\bt\("(\w+)"', text)) | set(re.findall(r'data-t(?:-label)?="(\w+)"', text)) <= known, (
            path.name
        )
        assert set(re.findall(r'\bicon\("([\w-]+)"\)', text)) | set(re.findall(r'"#icon-([\w-]+)"', text)) <= icons, (
            path.name
        )
