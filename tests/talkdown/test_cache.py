import os
from pathlib import Path

import numpy as np
import pytest

from edge_agent.errors import TransientError
from edge_agent.talkdown.cache import SoundCache
from tests.talkdown.conftest import chirp


def test_a_sound_is_found_by_what_it_was_made_from_and_by_nothing_else(tmp_path: Path) -> None:
    cache = SoundCache(tmp_path / "voice")
    assert cache.find("fr", "bonjour") is None
    cache.keep(chirp(0.1), "fr", "bonjour")
    found = SoundCache(tmp_path / "voice").find("fr", "bonjour")
    assert found is not None
    assert np.array_equal(found.samples, chirp(0.1).samples)
    assert cache.find("frb", "onjour") is None


def test_a_damaged_file_is_not_played(tmp_path: Path) -> None:
    cache = SoundCache(tmp_path)
    cache.keep(chirp(0.1), "a")
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-100])
    assert cache.find("a") is None


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path) -> None:
    cache = SoundCache(tmp_path, limit=3 * 4500)
    for age, name in enumerate("abc"):
        cache.keep(chirp(0.1), name)
        os.utime(cache._path((name,)), (age, age))
    assert cache.find("a")
    cache.keep(chirp(0.1), "d")
    assert [name for name in "abcd" if cache.find(name)] == ["a", "c", "d"]


def test_what_a_crash_left_half_written_goes_in_time(tmp_path: Path) -> None:
    (tmp_path / "x.part").write_bytes(bytes(10_000))
    os.utime(tmp_path / "x.part", (0, 0))
    SoundCache(tmp_path, limit=5_000).keep(chirp(0.1), "a")
    assert [path.suffix for path in tmp_path.iterdir()] == [".wav"]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(TransientError, match="cannot keep"):
        SoundCache(tmp_path / "file").keep(chirp(0.1), "a")
