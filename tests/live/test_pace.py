import itertools

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.live.pace import CATCH_UP, LEAST_GAP, MOST, Pace
from edge_agent.values.packet import Codec, Packet, StreamInfo
from edge_agent.values.time import CLOCK_RATE, Monotonic

STREAM = StreamInfo(Codec.H264, 640, 360, 25.0)


def packet(pts: int, arrived: float) -> Packet:
    return Packet(b"", pts, key=False, arrived=Monotonic(arrived), stream=STREAM)


def play(pace: Pace, packets: list[Packet], start: float) -> list[tuple[float, int]]:
    """Returns when each packet was sent, and its timestamp."""
    now = start
    sent: list[tuple[float, int]] = []
    for one in packets:
        now = Monotonic(max(now, one.arrived))
        now = Monotonic(max(now, pace.due(one, now)))
        sent.append((now, pace.stamp(one, now)))
    return sent


def camera(fps: float, past: float, future: float, *, jitter: float = 0.0) -> list[Packet]:
    """Returns packets that arrive from ``past`` seconds before 100 on."""
    count = round((past + future) * fps)
    return [
        packet(round(n / fps * CLOCK_RATE), 100.0 - past + n / fps + (jitter if n % 2 else 0.0)) for n in range(count)
    ]


@given(
    fps=st.sampled_from([5.0, 12.5, 25.0, 30.0, 60.0]),
    past=st.floats(0.0, 10.0),
    jitter=st.floats(0.0, 0.01),
)
def test_a_viewer_is_at_live_soon_and_stays_there(fps: float, past: float, jitter: float) -> None:
    pace = Pace(Monotonic(100.0))
    packets = camera(fps, past, 3.0, jitter=jitter)
    sent = play(pace, packets, 100.0)
    assert sent[0][0] == 100.0
    assert pace.live
    late = [time - one.arrived for (time, _), one in zip(sent, packets, strict=True) if time > 100.0 + CATCH_UP + 0.1]
    assert max(late) < 0.05


@given(
    steps=st.lists(st.tuples(st.integers(-90_000 * 100, 90_000 * 5), st.floats(0.0, 3.0)), max_size=60),
    past=st.floats(0, 10),
)
def test_timestamps_rise_whatever_the_camera_does(steps: list[tuple[int, float]], past: float) -> None:
    pts, arrived = 0, 100.0 - past
    packets = [packet(0, arrived)]
    for step, pause in steps:
        pts, arrived = pts + step, arrived + pause
        packets.append(packet(pts, arrived))
    stamps = [stamp for _, stamp in play(Pace(Monotonic(100.0)), packets, 100.0)]
    assert all(later > earlier for earlier, later in itertools.pairwise(stamps))


def test_the_past_comes_one_by_one_and_not_at_once() -> None:
    sent = play(Pace(Monotonic(100.0)), camera(30.0, 10.0, 0.0), 100.0)
    gaps = [later - earlier for (earlier, _), (later, _) in itertools.pairwise(sent)]
    assert min(gaps) >= LEAST_GAP - 1e-9


def test_a_past_of_many_bytes_is_sent_no_faster_than_a_phone_takes_it() -> None:
    pace = Pace(Monotonic(100.0))
    pace.restart(Monotonic(100.0), waiting=round(3 * MOST))
    sent = play(pace, camera(25.0, 10.0, 5.0), 100.0)
    reached = next(
        time for (time, _), one in zip(sent, camera(25.0, 10.0, 5.0), strict=True) if time - one.arrived < 0.01
    )
    assert 102.5 < reached < 103.5


def test_while_catching_up_timestamps_are_those_of_sending() -> None:
    packets = camera(25.0, 6.0, 0.0)
    for time, stamp in play(Pace(Monotonic(100.0)), packets, 100.0):
        assert abs(stamp - (time - 100.0) * CLOCK_RATE) < 2


def test_at_live_timestamps_advance_by_the_cameras_steps() -> None:
    packets = camera(25.0, 0.0, 3.0, jitter=0.01)
    stamps = [stamp for _, stamp in play(Pace(Monotonic(100.0)), packets, 100.0)]
    assert {later - earlier for earlier, later in itertools.pairwise(stamps[5:])} == {3600}


def test_a_viewer_that_starts_again_goes_on_in_time() -> None:
    pace = Pace(Monotonic(100.0))
    first = play(pace, camera(25.0, 2.0, 2.0), 100.0)
    pace.restart(Monotonic(102.0))
    again = play(pace, camera(25.0, 2.0, 4.0), 102.0)
    assert abs(again[0][1] - 2 * CLOCK_RATE) < CLOCK_RATE // 10
    assert again[0][1] > first[-1][1]
