from pathlib import Path

import pytest

from edge_agent.capture.sources.rtsp import RtspSettings
from edge_agent.errors import PermanentError
from edge_agent.reading import describe_settings
from edge_agent.settings import Settings, load_settings, parse_settings
from edge_agent.values.ids import CameraId

SOURCE = {"kind": "rtsp", "url": "rtsp://192.0.2.7/live"}


def document(**sections: object) -> dict[str, object]:
    return {"policy": {"profile": "site"}, "cameras": {"street": {"source": SOURCE}}} | sections


def complaint(**sections: object) -> str:
    with pytest.raises(PermanentError) as caught:
        parse_settings(document(**sections), "a test")
    return str(caught.value)


def test_little_is_enough() -> None:
    settings = parse_settings(document(), "a test")
    assert settings.cameras.keys() == {"street"}
    assert settings.web.host == "127.0.0.1"


def test_whoever_installs_must_choose_a_profile() -> None:
    for policy in ({}, {"profile": "anything goes"}):
        assert "fr-public-space" in (said := complaint(policy=policy))
        assert "site" in said
        assert "policy.profile" in said


@pytest.mark.parametrize(
    ("sections", "path", "remedy"),
    [
        ({"mqtt": {"hots": "broker"}}, "mqtt.hots", "did you mean host"),
        ({"cammeras": {}}, "cammeras", "did you mean cameras"),
        ({"cameras": {}}, "cameras", ""),
        ({"cameras": {"Main Street": {"source": SOURCE}}}, "cameras.Main Street", "small letters, digits and hyphens"),
        ({"agent": {"id": "Box 1"}}, "agent.id", "small letters, digits and hyphens"),
        ({"cameras": [{"source": SOURCE}]}, "cameras", "must be a table"),
        ({"cameras": {"street": {"source": {**SOURCE, "password": "x"}}}}, "cameras.street.source", "set `username`"),
        (
            {"cameras": {"street": {"source": SOURCE, "onvif": {"url": "http://192.0.2.7", "password": "x"}}}},
            "cameras.street.onvif",
            "set `username`",
        ),
        (
            {"cameras": {"street": {"source": SOURCE, "rules": {"m": {"kind": "mask", "window": 100_000}}}}},
            "cameras.street.rules.m.window",
            "1440",
        ),
        ({"cameras": {"street": {}}}, "cameras.street.source", "needed"),
        ({"cameras": {"street": {"source": {}}}}, "cameras.street.source.kind", "needed"),
        ({"cameras": {"street": {"source": {"kind": "film"}}}}, "cameras.street.source.kind", "'rtsp'"),
        ({"cameras": {"street": {"source": {"kind": "rtsp"}}}}, "cameras.street.source.url", "needed"),
        ({"cameras": {"street": {"source": SOURCE, "fps": 400}}}, "cameras.street.fps", "30"),
        ({"cameras": {"street": {"source": SOURCE, "sub": {"kind": "rtsp"}}}}, "cameras.street.sub.url", "needed"),
        ({"cameras": {"street": {"source": SOURCE, "rotation": 45}}}, "cameras.street.rotation", "multiple of 90"),
        ({"live": {"encoder": "h264_omx"}}, "live.encoder", "libx264"),
        ({"web": {"host": "192.0.2.1"}}, "web", "token"),
        ({"detector": {"kind": "nanodet", "size": "x"}}, "detector.size", "416"),
        (
            {"cameras": {"street": {"source": SOURCE, "rules": {"m": {"kind": "mask", "mode": "x"}}}}},
            "cameras.street.rules.m.mode",
            "statistics",
        ),
    ],
)
def test_a_mistake_is_told_with_its_path_and_the_remedy(sections: dict[str, object], path: str, remedy: str) -> None:
    said = complaint(**sections)
    assert f"{path}: " in said
    assert remedy in said


def test_every_mistake_is_told_at_once() -> None:
    said = complaint(mqtt={"hots": "x"}, web={"prot": 1}, policy={})
    assert all(path in said for path in ("mqtt.hots", "web.prot", "policy.profile"))


def test_no_setting_goes_beyond_the_policy() -> None:
    street = {"profile": "fr-public-space"}
    rule = {"street": {"source": SOURCE, "rules": {"mask": {"kind": "mask", "mode": "alert"}}}}
    assert "cameras.street.rules.mask: " in complaint(policy=street, cameras=rule)
    assert "talkdown.automatic: " in complaint(policy=street, talkdown={"automatic": True})
    assert parse_settings(document(cameras=rule), "a test").cameras
    ear = {"street": {"source": SOURCE, "speaker": {"kind": "file", "path": "said.wav"}, "hears_itself": True}}
    assert "cameras.street.hears_itself: " in complaint(policy=street, cameras=ear)
    assert parse_settings(document(cameras=ear), "a test").cameras


def test_only_a_camera_with_mouth_and_ear_hears_itself() -> None:
    for street in (
        {"source": SOURCE},
        {"source": {"kind": "file", "path": "a.mp4"}, "speaker": {"kind": "file", "path": "said.wav"}},
    ):
        assert "needs a speaker, and a source of kind rtsp" in complaint(
            cameras={"street": street | {"hears_itself": True}}
        )


