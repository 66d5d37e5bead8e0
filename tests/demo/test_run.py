"""The demo's settings."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from edge_agent.capture.sources.rtsp import RtspSettings
from edge_agent.demo.run import demo_settings
from edge_agent.errors import PermanentError
from edge_agent.values.ids import CameraId


@pytest.mark.parametrize(
    ("typed", "user", "password"),
    [
        ("rtsp://admin:p%40ss%2F@192.0.2.10/live", "admin", "p@ss/"),
        ("rtsp://admin:p@ss@192.0.2.10/live", "admin", "p@ss"),
        ("rtsp://192.0.2.10/live", "", ""),
    ],
)
def test_a_camera_is_given_as_people_type_it(typed: str, user: str, password: str, tmp_path: Path) -> None:
    source = demo_settings(typed, tmp_path, 1883, 8080).cameras[CameraId("camera")].source
    assert isinstance(source, RtspSettings)
    assert source.url == "rtsp://192.0.2.10/live"
    assert (source.username, source.password or SecretStr("")) == (user, SecretStr(password))


def test_what_is_no_camera_is_said(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match=r"give rtsp://…, /dev/video… or a video file"):
        demo_settings("camera.example", tmp_path, 1883, 8080)
