"""G.711: sixteen bits a sample in, eight out, by ITU-T G.191's reference (``ulaw_compress``, ``alaw_compress``)."""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class Codec(StrEnum):
    """The companding laws, by their RTP encoding names."""

    PCMU = "PCMU"
    PCMA = "PCMA"


def encode(samples: NDArray[np.int16], codec: Codec) -> bytes:
    """Returns one byte a sample of int16 mono ``samples``."""
    return (_mu_law(samples) if codec is Codec.PCMU else _a_law(samples)).tobytes()


def _magnitude(samples: NDArray[np.int16]) -> NDArray[np.int32]:
    """Absolute values, of negative numbers the one's complement, so that -32768 has one too."""
    wide = samples.astype(np.int32)
    return np.where(wide < 0, ~wide, wide)


def _segment(magnitude: NDArray[np.int32]) -> NDArray[np.int32]:
    """Position of the highest bit set."""
    return np.asarray(np.log2(magnitude), np.int32)


def _mu_law(samples: NDArray[np.int16]) -> NDArray[np.uint8]:
    magnitude = np.minimum((_magnitude(samples) >> 2) + 33, 0x1FFF)
    segment = _segment(magnitude) - 5
    code = segment << 4 | (magnitude >> segment + 1 & 0x0F)
    return np.asarray(~np.where(samples < 0, code | 0x80, code) & 0xFF, np.uint8)


def _a_law(samples: NDArray[np.int16]) -> NDArray[np.uint8]:
    magnitude = _magnitude(samples) >> 4
    segment = np.maximum(_segment(np.maximum(magnitude, 1)) - 4, 0)
    upper = segment + 1 << 4 | (magnitude >> segment & 0x0F)
    code = np.where(magnitude >> 4, upper, magnitude)
    return np.asarray(np.where(samples < 0, code, code | 0x80) ^ 0x55, np.uint8)
