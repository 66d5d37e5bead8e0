import struct
from datetime import UTC, datetime

from edge_agent.talkdown.rtsp.rtp import Stream


def test_packets_number_themselves_across_the_wrap() -> None:
    stream = Stream(8)
    stream._sequence = 0xFFFF
    stream._timestamp = 0xFFFFFFFF - 100
    first, second = (struct.unpack("!BBHII", stream.packet(bytes(160), 160)[:12]) for _ in range(2))
    assert first[:4] == (0x80, 0x80 | 8, 0xFFFF, 0xFFFFFFFF - 100)
    assert second[:4] == (0x80, 8, 0, 59)
    assert first[4] == second[4]


def test_time_that_passes_without_a_packet_is_in_the_stamps() -> None:
    stream = Stream(0)
    stream._timestamp = 0
    stream.packet(bytes(160), 160)
    stream.skip(320)
    assert struct.unpack("!I", stream.packet(bytes(160), 160)[4:8]) == (480,)


def test_a_report_counts_what_was_sent_and_when() -> None:
    stream = Stream(0)
    stream.packet(bytes(160), 160)
    stream.packet(bytes(40), 80)
    report = stream.report(datetime(2026, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC))
    fields = struct.unpack("!BBHIIIIII", report[:28])
    assert fields[:3] == (0x80, 200, 6)
    assert fields[4:6] == (1_767_225_600 + 2_208_988_800, 2**31)
    assert fields[6:] == (stream._timestamp, 2, 200)
    assert len(report) % 4 == 0
    assert struct.unpack("!BBH", report[28:32]) == (0x81, 202, (len(report) - 32) // 4)
