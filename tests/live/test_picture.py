import asyncio
import threading
from dataclasses import replace

from edge_agent.live.sessions import Asked
from edge_agent.values.packet import Codec, Packet
from edge_agent.values.time import CLOCK_RATE
from edge_agent.values.viewing import StreamName, Wish
from tests.live.sitting import STREET, live
from tests.live.viewer import (
    PATIENCE,
    FakeCamera,
    encode,
    luma,
    number,
    playing,
    until,
)


async def test_a_masked_camera_is_black_there_and_encoded_once(packets: list[Packet]) -> None:
    camera = FakeCamera(packets, needs_transcoding=True)
    camera.fill(30)
    async with live() as it, playing(camera):
        (anne, first), (paul, second) = [await it.watch(camera, actor) for actor in ("anne", "paul")]
        for viewer in (anne, paul):
            seen = 0
            while seen < 40:
                picture = await viewer.frame()
                seen = number(picture)
                assert luma(picture)[:, : picture.width // 2 - 8].max() < 20
        assert camera.opened == 1
        assert "street: transcode main" in {thread.name for thread in threading.enumerate()}
        await it.sessions.close(first.id)
        await paul.frame()
        await it.sessions.close(second.id)
        await until(lambda: "street: transcode main" not in {thread.name for thread in threading.enumerate()})


async def test_a_viewer_is_moved_to_another_stream_at_its_key_frame_within_the_same_track(
    packets: list[Packet],
) -> None:
    main, sub = FakeCamera(packets), FakeCamera(encode(size=(160, 120)))
    main.fill(30)
    async with live() as it, playing(main):
        viewer, _ = await it.watch(main)
        before = await viewer.frame()
        for _ in range(30):
            before = await viewer.frame()
        [watched] = it.sessions._viewers
        watched._track.switch(sub.ring)
        for _ in range(10):
            assert (await viewer.frame()).width == 320  # the picture stays until the other stream has one
        sub.fill(20)
        async with playing(sub), asyncio.timeout(PATIENCE):
            while (after := await viewer.frame()).width == 320:
                before = after
        assert after.pts is not None
        assert before.pts is not None
        assert 0 < after.pts - before.pts < CLOCK_RATE
        watched._track.switch(main.ring)
        async with asyncio.timeout(PATIENCE):
            while (await viewer.frame()).width != 320:
                continue


async def test_a_camera_that_changes_to_a_codec_that_browsers_do_not_show_is_transcoded_from_then_on(
    packets: list[Packet],
) -> None:
    camera = FakeCamera(packets)
    camera.fill(10)
    async with live() as it:
        viewer, _ = await it.watch(camera)
        await viewer.frame()
        camera.packets = [replace(one, stream=replace(one.stream, codec=Codec.H265)) for one in packets]
        camera.needs_transcoding = True
        async with playing(camera), asyncio.timeout(PATIENCE):
            while luma(picture := await viewer.frame())[:, :150].max() > 20 or number(picture) < 30:
                continue  # the encoder's picture is black on its left
        assert it.sessions.transcoders == 1
        assert not it.closed


async def test_a_camera_that_changes_its_size_goes_on(packets: list[Packet]) -> None:
    camera = FakeCamera(packets)
    camera.fill(10)
    async with live() as it:
        viewer, _ = await it.watch(camera)
        await viewer.frame()
        camera.packets = encode(size=(160, 120))
        async with playing(camera), asyncio.timeout(PATIENCE):
            while (await viewer.frame()).width != 160:
                continue


async def test_a_stream_is_chosen_and_changed_within_the_track(packets: list[Packet]) -> None:
    camera = FakeCamera(packets, sub=FakeCamera(encode(size=(160, 120), gop=25)))
    assert camera.sub is not None
    async with live() as it, playing(camera), playing(camera.sub):
        viewer = it.viewer()
        asked = Asked(stream=Wish.SUB)
        session = await it.sessions.open(STREET, await viewer.offer(), camera, "anne", asked)
        await viewer.accept(session.answer_sdp)
        assert (await viewer.frame()).width == 160
        for wish, width in ((Wish.MAIN, 320), (Wish.SUB, 160)):
            it.sessions.select(session.id, wish)
            async with asyncio.timeout(PATIENCE):
                while (await viewer.frame()).width != width:
                    continue
        assert [(stream, reason) for _, stream, reason in it.moved] == [
            (StreamName.SUB, ""),
            (StreamName.MAIN, "asked for"),
            (StreamName.SUB, "asked for"),
        ]
        assert (it.sessions.viewers(STREET, StreamName.SUB), it.sessions.viewers(STREET)) == (1, 1)


async def test_a_masked_camera_is_masked_whatever_stream_is_chosen_and_each_is_encoded_once(
    packets: list[Packet],
) -> None:
    sub = FakeCamera(encode(size=(160, 120), gop=25), needs_transcoding=True)
    camera = FakeCamera(packets, needs_transcoding=True, sub=sub)
    async with live() as it, playing(camera), playing(sub):
        viewer, session = await it.watch(camera)
        other, _ = await it.watch(camera, "paul")
        for wish, width in ((Wish.SUB, 160), (Wish.MAIN, 320), (Wish.SUB, 160)):
            it.sessions.select(session.id, wish)
            async with asyncio.timeout(PATIENCE):
                while (picture := await viewer.frame()).width != width:
                    assert luma(picture)[:, : picture.width // 2 - 8].max() < 20
            assert luma(picture)[:, : picture.width // 2 - 8].max() < 20
        assert it.sessions.transcoders == 2
        assert camera.opened == 1
        assert luma(await other.frame())[:, :150].max() < 20
        it.sessions.select(session.id, Wish.MAIN)
        await until(lambda: it.sessions.transcoders == 1)


async def test_the_picture_comes_when_the_camera_is_back(packets: list[Packet]) -> None:
    camera = FakeCamera(packets)
    async with live() as it:
        viewer, _ = await it.watch(camera)
        async with playing(camera):
            await viewer.frame()
        camera.ring.clear()
        camera.number = 0
        async with playing(camera):
            for _ in range(20):
                await viewer.frame()
