import asyncio
import itertools
import struct
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from aiortc.rtp import RTCP_PSFB_FIR, RTCP_PSFB_PLI, RtcpPsfbPacket

from edge_agent.values.packet import Packet
from tests.live.sitting import live, newest
from tests.live.viewer import (
    PATIENCE,
    FakeCamera,
    away,
    drop,
    encode,
    number,
    playing,
)


@pytest.mark.parametrize("request_for_key", [RTCP_PSFB_PLI, RTCP_PSFB_FIR])
async def test_a_viewer_that_lost_the_picture_gets_a_key_frame(packets: list[Packet], request_for_key: int) -> None:
    camera = FakeCamera([*packets[:50], *(replace(one, key=False) for one in packets[51:])])
    camera.fill(20)
    async with live() as it, playing(camera):
        viewer, _ = await it.watch(camera)
        for _ in range(60):
            await viewer.frame()
        before = number(await viewer.frame())
        receiver = viewer.connection.getReceivers()[0]
        [source] = receiver.getSynchronizationSources()
        # The second kind names its source further inside.
        inside = struct.pack("!LL", source.source, 1 << 24)
        asked = (source.source, b"") if request_for_key == RTCP_PSFB_PLI else (0, inside)
        await receiver._send_rtcp(RtcpPsfbPacket(request_for_key, 1, *asked))
        async with asyncio.timeout(PATIENCE):
            while number(await viewer.frame()) > before - 20:
                continue


async def test_lost_packets_are_sent_again(packets: list[Packet]) -> None:
    camera = FakeCamera(packets)
    camera.fill(10)
    async with live() as it, playing(camera):
        viewer, _ = await it.watch(camera)
        dropped = drop(viewer, every=7)
        seen = [number(await viewer.frame()) for _ in range(75)]
        assert dropped
        assert all((later - earlier) % 100 == 1 for earlier, later in itertools.pairwise(seen))


async def test_after_the_network_was_gone_the_picture_goes_on(packets: list[Packet]) -> None:
    camera = FakeCamera(packets)
    async with live() as it, playing(camera):
        viewer, _ = await it.watch(camera)
        await viewer.frame()
        with away(viewer):
            await asyncio.sleep(2.5)  # more than is sent again, and than a key frame's distance
        async with asyncio.timeout(PATIENCE):
            while newest(camera) - number(await viewer.frame()) > 4:
                continue
        assert it.closed == []


async def test_malformed_feedback_changes_nothing(packets: list[Packet]) -> None:
    camera = FakeCamera(packets)
    async with live() as it, playing(camera):
        viewer, _ = await it.watch(camera)
        await viewer.frame()
        [source] = viewer.connection.getReceivers()[0].getSynchronizationSources()
        transport = viewer.connection.getReceivers()[0].transport
        ssrc = struct.pack("!L", source.source)
        for packet_type, count, body in [
            (206, 15, bytes(8) + b"REMB\xff\0\0\0"),  # an estimate for 255 streams that are not named
            (206, 15, bytes(8)),
            (206, 4, bytes(8)),
            (206, 1, bytes(4)),
            (205, 1, bytes(4) + ssrc + b"\1\2\xff\xff" * 300),
            (205, 1, bytes(4) + ssrc),
            (201, 1, bytes(4) + ssrc + bytes(20)),
            (201, 31, bytes(4)),
            (202, 3, b"\xff" * 8),
            (203, 2, bytes(4)),
            (200, 0, bytes(4)),
        ]:
            await transport._send_rtp(struct.pack("!BBH", 0x80 | count, packet_type, len(body) // 4) + body)
        for _ in range(30):
            await viewer.frame()
        assert it.closed == []


async def test_packets_leave_one_by_one_where_the_kernel_cuts_none(
    packets: list[Packet], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.live.line.SEGMENT", 9999)  # an option that no kernel knows
    camera = FakeCamera(encode(size=(1280, 720), frames=40))
    camera.fill(10)
    async with live() as it, playing(camera):
        viewer, _ = await it.watch(camera)
        for _ in range(20):
            await viewer.frame()


async def test_how_a_viewer_gets_the_picture_is_known(packets: list[Packet]) -> None:
    camera = FakeCamera(packets)
    async with live() as it, playing(camera):
        viewer, _ = await it.watch(camera)
        await viewer.frame()
        [watched] = it.sessions._viewers
        assert watched._peer.reception is None or watched._peer.reception.loss == 0
        async with asyncio.timeout(PATIENCE):
            while (told := watched._peer.reception) is None or told.bitrate is None or told.rtt is None:
                await viewer.frame()
        assert told.loss == 0
        assert told.jitter < 1
        reports = (await viewer.connection.getStats()).values()
        [said] = [report for report in reports if report.type == "remote-outbound-rtp"]
        assert said.packetsSent > 0
        assert abs((datetime.now(UTC) - said.remoteTimestamp).total_seconds()) < 5
        assert told.rtt is not None
        assert told.rtt < 1
