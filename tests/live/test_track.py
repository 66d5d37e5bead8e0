import asyncio
import itertools

import pytest

from edge_agent.aio.ring import Ring
from edge_agent.live import AskForKey, nobody_to_ask
from edge_agent.live.track import LAG, PATIENCE, RingTrack
from edge_agent.values.packet import Codec, Packet, StreamInfo
from edge_agent.values.time import CLOCK_RATE
from tests.clocks import LoopClock

pytestmark = pytest.mark.looptime

STREAM = StreamInfo(Codec.H264, 640, 360, 10.0)
STEP = 0.1
GROUP = 20


class Street:
    """A ring that a test fills; ten pictures a second, a key frame every two seconds."""

    def __init__(self) -> None:
        self.clock = LoopClock()
        self.ring: Ring[Packet] = Ring(seconds=10.0, limit=1 << 20)
        self.number = 0

    def viewer(self, ask_for_key: AskForKey = nobody_to_ask) -> RingTrack:
        return RingTrack(self.ring, self.clock, ask_for_key=ask_for_key, unshowable=lambda: None)

    async def films(self, count: int) -> None:
        """Lets pictures come, each when it is due."""
        for _ in range(count):
            await asyncio.sleep(STEP)
            pts = round(self.number * STEP * CLOCK_RATE)
            now = self.clock.monotonic()
            self.ring.append(Packet(str(self.number).encode(), pts, self.number % GROUP == 0, now, STREAM))
            self.number += 1


async def sees(track: RingTrack) -> int:
    """Returns the number of the next picture, when it is to be sent; without ``start`` nothing is sent at once."""
    return int((await track.next())[0].data)


async def test_a_slow_viewer_loses_its_own_pictures_only_and_they_are_counted() -> None:
    street = Street()
    quick, slow = street.viewer(), street.viewer()
    follower = asyncio.create_task(follow(quick, 60))
    await street.films(1)
    assert await sees(slow) == 0
    await street.films(59)  # nothing leaves for the slow one meanwhile
    assert await sees(slow) == 40
    assert slow.skipped == 39
    assert await follower == list(range(60))
    assert quick.skipped == 0
    assert LAG / STEP < 60


async def follow(track: RingTrack, count: int) -> list[int]:
    return [await sees(track) for _ in range(count)]


async def test_a_viewer_is_moved_although_what_it_saw_has_stopped() -> None:
    main, sub = Street(), Street()
    track = main.viewer()
    await main.films(3)
    assert [await sees(track) for _ in range(3)] == [0, 1, 2]
    waiting = asyncio.create_task(track.next())
    await sub.films(1)
    track.switch(sub.ring)
    packet, _ = await waiting
    assert (int(packet.data), track.ring is sub.ring) == (0, True)


async def test_timestamps_rise_over_a_move_and_a_refresh() -> None:
    main, sub = Street(), Street()
    track = main.viewer()
    await asyncio.gather(main.films(30), sub.films(30))
    stamps = [(await track.next())[1] for _ in range(5)]
    track.switch(sub.ring)
    stamps += [(await track.next())[1] for _ in range(5)]
    await asyncio.sleep(PATIENCE)
    track.refresh()
    stamps += [(await track.next())[1] for _ in range(5)]
    assert all(later > earlier for earlier, later in itertools.pairwise(stamps))


async def test_who_lost_the_picture_sees_the_last_key_frame_again_but_not_too_often() -> None:
    street = Street()
    track = street.viewer()
    await street.films(5)
    assert await follow(track, 5) == [0, 1, 2, 3, 4]
    await street.films(15)
    track.refresh()
    assert await sees(track) == 0
    track.refresh()
    assert await sees(track) == 1


async def test_a_camera_that_is_asked_for_a_key_frame_and_gives_none_is_not_waited_for_twice() -> None:
    street = Street()
    asked: list[bool] = []

    def ask() -> bool:
        asked.append(True)
        return True

    track = street.viewer(ask)
    await street.films(16)
    assert await follow(track, 16) == list(range(16))
    track.refresh()  # the camera is asked, the picture goes on meanwhile
    await street.films(3)
    assert await sees(track) == 16
    await asyncio.sleep(PATIENCE)
    track.refresh()
    assert await sees(track) == 0
    assert len(asked) == 1


async def test_a_camera_that_gave_a_key_frame_is_asked_the_next_time_too() -> None:
    street = Street()
    asked: list[bool] = []

    def ask() -> bool:
        asked.append(True)
        return True

    track = street.viewer(ask)
    await street.films(16)
    await follow(track, 16)
    for count in (1, 2):
        track.refresh()
        await street.films(GROUP)
        await follow(track, GROUP)
        assert len(asked) == count


async def test_what_is_of_the_present_is_sent_at_once_and_the_rest_is_waited_for() -> None:
    street = Street()
    track = street.viewer()
    sent: list[tuple[int, int]] = []

    def send(packet: Packet, stamp: int) -> bool:
        if int(packet.data) % 10 == 0:
            return False
        sent.append((int(packet.data), stamp))
        return True

    await street.films(7)
    track.start(send)
    waiting = asyncio.create_task(street.films(40))
    waited: list[tuple[int, int]] = []
    while not waited or waited[-1][0] < 40:
        packet, stamp = await track.next()
        waited.append((int(packet.data), stamp))
    await waiting
    everything = sorted(sent + waited)
    assert [number for number, _ in everything] == list(range(len(everything)))
    assert {number for number, _ in waited} >= {0, 10, 20, 30, 40}
    assert len(waited) < 20
    assert all(later > earlier for (_, earlier), (_, later) in itertools.pairwise(everything))
