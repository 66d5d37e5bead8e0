"""Which stream one viewer sees, by reports that a test makes up."""

import asyncio
from dataclasses import dataclass, field

import pytest

from edge_agent.errors import TransientError
from edge_agent.live.choice import Choice
from edge_agent.live.reception import Reception
from edge_agent.values.time import Monotonic
from edge_agent.values.viewing import StreamName, Wish
from tests.live.sitting import live
from tests.live.viewer import PATIENCE, FakeCamera, encode, luma, playing

MAIN, SUB = StreamName.MAIN, StreamName.SUB
AWAY = TransientError("the camera does not answer", "look at its cable")


@dataclass
class Seat:
    """A viewer's choice, by a clock that the test turns."""

    wish: Wish
    own: bool = True
    made: bool = False
    now: float = 0.0
    camera: FakeCamera = field(default_factory=lambda: FakeCamera([]))

    def __post_init__(self) -> None:
        if self.own:
            self.camera.sub = FakeCamera([])
        self.choice = Choice(self.camera, self.wish, lambda: self.own or self.made, Monotonic(0.0))

    def sees(self) -> StreamName:
        return self.choice.best()[0]

    def loses(self, share: float, seconds: int = 10) -> StreamName:
        for _ in range(seconds):
            self.now += 1
            self.choice.report(Reception(Monotonic(self.now), share, 0.05), Monotonic(self.now))
        return self.sees()


@pytest.mark.parametrize(
    ("wish", "own", "made", "good", "thin"),
    [
        (Wish.AUTO, True, False, MAIN, SUB),
        (Wish.MAIN, True, False, MAIN, MAIN),
        (Wish.SUB, True, False, SUB, SUB),
        # Without a sub-stream a transcode serves a thin link, never a small tile.
        (Wish.AUTO, False, True, MAIN, SUB),
        (Wish.SUB, False, True, MAIN, SUB),
        (Wish.MAIN, False, True, MAIN, MAIN),
        (Wish.AUTO, False, False, MAIN, MAIN),
    ],
)
def test_a_pin_holds_and_auto_follows_the_link(
    *,
    wish: Wish,
    own: bool,
    made: bool,
    good: StreamName,
    thin: StreamName,
) -> None:
    seat = Seat(wish, own=own, made=made)
    assert seat.sees() is good
    assert seat.loses(0.0) is good
    assert seat.loses(0.4) is thin


def test_a_stream_that_is_away_is_stood_in_for_by_the_other() -> None:
    for wish, stream in ((Wish.MAIN, MAIN), (Wish.SUB, SUB)):
        seat = Seat(wish)
        other = SUB if stream is MAIN else MAIN
        camera = seat.camera if stream is MAIN else seat.camera.sub
        assert camera is not None
        camera.error = AWAY
        assert seat.choice.best() == (other, f"the {stream} stream is away: the camera does not answer")
        camera.error = None
        assert seat.sees() is stream


def test_when_all_is_away_what_was_asked_for_is_waited_for() -> None:
    seat = Seat(Wish.SUB)
    assert seat.camera.sub is not None
    seat.camera.error = seat.camera.sub.error = AWAY
    assert seat.sees() is SUB
    assert seat.choice.trouble(SUB) is AWAY


def test_asking_anew_begins_with_the_main_stream() -> None:
    seat = Seat(Wish.AUTO)
    assert seat.loses(0.4) is SUB
    seat.choice.ask(Wish.AUTO, Monotonic(seat.now))
    assert seat.choice.best() == (MAIN, "asked for")


@pytest.mark.parametrize(("transcoders", "stream"), [(2, SUB), (0, MAIN)])
async def test_a_thin_link_to_a_camera_without_a_sub_stream_has_one_made_while_the_box_can(
    transcoders: int, stream: StreamName
) -> None:
    camera = FakeCamera(encode(size=(640, 360), gop=25))
    async with live(thin_transcoders=transcoders, thin_width=320) as it, playing(camera):
        viewer, session = await it.watch(camera)
        await viewer.frame()
        [seat] = it.sessions._viewers
        now = seat._clock.monotonic() + 5
        seat._choice.report(Reception(Monotonic(now), 0.5), Monotonic(now))
        seat._show_best()
        assert (seat.stream, it.sessions.transcoders) == (stream, int(stream is SUB))
        if stream is SUB:
            async with asyncio.timeout(PATIENCE):
                while (picture := await viewer.frame()).width != 320:
                    continue
            assert luma(picture).shape == (180, 320)
        await it.sessions.close(session.id)
