"""Talks from a real WebRTC peer, to a loudspeaker that notes what it would play and when."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.aio.clock import SystemClock
from edge_agent.errors import PermanentError, TransientError
from edge_agent.live import voice as voice_module
from edge_agent.live.settings import LiveSettings
from edge_agent.live.voice import RELEASED, Talking, Voices
from edge_agent.values.ids import CameraId
from edge_agent.values.speech import Talk
from tests.live.mouth import FRAME, RATE, Mouth
from tests.live.viewer import Viewer, sockets, until
from tests.talkdown.conftest import chirp, pieces

GATE = CameraId("gate")


@dataclass
class Ear:
    """Takes blocks of 20 ms at 8000 a second when they are due, as a loudspeaker does."""

    heard: list[NDArray[np.int16]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    broken: str = ""
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def speak(self, talk: Talk) -> str:
        begun = time.monotonic()
        for number, block in enumerate(talk.blocks(8000, 160)):
            self.heard.append(block)
            self.times.append(time.monotonic())
            if self.stop.is_set():
                return "stopped by berta"
            await asyncio.sleep(begun + (number + 1) * 0.02 - time.monotonic())
        self.broken = talk.broken
        return talk.broken

    @property
    def sound(self) -> NDArray[np.int16]:
        return np.concatenate(self.heard)


@dataclass
class Site:
    voices: Voices
    closed: list[Talking]


@asynccontextmanager
async def site(**settings: object) -> AsyncIterator[Site]:
    closed: list[Talking] = []
    voices = Voices(LiveSettings.model_validate(settings), SystemClock(), closed=closed.append)
    running = asyncio.create_task(voices.run())
    try:
        await asyncio.sleep(0)
        yield Site(voices, closed)
    finally:
        running.cancel()
        await asyncio.wait([running])


@asynccontextmanager
async def mouth(samples: NDArray[np.int16] | None = None) -> AsyncIterator[Mouth]:
    made = Mouth(samples if samples is not None else chirp(2.0, RATE).samples)
    try:
        yield made
    finally:
        await made.aclose()


async def test_what_is_said_is_heard_whole_soon_and_no_more_after_it() -> None:
    ear, said = Ear(), chirp(2.0, RATE).samples
    async with site() as it, mouth(said) as anna:
        talk, answer = await it.voices.open(GATE, await anna.offer(), "anna", ear.speak)
        await anna.accept(answer)
        await until(lambda: anna.words.begun > 0)
        await asyncio.sleep(2.4)
        await it.voices.close(talk)
        assert [(one.actor, one.camera, one.reason) for one in it.closed] == [("anna", GATE, RELEASED)]
        assert ear.broken == ""
        count = len(ear.heard)
        # One piece may have met a moment in which this machine stood still.
        found = sorted(pieces(ear.sound, said[::6][400:-400], 0.2))[1:]
        assert min(piece.correlation for piece in found) >= 0.95
        assert max(abs(piece.level) for piece in found) < 1.0
        await asyncio.sleep(0.1)
        assert len(ear.heard) == count


async def test_mouth_to_loudspeaker_takes_a_moment() -> None:
    """Clicks, each told from the moment it was said to the moment its block is taken to be played."""
    clicks = np.zeros(3 * RATE, np.int16)
    at = np.arange(RATE // 2, len(clicks), RATE // 2)
    for start in at:
        clicks[start : start + 240] = 20_000
    ear = Ear()
    async with site() as it, mouth(clicks) as anna:
        talk, answer = await it.voices.open(GATE, await anna.offer(), "anna", ear.speak)
        await anna.accept(answer)
        await until(lambda: anna.words.begun > 0)
        await asyncio.sleep(3.2)
        await it.voices.close(talk)
    loud = [index for index, block in enumerate(ear.heard) if np.abs(block).max() > 5000]
    taken = [ear.times[index] for index, before in zip(loud[1:], loud, strict=False) if index > before + 1]
    waits = [min(wait for start in at if (wait := when - anna.words.begun - start / RATE) > 0) for when in taken]
    # The 95th of a hundred is the benchmark's: a machine that is busy with other tests shows what is possible at best.
    assert len(waits) >= 3
    assert min(waits) <= 0.15


async def test_a_link_that_dies_ends_the_talk_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voice_module, "SILENT", 0.5)
    ear = Ear()
    async with site() as it, mouth() as anna:
        _, answer = await it.voices.open(GATE, await anna.offer(), "anna", ear.speak)
        await anna.accept(answer)
        await until(lambda: any(block.any() for block in ear.heard))
        for protocol in anna.connection.getSenders()[0].transport.transport._connection._protocols:
            protocol.transport.abort()
        await until(lambda: bool(it.closed))
        assert "nothing came from the microphone" in it.closed[0].reason
        assert ear.broken == it.closed[0].reason


async def test_a_microphone_that_never_comes_ends_the_talk() -> None:
    ear = Ear()
    async with site(connect=0.3) as it, mouth() as anna:
        await it.voices.open(GATE, await anna.offer(), "anna", ear.speak)
        await until(lambda: bool(it.closed))
        assert "did not connect within 0.3 s" in ear.broken


@pytest.mark.parametrize(
    ("settings", "login", "why"),
    [({"talk": 0.6}, None, "a talk lasts 0.6 s at most"), ({}, timedelta(seconds=1.0), "the speaker's login ended")],
)
async def test_no_talk_is_for_ever(settings: dict[str, object], login: timedelta | None, why: str) -> None:
    ear = Ear()
    async with site(**settings) as it, mouth() as anna:
        end = datetime.now(UTC) + login if login else None
        _, answer = await it.voices.open(GATE, await anna.offer(), "anna", ear.speak, end)
        await anna.accept(answer)
        await until(lambda: bool(it.closed))
        assert it.closed[0].reason == ear.broken == why


async def test_stopped_at_the_loudspeaker_the_microphone_is_let_go() -> None:
    ear = Ear()
    async with site() as it, mouth() as anna:
        talk, answer = await it.voices.open(GATE, await anna.offer(), "anna", ear.speak)
        await anna.accept(answer)
        await until(lambda: any(block.any() for block in ear.heard))
        ear.stop.set()
        await until(lambda: bool(it.closed))
        assert it.closed[0].reason == "stopped by berta"
        with pytest.raises(PermanentError) as error:
            await it.voices.close(talk)
        assert error.value.code == "session_unknown"


async def test_a_loudspeaker_that_refuses_refuses_the_offer_and_leaves_nothing() -> None:
    async def refuse(_: Talk) -> str:
        raise TransientError("berta is talking here", "wait", code="talking")

    async with site() as it, mouth() as anna:
        offer, before = await anna.offer(), sockets()
        with pytest.raises(TransientError, match="berta is talking") as error:
            await it.voices.open(GATE, offer, "anna", refuse)
        assert error.value.code == "talking"
        await until(lambda: sockets() == before)
        assert it.closed == []


async def test_a_viewers_offer_is_no_microphones() -> None:
    viewer = Viewer()
    try:
        offer = await viewer.offer()
    finally:
        await viewer.close()
    async with site() as it, mouth() as anna:
        own = await anna.offer()
        for text, code in [
            (offer, "offer_without_audio"),
            (own.replace("opus", "speex"), "offer_without_opus"),
            (own.replace("a=sendonly", "a=recvonly"), "offer_without_audio"),
            ("v=0\r\n", "offer_invalid"),
            ("x" * 70_000, "offer_too_large"),
        ]:
            with pytest.raises(PermanentError) as error:
                await it.voices.open(GATE, text, "anna", Ear().speak)
            assert error.value.code == code


async def test_the_agents_end_ends_every_talk() -> None:
    ear = Ear()
    async with mouth() as anna, site() as it:
        _, answer = await it.voices.open(GATE, await anna.offer(), "anna", ear.speak)
        await anna.accept(answer)
        await until(lambda: len(ear.heard) > 3)
    assert [one.reason for one in it.closed] == ["the agent is stopping"]


def test_a_frame_is_twenty_milliseconds() -> None:
    assert FRAME / RATE == 0.02
