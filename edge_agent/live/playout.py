"""A jitter buffer for a voice: packets go in as they come, sound comes out when it is needed."""

from collections import deque
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from edge_agent.errors import TransientError
from edge_agent.live.conceal import Concealment
from edge_agent.live.opus import RATE
from edge_agent.values.time import Monotonic

BLOCK = RATE // 50
"""Samples taken at a time: 20 ms."""

SAFE = 0.04
"""Seconds that a packet should wait: a loop or a network that is late by less is not heard."""

LOW, HIGH = 0.025, 0.07
"""Seconds that the hastiest packet of a while waited: with less one that was lost and comes along with the next, 20 ms
later, may come too late; with more we talk late. Between them nothing is changed, for each change is a tone that is a
little off."""

MOST = 0.25
"""Seconds that may wait; of a burst after a pause only the last words are heard, and the delay does not stay."""

STEP = BLOCK // 200
"""Samples by which 20 ms are played longer or shorter, 0.5 %: nobody hears that, and clocks differ by 0.02 %."""

QUIET = 200
"""Loudest sample of a packet that may be dropped or doubled unheard: -44 dB."""

_SECOND, _WHILE = 50, 5
"""Packets after which the delay is thought over, and so many times that over which the hastiest is looked for."""

_FORGOTTEN = 3
"""Packets' time without any after which the next one is a new beginning."""

_JUMP = 500
"""Numbers by which a packet may be ahead or behind; beyond that it belongs to another stream."""


class Playout:
    """Plays one voice at the pace of whoever listens.

    What decides is how long each packet waited before it was needed. Where the least of these times shrinks or grows,
    the two clocks differ, the network changed, or the listener takes larger bites: whatever it is, the voice is played
    a little slower or faster, and in its pauses at once, until the least waits ``SAFE`` again.

    Args:
        decode: turns a packet into int16 mono at ``opus.RATE``; called in the stream's order.

    Attributes:
        lost: packets that something was made up for, or that were let go.
    """

    def __init__(self, decode: Callable[[bytes], NDArray[np.int16]]) -> None:
        self.lost = 0
        self._decode = decode
        self._waiting: dict[int, tuple[bytes, Monotonic]] = {}
        self._conceal = Concealment()
        self._sound: NDArray[np.int16] = np.empty(0, np.int16)
        self._length = BLOCK
        self._newest = self._next = 0
        self._dry = _FORGOTTEN
        self._hastiest: list[float] = []
        self._seconds: deque[float] = deque(maxlen=_WHILE)
        self._owed = 0

    @property
    def waiting(self) -> float:
        """Seconds of sound that wait."""
        return (len(self._waiting) * self._length + len(self._sound)) / RATE

    def put(self, sequence: int, packets: Sequence[bytes], now: Monotonic) -> None:
        """Takes a packet with its RTP sequence number.

        Args:
            sequence: of the first of ``packets``.
            packets: itself, and those before it that it brings along in case they were lost, newest first.
            now: when it came.
        """
        number = self._newest + (sequence - self._newest + 0x8000 & 0xFFFF) - 0x8000
        silent = self._dry >= _FORGOTTEN and not self._waiting
        if silent or abs(number - self._newest) > _JUMP:
            self.restart()
            self._newest = self._next = number
        if number < self._next:
            self._note(-self._length / RATE)
            return
        for back, packet in enumerate(packets):
            if packet and number - back >= self._next:
                # As if it had come on its own: what is brought along says nothing about the link's delay.
                self._waiting.setdefault(number - back, (packet, Monotonic(now - back * self._length / RATE)))
        self._newest = max(self._newest, number)
        while len(self._waiting) * self._length > MOST * RATE:
            self._skip()

    def restart(self) -> None:
        """Forgets what waits: the next packet begins a stream."""
        self._waiting.clear()
        self._dry = _FORGOTTEN

    def begin(self) -> None:
        """Forgets what was said before anybody listened."""
        while len(self._waiting) > 1:
            self._skip()

    def take(self, now: Monotonic) -> NDArray[np.int16]:
        """Returns the next ``BLOCK`` samples, int16 mono; made up or silent where nothing came in time."""
        step = max(-STEP, min(STEP, self._owed))
        need = BLOCK - step
        while len(self._sound) < need:
            self._sound = np.concatenate([self._sound, self._more(now)])
        block, self._sound = self._sound[:need], self._sound[need:]
        if not step:
            return block
        self._owed -= step
        played: NDArray[np.float64] = np.interp(np.arange(BLOCK) * (need / BLOCK), np.arange(need), block)
        return played.astype(np.int16)

    def _note(self, waited: float) -> None:
        """Decides each second by how many samples the delay is to grow, or with a minus to shrink."""
        if self._owed:
            return
        self._hastiest.append(waited)
        if len(self._hastiest) < _SECOND:
            return
        self._seconds.append(min(self._hastiest))
        self._hastiest.clear()
        least = min(self._seconds)
        if not LOW <= least <= HIGH:
            self._owed = round((SAFE - least) * RATE)
            self._seconds.clear()

    def _more(self, now: Monotonic) -> NDArray[np.int16]:
        if not self._waiting:
            self.lost += self._dry < _FORGOTTEN
            self._dry += 1
            return self._conceal.made_up(self._length)
        if self._dry:
            # What is missing before it was made up for already.
            self._next = min(self._waiting)
            if self._dry >= _FORGOTTEN and now - self._waiting[self._next][1] < SAFE:
                return self._conceal.made_up(self._length)
            self._dry = 0
            # What was made up was a delay already; how long packets waited before it says nothing any more.
            self._hastiest.clear()
            self._seconds.clear()
        payload, arrived = self._waiting.pop(self._next, (b"", now))
        self._next += 1
        if not payload:
            self.lost += 1
            return self._conceal.made_up(self._length)
        self._note(now - arrived)
        return self._heard(payload)

    def _heard(self, payload: bytes) -> NDArray[np.int16]:
        """Decodes a packet; one without a sound is dropped or doubled where the delay is to change."""
        try:
            sound = self._decode(payload)
        except TransientError:
            self.lost += 1
            return self._conceal.made_up(self._length)
        if not len(sound):
            return sound
        self._length = len(sound)
        sound = self._conceal.real(sound)
        if abs(self._owed) >= len(sound) and np.abs(sound).max() < QUIET:
            doubled = self._owed > 0
            self._owed -= len(sound) if doubled else -len(sound)
            return np.concatenate([sound, sound]) if doubled else sound[:0]
        return sound

    def _skip(self) -> None:
        oldest = min(self._waiting)
        del self._waiting[oldest]
        self._next = oldest + 1
        self.lost += 1
