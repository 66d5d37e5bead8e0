"""Through the real ALSA library and aplay: its ``file`` device writes what a sound card would be given."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from edge_agent.errors import PermanentError
from edge_agent.talkdown.speakers.alsa import AlsaSettings
from tests.peers.peer import missing
from tests.talkdown.conftest import chirp

pytestmark = pytest.mark.skipif(bool(missing("aplay")), reason="needs aplay: apt-get install alsa-utils")


def nothing() -> None:
    pass


@pytest.fixture
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Makes a sound card ``speaker`` whose sound goes into a file, and returns that."""
    sound = tmp_path / "card.raw"
    settings = tmp_path / "asound.conf"
    card = f'pcm.speaker {{ type file; slave.pcm "null"; file "{sound}"; format "raw"; }}\n'
    settings.write_text(f"</usr/share/alsa/alsa.conf>\n{card}")
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(settings))
    return sound


async def test_the_card_gets_every_sample_in_its_time(card: Path) -> None:
    speech = chirp(0.5)
    started = []
    loop = asyncio.get_running_loop()
    await AlsaSettings(device="speaker").build().play(speech, lambda: started.append(loop.time()))
    assert loop.time() - started[0] >= 0.45
    written = np.fromfile(card, "<i2")
    assert np.array_equal(written[: len(speech.samples)], speech.samples)


async def test_stopping_is_immediate(card: Path) -> None:
    started = asyncio.Event()
    task = asyncio.create_task(AlsaSettings(device="speaker").build().play(chirp(30.0), started.set))
    await started.wait()
    task.cancel()
    async with asyncio.timeout(2.0):
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_no_such_device(card: Path) -> None:
    with pytest.raises(PermanentError, match="sound device nowhere does not play") as error:
        await AlsaSettings(device="nowhere").build().play(chirp(0.5), nothing)
    assert "aplay -L" in error.value.remedy


async def test_no_aplay(card: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PermanentError, match="aplay is not installed: apt install alsa-utils"):
        await AlsaSettings().build().play(chirp(0.5), nothing)


async def test_a_probe_makes_no_sound_and_finds_a_device_that_is_not_there(card: Path) -> None:
    assert "22050 Hz" in await AlsaSettings(device="speaker").build().probe()
    assert not np.fromfile(card, "<i2").any()
    with pytest.raises(PermanentError, match="does not play"):
        await AlsaSettings(device="nowhere").build().probe()
