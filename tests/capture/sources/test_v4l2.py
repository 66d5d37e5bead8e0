"""Cameras at the box, as far as it goes without one."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from edge_agent.capture.sources.v4l2 import V4l2Settings
from edge_agent.errors import AgentError, PermanentError
from tests.capture.watching import read


async def test_a_missing_camera_is_said_with_those_that_are_there(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="there is no camera") as caught:
        await read(V4l2Settings(device=tmp_path / "video7").build(), 1)
    assert "plug it in" in caught.value.remedy or "/dev/video" in caught.value.remedy


async def test_what_is_no_camera(tmp_path: Path) -> None:
    (tmp_path / "video7").write_text("no camera")
    with pytest.raises(AgentError) as caught:
        await read(V4l2Settings(device=tmp_path / "video7").build(), 1)
    assert caught.value.remedy


@pytest.mark.parametrize("size", ["wide", "0x0", "1280", "1280x720,crop=1"])
def test_sizes_that_are_refused(size: str) -> None:
    with pytest.raises(ValidationError):
        V4l2Settings(size=size)
