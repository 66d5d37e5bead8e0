"""Holds that requests are shared, and given up where a camera makes no key frames, in fake time."""

import asyncio

import pytest

from edge_agent.aio.background import background
from edge_agent.errors import PermanentError
from edge_agent.onvif.keys import AGAIN, KeyFrames
from tests.clocks import LoopClock

pytestmark = pytest.mark.looptime


class Encoder:
    """See ``KeySource``."""

    def __init__(self) -> None:
        self.made = 0
        self.refuses = False

    async def make_key(self) -> None:
        await asyncio.sleep(0.05)
        if self.refuses:
            raise PermanentError("it makes none")
        self.made += 1


async def test_many_viewers_at_once_cost_one_key_frame_and_the_next_one_comes_a_second_later() -> None:
    encoder = Encoder()
    keys = KeyFrames(encoder, LoopClock())
    async with background(keys=keys.run()):
        for _ in range(5):
            assert keys.ask()
            await asyncio.sleep(0)
        await asyncio.sleep(0.5)
        assert encoder.made == 1
        assert keys.ask()
        await asyncio.sleep(0.4)
        assert encoder.made == 1
        await asyncio.sleep(0.5)
        assert encoder.made == 2


async def test_a_camera_that_makes_none_is_left_alone_for_a_while() -> None:
    encoder = Encoder()
    encoder.refuses = True
    keys = KeyFrames(encoder, LoopClock())
    async with background(keys=keys.run()):
        assert keys.ask()
        await asyncio.sleep(0.1)
        assert not keys.ask()
        encoder.refuses = False
        await asyncio.sleep(AGAIN)
        assert keys.ask()
        await asyncio.sleep(0.1)
    assert encoder.made == 1
