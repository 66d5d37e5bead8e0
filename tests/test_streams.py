"""A camera of two streams: which one is watched, what is told when one is away, and that no door leads past masks."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import av
import cv2
import jwt
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from edge_agent.agent import Agent
from edge_agent.camera import encode_snapshot
from edge_agent.streams import CameraStream, Eye
from edge_agent.values.frame import Frame
from edge_agent.values.geometry import Box
from edge_agent.values.ids import CameraId
from edge_agent.values.track import Scene
from edge_agent.values.viewing import StreamName, Wish
from edge_agent.web.door import Visitor
from tests.agents import Ear, listening, running, settings_for
from tests.live.viewer import Viewer, luma, until
from tests.peers.broker import Broker
from tests.peers.clips import Clip
from tests.peers.rtsp_camera import Camera
from tests.peers.visitor import visitor

YARD = CameraId("yard")
BRIGHT = "color=c=white:size={size}:rate={fps}"
LEFT_HALF = [[[0, 0], [0.5, 0], [0.5, 1], [0, 1]]]


@pytest.fixture(scope="session")
def entrance() -> Clip:
    """Nobody for four seconds, then somebody who stays for eight, then the same again."""
    return visitor(".mp4")


def film(clip: Clip) -> dict[str, str]:
    return {"kind": "file", "path": str(clip.file())}


@asynccontextmanager
async def watching(tmp_path: Path, broker: Broker, **yard: object) -> AsyncIterator[tuple[Agent, Ear]]:
    """Runs an agent with one camera until its main stream is there."""
    settings = settings_for(tmp_path, broker, {"yard": {"rules": {}} | yard})
    async with asyncio.timeout(60), listening(broker) as ear, running(settings) as agent:
        await ear.next("camera/yard/status", state="online")
        yield agent, ear


async def test_a_quiet_camera_is_watched_by_its_sub_stream_and_whoever_comes_by_the_main_one(
    tmp_path: Path, broker: Broker, monkeypatch: pytest.MonkeyPatch, entrance: Clip
) -> None:
    main = entrance
    sub = Clip(main.picture, size=(640, 360), fps=main.fps, seconds=main.seconds, gop=main.gop, suffix=".mp4")
    async with watching(tmp_path, broker, source=film(main), sub=film(sub)) as (agent, _):
        sight, seen = agent.cameras[YARD]._sight, asyncio.Queue[tuple[int, bool]]()
        understand = sight.understand

        async def note(frame: Frame, moving: Box | None) -> Scene:
            scene = await understand(frame, moving)
            seen.put_nowait((frame.width, bool(scene.tracks)))
            return scene

        monkeypatch.setattr(sight, "understand", note)
        pictures = [await seen.get()]
        while pictures[-1][0] != 640:  # whichever stream came first
            pictures.append(await seen.get())
        while pictures[-1][0] == 640:
            pictures.append(await seen.get())
        assert pictures[-2] == (640, True)
        assert pictures[-1][0] == 1280
        while not pictures[-1][1]:
            pictures.append(await seen.get())
        assert agent.desk.describe_camera(agent.cameras[YARD])["streams"] == ["main", "sub"]


async def test_without_its_sub_stream_a_camera_is_degraded_and_watched_by_the_main_one(
    tmp_path: Path, broker: Broker, camera: Callable[..., Camera]
) -> None:
    small = camera(Clip(size=(480, 270)))
    async with watching(tmp_path, broker, source=film(Clip(suffix=".mp4")), sub={"kind": "rtsp", "url": small.url}) as (
        agent,
        ear,
    ):
        yard = agent.cameras[YARD]
        sub = yard.streams[StreamName.SUB]
        while sub.trouble():  # noqa: ASYNC110 - only a change of the camera's own state is told
            await asyncio.sleep(0.05)
        assert yard._watched(closely=False) is sub
        small.kill()
        told = await ear.next("camera/yard/status", state="degraded")
        assert told["reason"].startswith("its sub-stream does not arrive: ")
        assert told["remedy"].endswith("it is watched by the main one")
        assert yard._watched(closely=False) is yard.main
        assert yard.main.trouble() is None
        small.start()
        await ear.next("camera/yard/status", state="online")


async def test_a_camera_on_its_side_is_shown_upright(tmp_path: Path, broker: Broker) -> None:
    async with watching(tmp_path, broker, source=film(Clip(suffix=".mp4")), rotation=90) as (agent, _):
        described = agent.desk.describe_camera(agent.cameras[YARD])
        assert (described["width"], described["height"]) == (360, 640)
        async with look(agent, Wish.AUTO) as (viewer, _):
            picture = await viewer.frame()
            assert (picture.width, picture.height) == (360, 640)


@pytest.mark.parametrize("codec", ["h265", "mjpeg"])
async def test_what_browsers_do_not_show_is_transcoded(tmp_path: Path, broker: Broker, codec: str) -> None:
    clip = Clip(codec=codec, suffix=".mp4" if codec == "h265" else ".mkv")
    async with watching(tmp_path, broker, source=film(clip)) as (agent, _), look(agent, Wish.AUTO) as (viewer, _):
        assert (await viewer.frame()).width == 640
        assert agent.live.transcoders == 1


@asynccontextmanager
async def closing(viewer: Viewer) -> AsyncIterator[None]:
    """Closes a viewer at the block's end, however it ends."""
    try:
        yield
    finally:
        await viewer.close()


