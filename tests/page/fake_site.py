"""A fake of the agent's HTTP contract, for developing and testing the page.

``python -m tests.page.fake_site --cameras 9 --history`` serves it. Tests steer it: ``POST /fake/tell`` with a name and
data sends them to every feed as they are, ``POST /fake/event`` makes an event, ``GET /fake/said`` tells what was asked.
"""

import argparse
import asyncio
import json
import logging
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from edge_agent.web.document import PAGE, POLICY, read_document
from tests.page.fake_live import FakeLive, refused
from tests.page.fake_town import MESSAGES, FakeTown
from tests.page.figures import figures


class FakeSite:
    """Answers as an agent would, with drawn cameras."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.town = FakeTown(options)
        self.token: str = options.token
        self.layouts: dict[str, Any] = {}
        self.said: list[dict[str, Any]] = []
        self.speaking: dict[str, asyncio.TimerHandle] = {}
        self.live = FakeLive({camera["id"]: camera for camera in self.town.cameras}, self.town.tell)

    def application(self) -> web.Application:
        app = web.Application(middlewares=[self._guard])
        app.router.add_get("/", _index)
        app.router.add_static("/static", PAGE)
        app.router.add_post("/api/login", self._login)
        app.router.add_get("/api/site", self._site)
        app.router.add_get("/api/events", self._events)
        app.router.add_get("/api/events/{id}/snapshot", self._snapshot)
        app.router.add_get("/api/feed", self._feed)
        app.router.add_post("/api/cameras/{camera}/say", self._say)
        app.router.add_post("/api/cameras/{camera}/hush", self._hush)
        app.router.add_post("/api/logout", self._logout)
        app.router.add_post("/api/cameras/{camera}/ptz", self._ptz)
        app.router.add_get("/api/cameras/{camera}/presets", self._presets)
        app.router.add_post("/api/cameras/{camera}/volume", self._volume)
        app.router.add_get("/api/layouts", self._load)
        app.router.add_put("/api/layouts", self._store)
        app.add_routes(self.live.routes())
        app.router.add_get("/fake/wait", self._fake_wait)
        app.router.add_post("/fake/tell", self._fake_tell)
        app.router.add_post("/fake/mute", self._fake_mute)
        app.router.add_post("/fake/rename", self._fake_rename)
        app.router.add_post("/fake/event", self._fake_event)
        app.router.add_get("/fake/said", self._fake_said)
        app.cleanup_ctx.append(self._run)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        open_to_all = request.path in {"/", "/api/login"} or request.path.startswith(("/static", "/fake"))
        if self.token and not open_to_all and request.cookies.get("edge") != self.token:
            code = "login_missing" if self.options.agents else "token_missing"
            return refused(401, code, "nobody is signed in", "sign in")
        response: web.StreamResponse = await handler(request)
        if not response.prepared:
            response.headers.setdefault("Content-Security-Policy", POLICY)
            response.headers["Cache-Control"] = "no-store"
        return response

    async def _login(self, request: web.Request) -> web.Response:
        given = await request.json()
        if self.options.agents:
            given["token"] = given["password"] if given["name"] == "marie" else ""
        if given["token"] != self.token:
            return refused(401, "unauthorised", "the token is wrong", "ask your administrator")
        response = web.Response(status=204)
        response.set_cookie("edge", self.token, httponly=True, samesite="Strict")
        return response

    async def _logout(self, _: web.Request) -> web.Response:
        response = web.Response(status=204)
        response.del_cookie("edge")
        return response

    async def _ptz(self, request: web.Request) -> web.Response:
        self.said.append({"camera": request.match_info["camera"], "ptz": await request.json()})
        await self.live.tell_waiting()
        return web.Response(status=204)

    async def _presets(self, _: web.Request) -> web.Response:
        return _json(
            [{"token": "1", "name": "Carrefour"}, {"token": "2", "name": "Arrêt de bus"}, {"token": "3", "name": ""}]
        )

    async def _volume(self, request: web.Request) -> web.Response:
        self.said.append({"camera": request.match_info["camera"], **await request.json()})
        return web.Response(status=204)

    async def _load(self, _: web.Request) -> web.Response:
        return _json(self.layouts)

    async def _store(self, request: web.Request) -> web.Response:
        self.layouts = await request.json()
        return web.Response(status=204)

    async def _site(self, _: web.Request) -> web.Response:
        return _json(self.town.describe())

    async def _events(self, request: web.Request) -> web.Response:
        return _json(self.town.events[: int(request.query.get("limit", "50"))])

    async def _snapshot(self, request: web.Request) -> web.Response:
        return web.Response(body=self.town.snapshots[request.match_info["id"]], content_type="image/jpeg")

    async def _feed(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        listener: asyncio.Queue[tuple[str, Mapping[str, Any]]] = asyncio.Queue()
        self.town.listeners.add(listener)
        listener.put_nowait(("health", self.town.health()))
        with suppress(ConnectionError):
            while True:
                name, data = await listener.get()
                await response.write(f"event: {name}\ndata: {json.dumps(data)}\n\n".encode())
        self.town.listeners.discard(listener)
        return response

    async def _say(self, request: web.Request) -> web.Response:
        camera, what = request.match_info["camera"], await request.json()
        self.said.append({"camera": camera, **what})
        if what.get("text") == "refuse":
            return refused(503, "speaker_busy", "the loudspeaker is busy", "try again in a moment")
        utterance = str(uuid.uuid4())
        french, english = MESSAGES.get(what.get("message", ""), ("", ""))
        text = what.get("text") or (french if what["language"] == "fr" else english)
        self.town.tell(
            "speech",
            {"camera": camera, "state": "playing", "text": text, "language": what["language"], "actor": "page"},
        )
        receipt = {
            "utterance": utterance,
            "actor": "page",
            "message": what.get("message", ""),
            "language": what["language"],
            "text": text,
        }
        self.speaking[camera] = asyncio.get_running_loop().call_later(2.5, self._finish, camera, receipt, "played")
        return _json({"utterance": utterance}, 202)

    def _finish(self, camera: str, receipt: Mapping[str, Any], outcome: str) -> None:
        self.speaking.pop(camera, None)
        self.town.tell("speech", {"camera": camera, "state": "idle", "text": "", "language": "", "actor": ""})
        acoustic = {"heard": False} if receipt["text"] == "into the void" else None
        told = {**receipt, "outcome": outcome, "seconds": 2.5, "acoustic": acoustic}
        self.town.happen("talkdown.receipt", camera, told)

    async def _hush(self, request: web.Request) -> web.Response:
        camera = request.match_info["camera"]
        self.said.append({"camera": camera, "hush": True})
        if timer := self.speaking.pop(camera, None):
            timer.cancel()
            self.town.tell("speech", {"camera": camera, "state": "idle", "text": "", "language": "", "actor": ""})
        return web.Response(status=204)

    async def _fake_tell(self, request: web.Request) -> web.Response:
        told = await request.json()
        for camera in self.town.cameras:
            if told["name"] == "camera" and camera["id"] == told["data"]["id"]:
                camera.update(told["data"])
        self.town.tell(told["name"], told["data"])
        return _json({})

    async def _fake_mute(self, request: web.Request) -> web.Response:
        """Lets a loudspeaker refuse voices, though the page was told that it takes them."""
        self.live.muted.add((await request.json())["camera"])
        return _json({})

    async def _fake_rename(self, request: web.Request) -> web.Response:
        told = await request.json()
        for camera in self.town.cameras:
            if camera["id"] == told["camera"]:
                camera["name"] = told["name"]
        return _json({})

    async def _fake_said(self, _: web.Request) -> web.Response:
        live = self.live
        told = {"said": self.said, "closed": live.closed, "viewers": live.viewers, "asked": live.asked}
        return _json(told | {"heard": live.heard, "layouts": self.layouts})

    async def _fake_wait(self, request: web.Request) -> web.Response:
        """Waits until as many sessions were closed, as many words came to a moving camera, or so loud a voice."""
        least = {name: int(value) for name, value in request.query.items()}

        def reached() -> bool:
            moved = sum("ptz" in each for each in self.said)
            loudest = max((heard["loudest"] for heard in self.live.heard.values()), default=0)
            now = {"closed": len(self.live.closed), "moved": moved, "loudest": loudest}
            return all(now[name] >= value for name, value in least.items())

        await self.live.wait(reached)
        return await self._fake_said(request)

    async def _fake_event(self, request: web.Request) -> web.Response:
        told = await request.json()
        return _json({"id": self.town.happen(told["type"], told.get("camera"), told["data"])})

    async def _run(self, _: web.Application) -> AsyncIterator[None]:
        async def scenes() -> None:
            for count in range(1_000_000):
                for number in self.live.watched:
                    camera = self.town.cameras[number]
                    people = figures(number, time.time()) if camera["state"] == "online" else []
                    tracks = [asdict(person) | {"label": "person", "confidence": 0.9} for person in people]
                    self.town.tell(
                        "scene",
                        {"camera": camera["id"], "pts": int(time.monotonic() * 90_000), "age": 0.08, "tracks": tracks},
                    )
                if count % 25 == 0:
                    self.town.tell("health", self.town.health())
                await asyncio.sleep(0.2)

        task = asyncio.create_task(scenes())
        yield
        task.cancel()
        await self.live.close()


async def _index(_: web.Request) -> web.Response:
    text, policy = await asyncio.to_thread(read_document, "fr")
    return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": policy})


def _json(body: Any, status: int = 200) -> web.Response:
    return web.json_response(body, status=status)


def main() -> None:
    """Serves until it is told to leave."""
    logging.basicConfig(level=logging.WARNING)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8123)
    parser.add_argument("--cameras", type=int, default=2)
    parser.add_argument("--token", default="")
    parser.add_argument("--agents", type=int, default=0, help="be a control room with as many boxes")
    parser.add_argument("--role", default="operator", help="of whoever is signed in there")
    parser.add_argument("--well", action="store_true", help="with every camera online")
    parser.add_argument("--profile", default="site")
    parser.add_argument("--history", action="store_true", help="begin with events")
    options = parser.parse_args()
    web.run_app(FakeSite(options).application(), host="127.0.0.1", port=options.port, print=None, shutdown_timeout=0.2)


if __name__ == "__main__":
    main()
