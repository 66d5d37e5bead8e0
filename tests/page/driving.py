"""A fake agent at an address of its own, and what every test of the page does with it."""

import asyncio
import json
import sys
import urllib.request
from pathlib import Path
from typing import Any

from playwright.async_api import Page, expect

from tests.peers.peer import Peer, free_port

SHOTS = Path(__file__).parents[2] / ".cache" / "screenshots"
LIVE = ".tile[data-state=live]"
TOKEN = "sesame-sesame-42"  # noqa: S105 - the fake's
SLOW = 20_000
"""Milliseconds that anything may take on a busy machine."""

expect.set_options(timeout=SLOW)


class Fake:
    """The fake agent as a child process that can be switched off and on at the same address."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}/"
        self._command = [sys.executable, "-m", "tests.page.fake_site", "--port", str(self.port), *options]
        self._log = folder / "fake.log"
        self.start()

    def start(self) -> None:
        self._peer = Peer(self._command, self._log)
        self._peer.wait_for_port(self.port)

    def kill(self) -> None:
        self._peer.kill()

    async def ask(self, path: str, **body: object) -> Any:
        """Steers the fake; without a body it asks."""
        return await asyncio.to_thread(self._ask, path, body)

    def _ask(self, path: str, body: dict[str, object]) -> Any:
        data = json.dumps(body).encode() if body else None
        request = urllib.request.Request(self.address + path, data, {"Content-Type": "application/json"})  # noqa: S310 - our own
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - the fake on the loopback
            return json.load(answer)


async def until(page: Page, condition: str) -> None:
    """Waits until a JavaScript expression is true."""
    # Not wait_for_function: it evaluates words as the page itself, which the content policy forbids.
    async with asyncio.timeout(SLOW / 1000):
        await page.evaluate(f"async () => {{ while (!({condition})) await new Promise(requestAnimationFrame) }}")


async def shoot(page: Page, name: str) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=SHOTS / f"test-{name}.png")
