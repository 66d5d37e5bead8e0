from aiortc.rtp import RTCP_PSFB_APP, RtcpPsfbPacket, RtcpReceiverInfo, RtcpRrPacket, pack_remb_fci
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.live.reception import Reports
from edge_agent.values.time import Monotonic

SSRC, NTP = 7, 0x1122_3344_5566_7788


def report(*, ssrc: int = SSRC, lost: int = 0, lsr: int = 0, dlsr: int = 0) -> RtcpRrPacket:
    return RtcpRrPacket(9, [RtcpReceiverInfo(ssrc, lost, 0, 100, 900, lsr, dlsr)])


def test_a_report_tells_loss_jitter_and_the_round_trip() -> None:
    reports = Reports(SSRC)
    reports.asked(NTP, Monotonic(10.0))
    reports.take(report(lost=64, lsr=0x3344_5566, dlsr=32_768), Monotonic(10.6))
    assert reports.last is not None
    assert (reports.last.at, reports.last.loss, reports.last.jitter) == (10.6, 0.25, 0.01)
    assert reports.last.rtt is not None
    assert abs(reports.last.rtt - 0.1) < 1e-9


def test_an_estimate_of_the_link_stays_until_the_next_one() -> None:
    reports = Reports(SSRC)
    reports.take(RtcpPsfbPacket(RTCP_PSFB_APP, 9, 0, pack_remb_fci(1_000_000, [SSRC])), Monotonic(1.0))
    reports.take(report(), Monotonic(2.0))
    assert reports.last is not None
    assert (reports.last.at, reports.last.bitrate, reports.last.rtt) == (2.0, 1_000_000, None)


def test_a_report_on_another_stream_or_of_another_time_says_nothing() -> None:
    reports = Reports(SSRC)
    reports.take(report(ssrc=8, lost=255), Monotonic(1.0))
    reports.take(RtcpPsfbPacket(RTCP_PSFB_APP, 9, 0, pack_remb_fci(1, [8])), Monotonic(1.0))
    assert reports.last is None


def test_a_report_that_answers_another_question_tells_no_round_trip() -> None:
    reports = Reports(SSRC)
    reports.asked(NTP, Monotonic(1.0))
    reports.take(report(lsr=5), Monotonic(2.0))
    assert reports.last is not None
    assert reports.last.rtt is None


@given(st.binary(max_size=40))
def test_a_malformed_estimate_is_ignored(fci: bytes) -> None:
    Reports(SSRC).take(RtcpPsfbPacket(RTCP_PSFB_APP, 9, 0, b"REMB" + fci), Monotonic(1.0))
