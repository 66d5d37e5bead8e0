"""A fake agent and a page in a real browser."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Page

from tests.page.driving import SLOW, Fake


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[Callable[..., Fake]]:
    with ExitStack() as stack:

        def start(*options: str) -> Fake:
            made = Fake(tmp_path, *options)
            stack.callback(lambda: made.kill())  # noqa: PLW0108 - the process of that time, not of this
            return made

        yield start


@pytest.fixture
async def page(browser: BrowserContext) -> AsyncIterator[Page]:
    """A page that speaks English and fails its test if a script fails or the content policy is broken."""
    page = await browser.new_page()
    page.set_default_timeout(SLOW)
    await page.set_viewport_size({"width": 1440, "height": 900})
    await page.add_init_script("if (location.protocol === 'http:') localStorage['edge-agent.language'] ??= 'en'")
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(f"{error}\n{error.stack}"))
    page.on("console", lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None)
    yield page
    assert faults == []
