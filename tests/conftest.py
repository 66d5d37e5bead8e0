"""Fixtures that every test may use: real counterparts, clips, and the checks that nothing is left behind."""

import asyncio
import inspect
import os
import subprocess
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import TypeVar

import pytest
from blockbuster import blockbuster_ctx
from playwright.async_api import BrowserContext

from tests.peers.broker import Broker
from tests.peers.browser import CHROMIUM, chromium
from tests.peers.clips import Clip, street
from tests.peers.peer import missing
from tests.peers.rtsp_camera import PYTHON, Camera

BINDINGS = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"


def _need(present: bool, remedy: str) -> None:  # noqa: FBT001 - a condition and what it lacks
    """Skips a test whose counterpart is not installed."""
    if not present:
        pytest.skip(remedy)


_HERE_ONLY = "not here"  # ends the reason of a test that wants material which nobody can install


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where every counterpart must be there (``make test``), a test that was skipped for want of one has failed."""
    return _judged((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a whole module."""
    return _judged((yield))


R = TypeVar("R", pytest.TestReport, pytest.CollectReport)


def _judged(report: R) -> R:
    demanded = "NEED_ALL_PEERS" in os.environ and not hasattr(report, "wasxfail")
    if report.outcome == "skipped" and demanded and isinstance(report.longrepr, tuple):
        _, _, reason = report.longrepr
        if not reason.endswith(_HERE_ONLY):
            report.outcome = "failed"
    return report


@pytest.fixture(scope="session", autouse=True)
def _nothing_blocks_the_loop() -> Iterator[None]:
    """Lets every blocking call fail that the agent's own code makes while a loop runs in the same thread."""
    with blockbuster_ctx("edge_agent") as guard:
        # It joins a thread whose work is done: what is left of it takes microseconds.
        guard.functions["threading.Lock.acquire"].can_block_in("edge_agent/aio/threads.py", {"own_thread"})
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_loop_by_itself() -> None:
    """Keeps looptime's plugin from making an event loop for a test that has none, which nobody would close."""
    asyncio.set_event_loop(None)


@pytest.fixture(autouse=True)
def _no_thread_left() -> Iterator[None]:
    """Fails a test whose threads outlive it."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(2.0)
        assert not thread.is_alive(), f"the test left the thread {thread.name} behind"


@pytest.fixture(autouse=True)
def _no_task_left(request: pytest.FixtureRequest, _no_thread_left: None) -> None:
    """Fails an async test whose tasks outlive it."""
    if inspect.iscoroutinefunction(request.function):
        request.getfixturevalue("_tasks")


@pytest.fixture
async def _tasks() -> AsyncIterator[None]:
    yield
    left = asyncio.all_tasks() - {asyncio.current_task()}
    assert not left, f"the test left tasks behind: {left}"


@pytest.fixture
def clip() -> Clip:
    """A small moving test picture: 640x360, 15 a second, a key frame each second. ``clip.file()`` is its path."""
    return Clip()


@pytest.fixture
def street_clip() -> Clip:
    """People in a street where the shared clips are there, else a drawn figure that walks; 768x432, 10 a second."""
    return street()


@pytest.fixture(scope="session")
def _gstreamer() -> None:
    found = Path(PYTHON).exists() and subprocess.run([PYTHON, "-c", BINDINGS], capture_output=True, check=False)
    remedy = (
        "needs GStreamer's RTSP server: apt-get install python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-*"
    )
    _need(bool(found) and found.returncode == 0, remedy)  # type: ignore[union-attr] # bool() looked already
    _need(not missing("ffmpeg"), "needs ffmpeg: apt-get install ffmpeg")


@pytest.fixture
def camera(tmp_path_factory: pytest.TempPathFactory, _gstreamer: None) -> Iterator[Callable[..., Camera]]:
    """Makes real RTSP cameras: ``camera()``, ``camera(clip, "--user", "admin", "--password", "secret")``."""
    with ExitStack() as stack:

        def start(clip: Clip | None = None, *options: str) -> Camera:
            made = Camera(tmp_path_factory.mktemp("camera"), clip or Clip(), *options)
            stack.callback(lambda: made.kill())  # noqa: PLW0108 - the process of that time, not of this
            return made

        yield start


@pytest.fixture
def make_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Broker]]:
    """Makes real brokers: ``make_broker(users={"edge": "secret"}, acl="…")``."""
    _need(not missing("mosquitto"), "needs a broker: apt-get install mosquitto")
    with ExitStack() as stack:

        def start(**settings: object) -> Broker:
            made = Broker(tmp_path_factory.mktemp("broker"), **settings)  # type: ignore[arg-type] # passed on as they are
            stack.callback(lambda: made.kill())  # noqa: PLW0108 - the process of that time, not of this
            return made

        yield start


@pytest.fixture
def broker(make_broker: Callable[..., Broker]) -> Broker:
    """A real broker that lets everybody in."""
    return make_broker()


@pytest.fixture
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BrowserContext]:
    """A real browser: ``page = await browser.new_page()``."""
    _need(CHROMIUM.exists(), "needs Chromium: apt-get install chromium")
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(chromium(tmp_path_factory.mktemp("chromium")))
