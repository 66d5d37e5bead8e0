"""Pictures that are decoded for one reader and lent to another, so that no stream is decoded twice at a time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from edge_agent.values.frame import Frame


class Loan:
    """Holds the newest picture that somebody decodes anyway; a newer one replaces it, unread or not."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._lenders = 0
        self._frame: Frame | None = None

    @property
    def lent(self) -> bool:
        """Whether somebody decodes now."""
        return self._lenders > 0

    @contextmanager
    def lending(self) -> Iterator[None]:
        """Says that the block's thread lends every picture of the stream."""
        with self._changed:
            self._lenders += 1
        try:
            yield
        finally:
            with self._changed:
                self._lenders -= 1
                self._frame = None

    def lend(self, frame: Frame) -> None:
        """Leaves a picture; never blocks for long."""
        with self._changed:
            self._frame = frame
            self._changed.notify_all()

    def borrow(self, timeout: float) -> Frame | None:
        """Blocks until there is a picture that was not borrowed yet, or returns None after ``timeout`` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame is not None, timeout)
            frame, self._frame = self._frame, None
            return frame