@asynccontextmanager
async def look(agent: Agent, wish: Wish) -> AsyncIterator[tuple[Viewer, str]]:
    """Opens a view as the page does."""
    viewer = Viewer()
    async with closing(viewer):
        opened = await agent.desk.watch(YARD, await viewer.offer(), Visitor("anne"), stream=wish)
        await viewer.accept(opened.answer_sdp)
        yield viewer, opened.session


def is_masked(picture: av.VideoFrame) -> bool:
    seen = luma(picture)
    middle = picture.width // 2
    assert seen[:, middle + 8 :].mean() > 200  # it is the camera's picture
    return bool(seen[:, : middle - 4].max() < 30)


async def test_no_door_leads_past_the_masks(tmp_path: Path, broker: Broker) -> None:
    main = Clip(BRIGHT, size=(640, 360), suffix=".mp4")
    sub = Clip(BRIGHT, size=(320, 240), suffix=".mp4")
    masked = {"source": film(main), "sub": film(sub), "privacy": {"masks": LEFT_HALF}}
    async with watching(tmp_path, broker, **masked) as (agent, ear):
        yard = agent.cameras[YARD]
        # The page's view, each stream and every change between them, from the first picture on.
        for wish in Wish:
            async with look(agent, wish) as (viewer, session):
                for other in (wish, *Wish):
                    agent.live.select(session, other)
                    for _ in range(12):
                        assert is_masked(await viewer.frame())
        # The control room's view.
        viewer = Viewer()
        arguments = {"camera": "yard", "offer": await viewer.offer(), "stream": "sub"}
        await ear.command("live.open", {"id": "1", "arguments": arguments})
        result = (await ear.next("reply/1"))["result"]
        await viewer.accept(result["answer"])
        assert is_masked(await viewer.frame())
        await ear.command("live.select", {"id": "2", "arguments": {"session": result["session"], "stream": "main"}})
        assert (await ear.next("reply/2"))["ok"]
        for _ in range(20):
            assert is_masked(await viewer.frame())
        await viewer.close()
        # Whoever takes packets for others is told that these are not for them; pixels and events' pictures are masked.
        for stream in yard.streams.values():
            assert stream.needs_transcoding
            for frame in await asyncio.to_thread(pixels, stream):
                assert frame.luma[:, : frame.width // 2].max() == 16
                jpeg = cv2.imdecode(np.frombuffer(encode_snapshot(frame), np.uint8), cv2.IMREAD_GRAYSCALE)
                assert jpeg is not None
                assert jpeg[:, : frame.width // 2 - 8].max() < 30


async def test_what_is_decoded_for_viewers_is_not_decoded_again_to_be_analysed(
    tmp_path: Path, broker: Broker, entrance: Clip
) -> None:
    corner = [[[0, 0], [0.1, 0], [0.1, 0.1], [0, 0.1]]]
    async with watching(tmp_path, broker, source=film(entrance), privacy={"masks": corner}) as (agent, _):
        counts, loan = agent.cameras[YARD].counts, agent.cameras[YARD].main.loan

        async def analyses(more: int) -> int:
            """Returns how many pictures were decoded while so many more were understood."""
            decoded, analysed = counts.decoded, counts.analysed
            while counts.analysed < analysed + more:  # noqa: ASYNC110 - counters announce nothing
                await asyncio.sleep(0.02)
            return counts.decoded - decoded

        assert await analyses(3) >= 3
        async with look(agent, Wish.AUTO) as (viewer, _):
            await viewer.frame()
            await until(lambda: loan.lent)
            await analyses(1)  # the look that had begun
            assert await analyses(10) == 0
        await until(lambda: not loan.lent)
        await analyses(1)
        assert await analyses(3) >= 3


def pixels(stream: CameraStream) -> list[Frame]:
    """Returns a picture from each way of decoding a stream."""
    return [next(stream.open_frames(threading.Event())), next(iter(Eye(stream).look()))]


async def test_how_many_watch_is_told_and_who_watched_how_long_is_written_down(tmp_path: Path, broker: Broker) -> None:
    async with watching(tmp_path, broker, source=film(Clip(suffix=".mp4"))) as (agent, ear):
        with agent.feed.listen() as listener:
            async with look(agent, Wish.SUB) as (viewer, session):
                await viewer.frame()
                assert (await ear.next("camera/yard/status", viewers=1))["state"] == "online"
                assert agent.desk.describe_camera(agent.cameras[YARD])["viewers"] == 1
                told = (await listener.take() or b"").decode()
                assert f'"session":"{session}","stream":"main"' in told
            await ear.next("camera/yard/status", viewers=0)
        opened = await ear.next("event/audit", action="live.open")
        closed = await ear.next("event/audit", action="live.close")
        assert (opened["actor"], opened["camera"], closed["actor"]) == ("anne", "yard", "anne")
        assert closed["detail"].startswith("the viewer left, after ")


async def test_views_opened_by_command_are_bounded_by_login_and_form(tmp_path: Path, broker: Broker) -> None:
    async with watching(tmp_path, broker, source=film(Clip(suffix=".mp4"))) as (agent, ear):
        viewer = Viewer()
        offer = await viewer.offer()
        wrong: list[tuple[dict[str, Any], str]] = [
            ({"offer": offer, "stream": "best"}, "arguments_invalid"),
            ({"offer": offer, "until": "tomorrow"}, "arguments_invalid"),
            ({"offer": offer.replace("H264", "H265")}, "offer_without_h264"),
            ({"offer": offer.replace("m=video", "m=audio")}, "offer_without_video"),
            ({"offer": "v=0"}, "offer_invalid"),
        ]
        for number, (arguments, code) in enumerate(wrong):
            await ear.command("live.open", {"id": f"w{number}", "arguments": {"camera": "yard"} | arguments})
            assert (await ear.next(f"reply/w{number}"))["code"] == code
        await ear.command("live.open", {"id": "big", "arguments": {"camera": "yard", "offer": "a" * 1_000_000}})
        arguments = {"camera": "yard", "offer": offer, "until": "2026-01-01T00:00:00Z"}
        await ear.command("live.open", {"id": "late", "arguments": arguments})
        answer = await ear.next("reply/late")
        await viewer.accept(answer["result"]["answer"])
        closed = await ear.next("event/audit", action="live.close")
        assert closed["detail"].startswith("the login that it was opened with has ended")
        assert agent.live.viewers(YARD) == 0
        await viewer.close()


def forged(scope: str, trusted: Ed25519PrivateKey) -> list[tuple[str, str]]:
    """Returns tokens that must open nothing, with the code that each is refused with."""
    stranger, now = Ed25519PrivateKey.generate(), int(time.time())
    claims = {"aud": "box", "sub": "anne", "iat": now, "exp": now + 60, "scope": scope}

    def signed(by: Ed25519PrivateKey, **changed: object) -> str:
        return jwt.encode(claims | {"jti": uuid4().hex} | changed, by, algorithm="EdDSA")

    return [
        ("", "unauthorised"),
        (jwt.encode(claims | {"jti": "1"}, "", algorithm="none"), "unauthorised"),
        (jwt.encode(claims | {"jti": "2"}, "x" * 32, algorithm="HS256"), "unauthorised"),
        (signed(stranger), "unauthorised"),
        (signed(trusted, exp=now - 1), "expired"),
        (signed(trusted, aud="other"), "wrong_audience"),
        (signed(trusted, scope="live.open:gate"), "forbidden"),
        (signed(trusted, scope="talkdown.play:yard"), "forbidden"),
        (signed(trusted), "ok"),
    ]


async def test_a_view_is_opened_only_with_a_token_for_that_camera(tmp_path: Path, broker: Broker) -> None:
    trusted, key = Ed25519PrivateKey.generate(), tmp_path / "csu.pem"
    key.write_bytes(trusted.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    mqtt = {"host": broker.host, "port": broker.port, "commands": {"keys": [str(key)]}}
    cameras = {"yard": {"source": film(Clip(suffix=".mp4"))}, "gate": {"source": film(Clip(suffix=".mp4"))}}
    viewer = Viewer()
    settings = settings_for(tmp_path, broker, cameras, mqtt=mqtt)
    async with asyncio.timeout(60), listening(broker) as ear, running(settings) as agent, closing(viewer):
        await ear.next("camera/yard/status", state="online")
        offer = await viewer.offer()
        # Signed now: a token from before the agent's start is too old for it.
        *refused, (good, _) = forged("live.open:yard", trusted)
        for token, code in refused:
            assert (await ask(ear, token, offer))["code"] == code
        assert agent.live.viewers(YARD) == 0
        await viewer.accept((await ask(ear, good, offer))["result"]["answer"])
        await viewer.frame()


async def ask(ear: Ear, token: str, offer: str) -> dict[str, Any]:
    """Returns the answer to a command."""
    name = uuid4().hex
    await ear.command("live.open", {"id": name, "token": token, "arguments": {"camera": "yard", "offer": offer}})
    return await ear.next(f"reply/{name}")
