"""With the real camera, broker and espeak-ng."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from edge_agent.cli import main
from edge_agent.doctor import Finding, State
from edge_agent.doctor.attempt import attempt
from edge_agent.doctor.box import look_at_state
from edge_agent.doctor.cameras import look_at_camera
from edge_agent.doctor.examine import examine
from edge_agent.doctor.loudspeakers import look_at_loudspeaker
from edge_agent.doctor.table import tabulate
from edge_agent.errors import PermanentError
from edge_agent.settings import CameraSettings
from edge_agent.talkdown.settings import TalkdownSettings
from tests.agents import settings_for
from tests.peers.broker import Broker
from tests.peers.clips import Clip
from tests.peers.onvif_camera import PASSWORD, USER, onvif_camera
from tests.peers.peer import free_port, missing
from tests.peers.rtsp_camera import Camera

espeak = pytest.mark.skipif(bool(missing("espeak-ng")), reason="needs espeak-ng: apt-get install espeak-ng")


@espeak
async def test_a_box_in_order(tmp_path: Path, broker: Broker, camera: Callable[..., Camera]) -> None:
    there = camera()
    cameras = {"gate": {"source": {"kind": "rtsp", "url": there.url}, "speaker": speaker(there)}}
    found = {finding.part: finding for finding in await examine(settings_for(tmp_path, broker, cameras), aloud=False)}
    assert {name: finding.said for name, finding in found.items() if finding.state is not State.OK} == {}
    assert found.keys() == {"state folder", "models", "voices", "broker", "camera gate", "loudspeaker gate"}
    assert "h264 640x360" in found["camera gate"].said
    assert "PCMU at 8000 Hz" in found["loudspeaker gate"].said
    assert "messages sound at -18 LUFS now" in found["loudspeaker gate"].said
    assert "fr" in found["voices"].said
    assert len(there.heard()) == 0


@espeak
async def test_everything_wrong_at_once_is_told_part_by_part(tmp_path: Path, broker: Broker) -> None:
    (tmp_path / "file").touch()
    nobody = f"rtsp://127.0.0.1:{free_port()}/"
    settings = settings_for(
        tmp_path,
        broker,
        {"gate": {"source": {"kind": "rtsp", "url": nobody}, "speaker": {"kind": "backchannel", "url": nobody}}},
        agent={"state": str(tmp_path / "file" / "state")},
        inference={"directory": str(tmp_path)},
        mqtt={"port": free_port()},
        talkdown={"languages": ["xx"]},
    )
    findings = await examine(settings, aloud=False)
    assert [finding.part for finding in findings if finding.state is not State.WRONG] == []
    assert all(finding.said and finding.remedy for finding in findings)


async def test_a_loudspeaker_that_nobody_hears_is_doubtful(camera: Callable[..., Camera]) -> None:
    there = camera(None, "--ear", "0", "0", "0.02")
    gate = CameraSettings.model_validate(
        {"source": {"kind": "rtsp", "url": there.url}, "speaker": speaker(there), "hears_itself": True}
    )
    assert gate.speaker is not None
    found = await look_at_loudspeaker("gate", gate.speaker, gate, TalkdownSettings(), aloud=True)
    assert found.state is State.WARN
    assert "tone accepted to its end" in found.said
    assert "did NOT hear it" in found.said
    assert "amplifier" in found.remedy


@pytest.mark.parametrize(("free", "state"), [(300_000_000, State.OK), (200_000_000, State.WARN), (4_096, State.WRONG)])
async def test_a_disk_that_fills_up_is_told_before_events_are_lost(
    free: int, state: State, tmp_path: Path, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=free))
    settings = settings_for(tmp_path, broker, {"gate": {"source": {"kind": "file", "path": "/none.mp4"}}})
    finding = await look_at_state(settings)
    assert finding.state is state
    assert ("make room for 288 MB" in finding.remedy) == (state is not State.OK)


async def test_a_sub_stream_is_looked_at_too(camera: Callable[..., Camera]) -> None:
    for size, state in (((640, 360), State.OK), ((320, 180), State.WARN)):
        source = {"kind": "rtsp", "url": camera(Clip(size=size)).url}
        yard = CameraSettings.model_validate({"source": {"kind": "file", "path": "/none.mp4"}, "sub": source})
        finding = await look_at_camera("sub-stream of yard", yard, yard.sub)
        assert (finding.state, f"h264 {size[0]}x{size[1]}" in finding.said) == (state, True)
        assert state is State.OK or "416 pixels" in finding.remedy


async def test_a_cameras_control_is_looked_at_and_nothing_moves(tmp_path: Path, broker: Broker, clip: Clip) -> None:
    async with onvif_camera() as dome:
        source = {"kind": "file", "path": str(clip.file())}
        signed = {"url": dome.url, "username": USER, "password": PASSWORD}
        cameras = {
            "dome": {"source": source, "onvif": signed},
            "stranger": {"source": source, "onvif": {"url": dome.url}},
        }
        findings = await examine(settings_for(tmp_path, broker, cameras), aloud=False)
        found = {finding.part: finding for finding in findings}
        assert found["control of dome"].said == "answers ONVIF requests, can be turned, 2 presets"
        assert found["control of stranger"].state is State.WRONG
        assert "correct `username` and `password`" in found["control of stranger"].remedy
        assert not {name for name, _ in dome.asked} & {"ContinuousMove", "Stop", "GotoPreset"}


async def test_key_frames_too_far_apart_are_warned_of(tmp_path: Path) -> None:
    clip = Clip()
    there = CameraSettings.model_validate(
        {"source": {"kind": "file", "path": str(clip.file())}, "motion": {"notice_within": 0.2}}
    )
    found = await look_at_camera("camera gate", there)
    assert found.state is State.WARN
    assert "key-frame interval to 0.2 s" in found.remedy


async def test_a_refusal_becomes_a_finding() -> None:
    async def look() -> str:
        raise PermanentError("it is broken", "mend it")

    assert await attempt("thing", look()) == Finding("thing", State.WRONG, "it is broken", "mend it")


def test_the_table_names_the_remedy_below_what_is_wrong() -> None:
    lines = list(tabulate([Finding("a", State.OK, "fine"), Finding("bcd", State.WRONG, "broken", "mend it")]))
    assert lines == ["ok     a    fine", "wrong  bcd  broken", "            -> mend it", "1 ok, 0 to look at, 1 wrong"]


def test_wrong_settings_are_a_finding_and_exit_status_1(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["doctor", "--config", str(tmp_path / "none.toml")])
    assert result.exit_code == 1
    assert "wrong  settings  there is no settings file" in result.output


def speaker(there: Camera) -> dict[str, str]:
    return {"kind": "backchannel", "url": there.url}
