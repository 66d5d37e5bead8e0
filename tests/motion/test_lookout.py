import numpy as np

from edge_agent.motion import MotionSettings
from edge_agent.motion.lookout import Lookout
from edge_agent.values.frame import Frame
from edge_agent.values.packet import Codec, Packet, StreamInfo
from edge_agent.values.time import Monotonic

STREAM = StreamInfo(Codec.H264, 64, 48, 10.0)


def packet(at: float, *, key: bool) -> Packet:
    return Packet(b"", 0, key, Monotonic(at), STREAM)


def still(at: float) -> Frame:
    return Frame(np.full((72, 64), 128, np.uint8), 0, Monotonic(at))


def asleep() -> Lookout:
    """Returns one that has seen key frames each second, the first glance over, and nothing that moves."""
    lookout = Lookout(MotionSettings(), fps=5)
    for at in range(4):
        assert lookout.wants(packet(at, key=True))
        lookout.passes(still(at))
    return lookout


def test_asleep_only_key_frames_are_wanted() -> None:
    lookout = asleep()
    assert not lookout.wants(packet(3.5, key=False))
    assert lookout.wants(packet(4, key=True))
    assert not lookout.passes(still(4))


def test_whoever_is_followed_keeps_it_awake() -> None:
    lookout = asleep()
    lookout.followed = True
    assert lookout.wants(packet(3.5, key=False))
    assert lookout.passes(still(3.5))


def test_rare_key_frames_are_not_trusted_to_notice_movement() -> None:
    lookout = asleep()
    assert lookout.wants(packet(9, key=True))
    assert lookout.wants(packet(9.1, key=False))


def test_a_camera_that_keeps_to_the_bound_is_trusted_however_its_packets_jitter() -> None:
    lookout = asleep()
    for key, late in ((5, 0.02), (7, -0.01), (9, 0.05)):
        assert lookout.wants(packet(key + late, key=True))
        assert not lookout.wants(packet(key + late + 0.1, key=False))


def test_pictures_pass_at_the_pace_of_the_analysis_and_jitter_does_not_halve_it() -> None:
    lookout = Lookout(MotionSettings(), fps=5)
    passed = [at for at in (0, 0.1, 0.19, 0.3, 0.4, 0.5, 0.59) if lookout.passes(still(at))]
    assert passed == [0, 0.19, 0.4, 0.59]
