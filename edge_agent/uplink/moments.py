"""What is worth nothing a moment later: the newest of each kind is told, a few times a second at most."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

INTERVAL = 0.2
"""Seconds between two of the same kind: boxes glide between scenes, and a thin link has other things to carry."""

Report = Callable[[str, Mapping[str, object]], Awaitable[None]]
"""Tells something on a topic below the agent's own; loses it where there is no connection."""


class Moments:
    """Tells the newest of what is going on.

    Args:
        report: how.
        interval: seconds between two of the same kind.
    """

    def __init__(self, report: Report, *, interval: float = INTERVAL) -> None:
        self._report = report
        self._interval = interval
        self._newest: dict[str, Callable[[], Mapping[str, object]]] = {}
        self._news = asyncio.Event()

    def tell(self, suffix: str, describe: Callable[[], Mapping[str, object]]) -> None:
        """Leaves something to be told; replaces what was left under the same suffix and not told yet.

        Args:
            suffix: topic below the agent's own.
            describe: returns the JSON object, when it is told: an age is right only then.
        """
        self._newest[suffix] = describe
        self._news.set()

    async def run(self) -> None:
        """Tells until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            newest, self._newest = self._newest, {}
            for suffix, describe in newest.items():
                await self._report(suffix, describe())
            await asyncio.sleep(self._interval)