def test_a_camera_with_privacy_masks_is_not_turned() -> None:
    street = {"source": SOURCE, "privacy": {"masks": [[[0, 0], [1, 0], [1, 1]]]}, "onvif": {"url": "http://192.0.2.10"}}
    assert "set onvif.ptz to false" in complaint(cameras={"street": street})
    street["onvif"] = {"url": "http://192.0.2.10", "ptz": False}
    assert parse_settings(document(cameras={"street": street}), "a test").cameras


def test_every_key_is_an_environment_variable_and_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGE_CAMERAS__STREET__SOURCE__USERNAME", "viewer")
    monkeypatch.setenv("EDGE_CAMERAS__STREET__SUB__KIND", "rtsp")
    monkeypatch.setenv("EDGE_CAMERAS__STREET__SUB__URL", "rtsp://192.0.2.7/small")
    monkeypatch.setenv("EDGE_CAMERAS__STREET__ROTATION", "270")
    monkeypatch.setenv("EDGE_CAMERAS__YARD__SOURCE__KIND", "file")
    monkeypatch.setenv("EDGE_CAMERAS__YARD__SOURCE__PATH", "/clip.mp4")
    monkeypatch.setenv("EDGE_CAMERAS__YARD__PRIVACY__MASKS", "[[[0, 0], [1, 0], [1, 1]]]")
    monkeypatch.setenv("EDGE_MQTT__PORT", "1884")
    settings = parse_settings(document(mqtt={"port": 1999, "host": "192.0.2.1"}), "a test")
    assert settings.mqtt.port == 1884
    assert settings.mqtt.host == "192.0.2.1"
    assert settings.cameras.keys() == {"street", "yard"}
    assert settings.cameras["street"].rotation == 270  # type: ignore[index] # a str
    assert isinstance(small := settings.cameras["street"].sub, RtspSettings)  # type: ignore[index] # a str
    assert small.url == "rtsp://192.0.2.7/small"
    assert settings.cameras["yard"].privacy.masks == (((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)),)  # type: ignore[index] # a str


@pytest.mark.parametrize("password", ["12345", "012345", "1e5", "true", "null", "{", '"'])
def test_a_password_of_the_environment_is_what_it_looks_like(monkeypatch: pytest.MonkeyPatch, password: str) -> None:
    monkeypatch.setenv("EDGE_CAMERAS__STREET__SOURCE__USERNAME", password)
    monkeypatch.setenv("EDGE_CAMERAS__STREET__SOURCE__PASSWORD", password)
    monkeypatch.setenv("EDGE_CAMERAS__STREET__FPS", "3")
    camera = parse_settings(document(), "a test").cameras[CameraId("street")]
    assert isinstance(camera.source, RtspSettings)
    assert camera.source.username == password
    assert camera.source.password is not None
    assert camera.source.password.get_secret_value() == password
    assert camera.fps == 3.0


@pytest.mark.parametrize("variable", ["EDGE_MQTT", "EDGE_CAMERAS__STREET", "EDGE_CAMERAS", "EDGE_MQTT__TLS"])
def test_a_section_that_is_no_table_is_told(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "nonsense")
    assert ".".join(variable.lower().split("_", 1)[1].split("__")) in complaint()


def test_the_variable_that_names_the_file_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGE_AGENT_CONFIG", "/etc/edge-agent/agent.toml")
    assert parse_settings(document(), "a test").cameras


def test_an_unknown_environment_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGE_CAMMERAS__STREET__SOURCE__URL", "rtsp://x")
    assert "EDGE_CAMMERAS__STREET__SOURCE__URL: " in complaint()
    monkeypatch.delenv("EDGE_CAMMERAS__STREET__SOURCE__URL")
    monkeypatch.setenv("EDGE_MQTT__HOTS", "x")
    assert "mqtt.hots: " in complaint()


def test_what_is_in_force_is_told_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGE_MQTT__PASSWORD", "open sesame")
    monkeypatch.setenv("EDGE_CAMERAS__STREET__SOURCE__USERNAME", "viewer")
    monkeypatch.setenv("EDGE_CAMERAS__STREET__SOURCE__PASSWORD", "open sesame")
    text = "\n".join(describe_settings(parse_settings(document(mqtt={"username": "box"}), "a test")))
    assert "open sesame" not in text
    assert 'cameras.street.source.password = "**' in text
    assert 'policy.profile = "site"' in text


@pytest.mark.parametrize("query", ["user=a&password={}&channel=1", "?Passwd={}", "?a=1&pwd={}", "?token={}#x"])
def test_a_password_that_a_camera_wants_in_its_address_is_hidden_too(query: str) -> None:
    url = "rtsp://192.0.2.7:554/" + query.format("open-sesame")
    text = "\n".join(
        describe_settings(parse_settings(document(cameras={"street": {"source": {**SOURCE, "url": url}}}), ""))
    )
    assert "open-sesame" not in text
    assert 'url = "rtsp://192.0.2.7:554/' in text


def test_a_secret_in_a_mistake_is_not_repeated() -> None:
    assert "open sesame" not in complaint(mqtt={"password": ["open sesame"], "username": "box"})


@pytest.mark.parametrize("content", [b"[agent", b"\xff\xfe", None])
def test_a_broken_file_is_told_with_its_name(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "agent.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PermanentError, match=r"agent\.toml"):
        load_settings(path)


def test_the_settings_that_are_deployed_are_good() -> None:
    assert isinstance(load_settings(Path(__file__).parents[1] / "deploy" / "agent.toml"), Settings)
