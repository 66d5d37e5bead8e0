"""Sound on its way to a loudspeaker: finished, or being spoken right now."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Speech:
    """Something to be heard.

    Attributes:
        samples: int16 mono (n,); read only.
        rate: samples a second.
        voice: who speaks: a voice's name, or ``recording``; empty where nobody asks.
    """

    samples: NDArray[np.int16]
    rate: int
    voice: str = ""

    @property
    def seconds(self) -> float:
        """How long it sounds."""
        return len(self.samples) / self.rate


class Talk(Protocol):
    """A voice that is being spoken; whoever plays it takes each block when it is due, and so sets the pace."""

    @property
    def broken(self) -> str:
        """Why it was over before its speaker wanted; empty otherwise."""
        ...

    def blocks(self, rate: int, size: int) -> Iterator[NDArray[np.int16]]:
        """Yields what is to be heard at that very moment until the talk is over; used once, on the event loop.

        Args:
            rate: samples a second that the loudspeaker wants.
            size: samples in every block.
        """
        ...


Sound: TypeAlias = Speech | Talk
"""What a loudspeaker plays."""
