"""A camera's own microphone as a witness: was what its loudspeaker took heard in the place?

It is opened for the length of one utterance, where the policy allows it at all; what it hears stays in memory, is
compared with what was said, and is forgotten.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_agent.aio.clock import Clock
from edge_agent.aio.threads import own_thread
from edge_agent.errors import PermanentError, TransientError
from edge_agent.talkdown.hearing import HEARD, RATE, UNHEARD, find
from edge_agent.talkdown.sound import resampled
from edge_agent.talkdown.speakers import Speaker
from edge_agent.values.event import Heard
from edge_agent.values.speech import Speech
from edge_agent.values.time import Monotonic

REST = 1.5
"""Seconds that are listened to after the last sample was sent: what is heard arrives late."""

LONGEST = 60.0
"""Seconds that are kept, a megabyte: of what takes longer, the beginning is enough."""

_LEAVING = 2.0
"""Seconds that closing a microphone may take."""

_MUTE = 2.0
"""Mean square of a microphone that gives nothing but silence, in steps of sixteen bits."""


class Microphone(Protocol):
    """Where a camera's sound comes from."""

    def sound(self, rate: int, stop: threading.Event) -> Generator[NDArray[np.int16]]:
        """Connects and yields int16 mono pieces as they arrive, ``rate`` a second, until ``stop`` is set; blocks.

        Raises:
            TransientError: the camera is away.
            PermanentError: it has no microphone, or refuses.
        """
        ...


@dataclass(slots=True)
class _Recording:
    """What was heard so far: pieces in a row, the first of them begun at ``begun``."""

    pieces: list[NDArray[np.int16]] = field(default_factory=list)
    begun: Monotonic = field(default=Monotonic(0.0))
    trouble: str = "the microphone did not answer in time"


class Ear:
    """Listens through one microphone; used by one coroutine at a time.

    Args:
        microphone: the camera's.
        clock: the one that stamps what is said.
    """

    def __init__(self, microphone: Microphone, clock: Clock) -> None:
        self._microphone = microphone
        self._clock = clock

    async def check(
        self, speaker: Speaker, said: Speech, started: Callable[[], None], over: Callable[[], None] = lambda: None
    ) -> Heard:
        """Plays, listens for ``REST`` longer, and returns whether it was heard; what was recorded is forgotten.

        What is in the way of listening is told in the result; it never keeps anything from being said.

        Args:
            speaker: of the place.
            said: what to play.
            started: as for ``Speaker.play``.
            over: called when it was played.

        Raises:
            AgentError: as ``Speaker.play``.
        """
        begun = self._clock.monotonic()

        def starts() -> None:
            nonlocal begun
            begun = self._clock.monotonic()
            started()

        recording = _Recording()
        async with self._listening(recording):
            await speaker.play(said, starts)
            over()
            await asyncio.sleep(REST)
        return await own_thread(lambda _: _compared(recording, said, begun), name="hearing")

    @asynccontextmanager
    async def _listening(self, recording: _Recording) -> AsyncIterator[None]:
        work = own_thread(lambda stop: self._record(recording, stop), name="microphone", grace=_LEAVING)
        task = asyncio.create_task(work, name="microphone")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
            if not task.cancelled():
                task.result()

    def _record(self, recording: _Recording, stop: threading.Event) -> None:
        count = 0
        try:
            for piece in self._microphone.sound(RATE, stop):
                count += len(piece)
                # Whoever opens a stream gets its first second at once; the piece that took least tells the truth.
                begun = Monotonic(self._clock.monotonic() - count / RATE)
                recording.begun = min(recording.begun, begun) if recording.pieces else begun
                recording.pieces.append(piece)
                if stop.is_set() or count > LONGEST * RATE:
                    return
        except (TransientError, PermanentError) as exc:
            recording.trouble = str(exc)


def described(heard: Heard) -> str:
    """Returns a result in words."""
    if heard.heard is None:
        return f"whether it was heard is not known: {heard.reason}"
    if heard.heard:
        return f"the camera's own microphone heard it {heard.delay:.1f} s later"
    return "the camera's own microphone did NOT hear it"


def _compared(recording: _Recording, said: Speech, begun: Monotonic) -> Heard:
    if not recording.pieces:
        return Heard(None, reason=recording.trouble)
    sound = np.concatenate(recording.pieces).astype(float)
    if sound.var() < _MUTE:
        return Heard(None, reason="the microphone gave nothing but silence; it may be off while the camera speaks")
    start = round((begun - recording.begun) * RATE)
    likeness, delay = find(resampled(said, RATE).samples.astype(float), sound, start)
    told = round(likeness, 1)
    if likeness >= HEARD:
        return Heard(heard=True, likeness=told, delay=round(delay, 2))
    if likeness >= UNHEARD:
        return Heard(None, told, reason="it cannot be told from the noise")
    return Heard(heard=False, likeness=told)
