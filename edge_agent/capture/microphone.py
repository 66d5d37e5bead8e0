"""What a camera's microphone hears, for whoever the policy lets listen."""

import threading
from collections.abc import Generator

import av
import numpy as np
from av import error
from numpy.typing import NDArray

from edge_agent.capture.address import Address
from edge_agent.capture.failures import failure
from edge_agent.errors import PermanentError


class CameraMicrophone:
    """Opened each time that somebody listens; used by one thread at a time.

    Args:
        address: of a stream with sound, that asks for nothing else.
    """

    def __init__(self, address: Address) -> None:
        self._address = address

    def sound(self, rate: int, stop: threading.Event) -> Generator[NDArray[np.int16]]:
        """Connects and yields int16 mono pieces as they arrive, ``rate`` a second, until ``stop`` is set; blocks.

        Raises:
            TransientError: the camera is away, or its stream broke.
            PermanentError: it has no microphone, or refuses.
        """
        address = self._address
        patience = (address.connecting, address.reading)
        silent = PermanentError(f"{address.where} sends no sound", "switch its microphone on, for this stream too")
        try:
            with av.open(
                address.url, format=address.format, options=dict(address.options), timeout=patience
            ) as container:
                if not container.streams.audio:
                    raise silent
                resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
                for frame in container.decode(container.streams.audio[0]):
                    if stop.is_set():
                        return
                    frame.pts = None
                    for part in resampler.resample(frame):
                        yield np.asarray(part.to_ndarray(), np.int16).ravel()
        except error.HTTPOtherClientError:
            raise silent from None  # nothing to play is left when there is no sound
        except av.FFmpegError as exc:
            # The cause is left out on purpose: its text holds the address with the password.
            raise failure(exc, address.where) from None
