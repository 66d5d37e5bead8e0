"""``edge-agent say`` as it is typed, through the real camera and into a file."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edge_agent.cli import main
from edge_agent.talkdown.sound import from_wav, resampled, tone
from tests.peers.peer import missing
from tests.peers.rtsp_camera import Camera
from tests.talkdown.conftest import likeness

espeak = pytest.mark.skipif(bool(missing("espeak-ng")), reason="needs espeak-ng: apt-get install espeak-ng")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "agent.toml"
    path.write_text(
        f"""
        agent = {{ state = "{tmp_path}" }}
        policy = {{ profile = "fr-public-space" }}
        [cameras.gate]
        source = {{ kind = "file", path = "/none.mp4" }}
        speaker = {{ kind = "file", path = "{tmp_path}/said.wav", paced = false }}
        [cameras.mute]
        source = {{ kind = "file", path = "/none.mp4" }}
        """
    )
    return path


def typed(config: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["say", "--config", str(config), *words])


def test_a_tone_reaches_the_camera(
    config: Path, camera: Callable[..., Camera], monkeypatch: pytest.MonkeyPatch
) -> None:
    there = camera()
    config.write_text(
        config.read_text().replace(
            'kind = "file", path = "' + str(config.parent), f'kind = "backchannel", url = "{there.url}" }} # '
        )
    )
    said = typed(config, "--camera", "gate", "--tone")
    assert said.exit_code == 0, said.output
    assert "played     1.4 s on gate" in said.output
    assert likeness(there.heard(), resampled(tone(), 8000).samples)[0] > 0.99


def test_a_camera_that_hears_itself_tells(config: Path, camera: Callable[..., Camera], tmp_path: Path) -> None:
    there = camera(None, "--ear", "0.1", "0.3", "0.01")
    config.write_text(
        f"""
        agent = {{ state = "{tmp_path}" }}
        policy = {{ profile = "site" }}
        [cameras.gate]
        source = {{ kind = "rtsp", url = "{there.url}" }}
        speaker = {{ kind = "backchannel", url = "{there.url}" }}
        hears_itself = true
        """
    )
    said = typed(config, "--camera", "gate", "--tone")
    assert said.exit_code == 0, said.output
    assert "listening  the camera's own microphone heard it" in said.output


@espeak
def test_a_message_and_words_are_said_step_by_step(config: Path) -> None:
    said = typed(config, "--camera", "gate", "--message", "mask", "--lang", "fr")
    assert said.exit_code == 0, said.output
    assert [line.split()[0] for line in said.output.splitlines()] == ["rendering", "connecting", "sounding", "played"]
    assert "port du masque" in said.output
    first = from_wav((config.parent / "said.wav").read_bytes()).seconds
    assert typed(config, "--camera", "gate", "Bonjour tout le monde").exit_code == 0
    assert from_wav((config.parent / "said.wav").read_bytes()).seconds > first + 1


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--camera", "mute", "--tone"], "set cameras.mute.speaker"),
        (["--camera", "nope", "--tone"], "choose from: gate, mute"),
        (["--camera", "gate", "--message", "nope"], "choose one of: mask"),
    ],
)
def test_what_cannot_be_said_says_why(config: Path, words: list[str], why: str) -> None:
    said = typed(config, *words)
    assert said.exit_code == 1
    assert why in said.output
    assert "nothing sounded" in said.output


def test_one_thing_at_a_time(config: Path) -> None:
    assert typed(config, "--camera", "gate", "--tone", "Bonjour").exit_code == 2
    assert typed(config, "--camera", "gate").exit_code == 2
