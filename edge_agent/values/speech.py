"""Sound on its way to a loudspeaker."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Speech:
    """Something to be heard.

    Attributes:
        samples: int16 mono (n,); read only.
        rate: samples a second.
    """

    samples: NDArray[np.int16]
    rate: int

    @property
    def seconds(self) -> float:
        """How long it sounds."""
        return len(self.samples) / self.rate
