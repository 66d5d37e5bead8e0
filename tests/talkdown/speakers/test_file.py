import asyncio
import wave
from pathlib import Path

import numpy as np
import pytest

from edge_agent.errors import PermanentError
from edge_agent.talkdown.speakers.file import FileSettings
from tests.talkdown.conftest import chirp


def nothing() -> None:
    pass


def samples(path: Path) -> np.ndarray:
    with wave.open(str(path)) as reader:
        assert reader.getparams()[:3] == (1, 2, 22_050)
        return np.frombuffer(reader.readframes(reader.getnframes()), "<i2")


async def test_what_is_said_is_appended(tmp_path: Path) -> None:
    speaker = FileSettings(path=tmp_path / "said.wav", paced=False).build()
    await speaker.play(chirp(0.5), nothing)
    await speaker.play(chirp(0.2), nothing)
    said = np.concatenate([chirp(0.5).samples, chirp(0.2).samples])
    assert np.array_equal(samples(tmp_path / "said.wav"), said)


async def test_it_takes_its_time_and_stops_where_it_is_stopped(tmp_path: Path) -> None:
    path = tmp_path / "said.wav"
    started = asyncio.Event()
    task = asyncio.create_task(FileSettings(path=path).build().play(chirp(30.0), started.set))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(samples(path)) <= 22_050


async def test_a_file_that_is_not_ours_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "said.wav"
    path.write_bytes(b"something else")
    await FileSettings(path=path, paced=False).build().play(chirp(0.2), nothing)
    assert np.array_equal(samples(path), chirp(0.2).samples)


async def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="cannot write"):
        await FileSettings(path=tmp_path / "no" / "said.wav").build().play(chirp(0.2), nothing)


async def test_a_probe_adds_nothing(tmp_path: Path) -> None:
    speaker = FileSettings(path=tmp_path / "said.wav", paced=False).build()
    await speaker.play(chirp(0.2), nothing)
    before = (tmp_path / "said.wav").read_bytes()
    assert "22050 Hz" in await speaker.probe()
    assert (tmp_path / "said.wav").read_bytes() == before
    with pytest.raises(PermanentError, match="cannot write"):
        await FileSettings(path=tmp_path / "no" / "said.wav").build().probe()
