"""Holds what goes over the wire, against a server written from ONVIF's WSDL."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from edge_agent.errors import AgentError, PermanentError, TransientError
from edge_agent.onvif.device import OnvifDevice
from edge_agent.onvif.ptz import Preset, Velocity
from edge_agent.onvif.settings import OnvifSettings
from tests.peers.onvif_camera import ENVELOPE, PASSWORD, USER, OnvifCamera, onvif_camera


@pytest.fixture
async def peer() -> AsyncIterator[OnvifCamera]:
    async with onvif_camera() as camera:
        yield camera


@pytest.fixture
async def device(peer: OnvifCamera) -> AsyncIterator[OnvifDevice]:
    made = OnvifDevice(settings(peer))
    yield made
    await made.close()


def settings(peer: OnvifCamera, password: str = PASSWORD, *, timeout: float = 5.0) -> OnvifSettings:
    return OnvifSettings(url=peer.url, username=USER, password=SecretStr(password), timeout=timeout)


def moves(peer: OnvifCamera) -> list[tuple[str, dict[str, object]]]:
    return [one for one in peer.asked if one[0] in {"ContinuousMove", "Stop", "GotoPreset", "SetSynchronizationPoint"}]


async def test_it_turns_the_profile_that_can_be_turned(device: OnvifDevice, peer: OnvifCamera) -> None:
    assert await device.turns()
    await device.move(Velocity(pan=0.5, tilt=-1.0))
    await device.move(Velocity(zoom=-0.25))
    await device.stop()

    asked = [(name, figures.get("PanTilt"), figures.get("Zoom")) for name, figures in moves(peer)]
    assert asked == [
        ("ContinuousMove", ("0.5", "-1.0"), None),
        ("ContinuousMove", None, ("-0.25",)),
        ("Stop", "true", "true"),
    ]
    assert {figures["ProfileToken"] for _, figures in moves(peer)} == {"dome"}
    assert moves(peer)[0][1]["Timeout"] == "PT1S"


async def test_it_knows_the_cameras_presets_and_goes_there(device: OnvifDevice, peer: OnvifCamera) -> None:
    assert await device.presets() == [Preset("1", "gate"), Preset("2", "square & fountain")]
    await device.recall("2")
    assert moves(peer) == [("GotoPreset", {"ProfileToken": "dome", "PresetToken": "2"})]


async def test_it_asks_for_a_key_frame(device: OnvifDevice, peer: OnvifCamera) -> None:
    await device.make_key()
    assert moves(peer) == [("SetSynchronizationPoint", {"ProfileToken": "dome"})]


async def test_it_connects_once(device: OnvifDevice, peer: OnvifCamera) -> None:
    for _ in range(3):
        await device.stop()
    assert [name for name, _ in peer.asked].count("GetProfiles") == 1


async def test_an_answer_does_not_lead_it_to_another_host(device: OnvifDevice, peer: OnvifCamera) -> None:
    peer.elsewhere = "192.0.2.1"
    await device.stop()
    assert moves(peer)[0][0] == "Stop"


async def test_a_camera_without_motors_says_so(device: OnvifDevice, peer: OnvifCamera) -> None:
    peer.turns = False
    assert not await device.turns()
    with pytest.raises(PermanentError) as caught:
        await device.stop()
    assert caught.value.code == "no_ptz"


@pytest.mark.parametrize("curt", [False, True])
async def test_a_wrong_password_is_told_and_not_repeated(peer: OnvifCamera, *, curt: bool) -> None:
    peer.curt = curt
    device = OnvifDevice(settings(peer, "wrong-one"))
    with pytest.raises(PermanentError, match="refused the user name or password") as caught:
        await device.turns()
    assert "wrong-one" not in str(caught.value)
    await device.close()


async def test_a_preset_that_is_gone_is_refused_in_the_cameras_words(device: OnvifDevice) -> None:
    with pytest.raises(PermanentError, match="There is no such preset") as caught:
        await device.recall("9")
    assert caught.value.code == "camera_refused"


async def test_it_works_again_after_a_refusal(device: OnvifDevice, peer: OnvifCamera) -> None:
    with pytest.raises(PermanentError):
        await device.recall("9")
    await device.recall("1")
    assert moves(peer)[-1] == ("GotoPreset", {"ProfileToken": "dome", "PresetToken": "1"})


async def test_a_silent_camera_does_not_hold_anybody_up(peer: OnvifCamera) -> None:
    peer.silent = True
    device = OnvifDevice(settings(peer, timeout=0.3))
    with pytest.raises(TransientError, match="does not answer"):
        await device.turns()
    await device.close()


@pytest.mark.parametrize("garbled", ["<html>a camera's web page</html>", "<a><b:c/></a>", "\0", ENVELOPE.format("")])
async def test_something_else_than_an_answer_is_told(device: OnvifDevice, peer: OnvifCamera, garbled: str) -> None:
    peer.garbled = garbled
    with pytest.raises(AgentError, match="does not answer as ONVIF prescribes"):
        await device.turns()


async def test_a_prefix_that_nobody_declared_is_told(device: OnvifDevice, peer: OnvifCamera) -> None:
    await device.turns()
    undeclared = "<tptz:GetPresetsResponse><other:Preset token='1'/></tptz:GetPresetsResponse>"
    peer.garbled = ENVELOPE.format(undeclared)
    with pytest.raises(AgentError, match="does not answer as ONVIF prescribes"):
        await device.presets()


async def test_nobody_there_is_told() -> None:
    device = OnvifDevice(OnvifSettings(url="http://127.0.0.1:9", timeout=3))
    with pytest.raises(TransientError, match="does not answer ONVIF requests: check its power"):
        await device.turns()
    await device.close()


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("192.0.2.10", "no address that begins with http"),
        ("http://user:hunter2@192.0.2.10", "holds credentials"),
        ("http://192.0.2.10/onvif/device_service", "holds a path"),
        ("http://192.0.2.10:99999", "no address"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused(url: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint) as caught:
        OnvifSettings(url=url)
    assert "hunter2" not in str(caught.value)
