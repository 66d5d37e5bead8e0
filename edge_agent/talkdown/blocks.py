"""Sound in blocks of one size, each of them when it is due."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_agent.aio.threads import own_thread
from edge_agent.talkdown.sound import resampled, softened
from edge_agent.values.speech import Sound, Speech, Talk

MISSED = 0.1
"""Seconds behind after which a talk lets go what it missed: late words would keep everything after them late."""


async def cut(sound: Sound, rate: int, size: int) -> Iterator[NDArray[np.int16]]:
    """Returns sound as int16 mono blocks of ``size`` samples, ``rate`` a second; silence fills up the last one.

    A finished speech is resampled in a thread; a talk comes block by block as somebody speaks.
    """
    if not isinstance(sound, Speech):
        return sound.blocks(rate, size)
    samples = (await own_thread(lambda _: resampled(sound, rate), name="speech")).samples
    return iter(np.pad(samples, (0, -len(samples) % size)).reshape(-1, size))


def at_volume(sound: Sound, decibels: float) -> Sound:
    """Returns sound at another volume; 0 and less, so nothing is cut off."""
    if isinstance(sound, Speech):
        return softened(sound, decibels)
    return _Softer(sound, 10 ** (decibels / 20)) if decibels else sound


@dataclass(frozen=True, slots=True)
class _Softer:
    """See ``Talk``."""

    talk: Talk
    factor: float

    @property
    def broken(self) -> str:
        """See ``Talk``."""
        return self.talk.broken

    def blocks(self, rate: int, size: int) -> Iterator[NDArray[np.int16]]:
        """See ``Talk``."""
        for block in self.talk.blocks(rate, size):
            yield np.rint(block * self.factor).astype(np.int16)


class Beat:
    """Tells when each block is due: begin + number x step, so neither rounding nor a late block shifts those after it.

    Made when the first block is due.

    Args:
        step: seconds of sound in a block.
        live: whether what was missed by more than ``MISSED`` is let go instead of made up for.
        ahead: seconds that blocks are sent before they are due.
    """

    def __init__(self, step: float, *, live: bool, ahead: float = 0.0) -> None:
        self._loop = asyncio.get_running_loop()
        self._begun = self._loop.time()
        self._step = step
        self._live = live
        self._ahead = ahead
        self._number = 0

    @property
    def passed(self) -> float:
        """Seconds of sound that were due so far, those let go included."""
        return self._number * self._step

    async def due(self) -> int:
        """Waits until the next block is due and returns how many were let go before it."""
        missed = 0
        late = self._loop.time() - self._begun - self.passed
        if late < -self._ahead:
            await asyncio.sleep(-self._ahead - late)
        elif self._live and late > MISSED:
            missed = int(late / self._step)
        self._number += missed + 1
        return missed

    async def over(self) -> None:
        """Waits until everything that was due had time to sound."""
        await asyncio.sleep(max(0.0, self._begun + self.passed - self._loop.time()))
