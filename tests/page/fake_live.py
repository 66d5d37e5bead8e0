"""The live half of the fake: drawn pictures in two sizes over WHEP, and an ear for voices over WHIP."""

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import cv2
import numpy as np
from aiohttp import web
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription, VideoStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, VideoFrame
from typing_extensions import override

from tests.page.figures import drawn, figures, street

SUB = (320, 180)
RATES = {"main": 10, "sub": 5}

Tell = Callable[[str, Mapping[str, Any]], None]


class Pattern(VideoStreamTrack):
    """A drawn street with people: 640x360, 10 pictures a second; as sub-stream half of both."""

    def __init__(self, number: int, stream: str) -> None:
        super().__init__()
        self.stream = stream
        self._number, self._street, self._start, self._at = number, street(number), time.monotonic(), 0.0

    @override
    async def recv(self) -> VideoFrame:
        self._at += 1 / RATES[self.stream]
        await asyncio.sleep(max(0.0, self._start + self._at - time.monotonic()))
        picture = drawn(self._street, figures(self._number, time.time()))
        if self.stream == "sub":
            picture = cv2.resize(picture, SUB)  # type: ignore[assignment] # OpenCV's stubs know no uint8 of its own
        frame = VideoFrame.from_ndarray(picture, format="bgr24")
        frame.pts, frame.time_base = int(self._at * 90_000), Fraction(1, 90_000)
        return frame


class FakeLive:
    """Sessions of viewers and of one who speaks.

    Attributes:
        closed: sessions that were ended by their viewers.
        asked: streams that were asked for, by camera, in their order.
        heard: by camera, how loud the last voice was, 0 to 32767, and how many frames of it came.
        muted: cameras whose loudspeakers refuse voices.
    """

    def __init__(self, cameras: Mapping[str, dict[str, Any]], tell: Tell) -> None:
        self.closed: list[str] = []
        self.changed = asyncio.Condition()
        self.asked: dict[str, list[str]] = {}
        self.heard: dict[str, dict[str, int]] = {}
        self.muted: set[str] = set()
        self._cameras = cameras
        self._tell = tell
        self._connections: dict[str, RTCPeerConnection] = {}
        self._tracks: dict[str, Pattern] = {}
        self._listening: set[asyncio.Task[None]] = set()

    @property
    def viewers(self) -> int:
        """How many watch."""
        return len(self._tracks)

    @property
    def watched(self) -> set[int]:
        """Numbers of the cameras that somebody watches."""
        return {track._number for track in self._tracks.values()}

    def routes(self) -> list[web.RouteDef]:
        """Returns its addresses."""
        return [
            web.options("/whep/{camera}", _options),
            web.post("/whep/{camera}", self._watch),
            web.patch("/whep/{camera}/{session}", self._select),
            web.delete("/whep/{camera}/{session}", self._close),
            web.options("/whip/{camera}", _options),
            web.post("/whip/{camera}", self._speak),
            web.delete("/whip/{camera}/{session}", self._close),
        ]

    async def close(self) -> None:
        """Ends all sessions."""
        await asyncio.gather(*(connection.close() for connection in self._connections.values()))

    async def wait(self, until: Callable[[], bool]) -> None:
        """Waits until something has come true that whoever makes it true tells by ``tell_waiting``."""
        async with asyncio.timeout(15), self.changed:
            await self.changed.wait_for(until)

    async def tell_waiting(self) -> None:
        """Lets those look who wait."""
        async with self.changed:
            self.changed.notify_all()

    async def _watch(self, request: web.Request) -> web.Response:
        camera = self._cameras[request.match_info["camera"]]
        if camera["state"] == "offline":
            return refused(503, "camera_offline", camera["reason"], camera["remedy"])
        wish = request.query.get("stream", "auto")
        session = uuid.uuid4().hex
        self._tracks[session] = Pattern(camera["number"], "sub" if wish == "sub" else "main")
        answer = await self._answer(request, session, self._tracks[session])
        self._choose(camera["id"], session, wish)
        return answer

    async def _select(self, request: web.Request) -> web.Response:
        wish = (await request.json())["stream"]
        self._choose(request.match_info["camera"], request.match_info["session"], wish)
        return web.Response(status=204)

    def _choose(self, camera: str, session: str, wish: str) -> None:
        stream = "sub" if wish == "sub" else "main"
        self.asked.setdefault(camera, []).append(wish)
        self._tracks[session].stream = stream
        told = {"camera": camera, "session": session, "stream": stream, "reason": "asked for"}
        asyncio.get_running_loop().call_later(0.2, self._tell, "viewer", told)

    async def _speak(self, request: web.Request) -> web.Response:
        camera = request.match_info["camera"]
        if camera in self.muted:
            return refused(409, "busy", "somebody else speaks there", "wait until they have ended")
        session = uuid.uuid4().hex
        self.heard[camera] = {"loudest": 0, "frames": 0}
        answer = await self._answer(request, session, None)
        self._tell("speech", {"camera": camera, "state": "playing", "live": True, "actor": "page", "text": ""})
        return answer

    async def _answer(self, request: web.Request, session: str, track: Pattern | None) -> web.Response:
        connection = RTCPeerConnection()
        self._connections[session] = connection
        if track:
            connection.addTrack(track)
        else:
            connection.on("track", lambda voice: self._hear(request.match_info["camera"], voice))
        await connection.setRemoteDescription(RTCSessionDescription(await request.text(), "offer"))
        await connection.setLocalDescription(await connection.createAnswer())
        headers = {"Location": f"{request.path}/{session}", "Content-Type": "application/sdp"}
        return web.Response(status=201, text=connection.localDescription.sdp, headers=headers)

    def _hear(self, camera: str, voice: MediaStreamTrack) -> None:
        async def listen() -> None:
            heard = self.heard[camera]
            while True:
                try:
                    frame = await voice.recv()
                except MediaStreamError:
                    return
                assert isinstance(frame, AudioFrame)
                heard["frames"] += 1
                await self.tell_waiting()
                heard["loudest"] = max(heard["loudest"], int(np.abs(frame.to_ndarray()).max()))

        task = asyncio.create_task(listen())
        self._listening.add(task)
        task.add_done_callback(self._listening.discard)

    async def _close(self, request: web.Request) -> web.Response:
        session, camera = request.match_info["session"], request.match_info["camera"]
        self._tracks.pop(session, None)
        if connection := self._connections.pop(session, None):
            await connection.close()
        if request.path.startswith("/whip/"):
            self._tell("speech", {"camera": camera, "state": "idle", "text": "", "language": "", "actor": ""})
        self.closed.append(session)
        await self.tell_waiting()
        return web.Response()


async def _options(_: web.Request) -> web.Response:
    return web.Response(status=204, headers={"Accept-Post": "application/sdp"})


def refused(status: int, code: str, message: str, remedy: str) -> web.Response:
    """Returns a refusal as an agent words it."""
    return web.json_response({"code": code, "message": message, "remedy": remedy}, status=status)
