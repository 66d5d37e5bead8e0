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
from datetime import UTC, datetime, timedelta
from typing import Any

import cv2
from aiohttp import web
from aiohttp.typedefs import Handler

from edge_agent.web.document import PAGE, POLICY, read_document
from tests.page.fake_live import FakeLive, refused
from tests.page.figures import HEIGHT, WIDTH, drawn, figures, street

PLACES = (
    "Rue de la République",
    "Place du Marché",
    "Gare routière",
    "École Jules-Ferry",
    "Pont Neuf",
    "Parking des Halles",
)
QUARTERS = ("Centre-ville", "Gare", "Les Halles", "Port")
MESSAGES = {
    "mask": (
        "Bonjour, merci de bien porter votre masque sur le nez et la bouche.",
        "Please wear your mask over nose and mouth.",
    ),
    "distance": ("Merci de garder vos distances.", "Please keep your distance."),
    "forbidden": (
        "Cette zone est sous vidéoprotection et interdite au public. Veuillez la quitter.",
        "You are in a closed area under video protection. Please leave.",
    ),
}
REASON = "10.0.4.21 does not answer"
REMEDY = "check its power, its cable and the address; a firewall may be between"
SPOKEN: dict[str, Any] = {"outcome": "played", "text": MESSAGES["mask"][0], "actor": "rule:mask", "seconds": 4.2}
UNSPOKEN: dict[str, Any] = {"outcome": "failed", "text": MESSAGES["distance"][0], "actor": "operator", "seconds": 0}
COUNTS: dict[str, Any] = {"since": "2026-11-23T09:00:00Z", "until": "2026-11-23T09:20:00Z", "mask": 41}
HISTORY: list[tuple[int, str, int, dict[str, Any]]] = [
    (190, "camera.status", 3, {"state": "offline", "reason": REASON, "remedy": REMEDY}),
    (95, "audit", 0, {"actor": "operator", "action": "live.open", "camera": "cam1", "outcome": "done"}),
    (71, "mask.verdict", 1, {"verdict": "incorrect", "confidence": 0.81}),
    (48, "talkdown.receipt", 0, SPOKEN | {"message": "mask", "utterance": "1"}),
    (47, "mask.verdict", 0, {"verdict": "no_mask", "confidence": 0.93}),
    (33, "mask.statistics", 0, COUNTS | {"no_mask": 6, "incorrect": 3, "unsure": 9}),
    (12, "mask.verdict", 1, {"verdict": "no_mask", "confidence": 0.88}),
    (6, "talkdown.receipt", 1, UNSPOKEN | {"reason": "10.0.4.22 refused the connection", "utterance": "2"}),
    (1, "mask.verdict", 0, {"verdict": "no_mask", "confidence": 0.96}),
]


class FakeSite:
    """Answers as an agent would, with drawn cameras."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.token: str = options.token
        self.role: str = options.role
        self.profile: str = options.profile
        self.layouts: dict[str, Any] = {}
        self.said: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.snapshots: dict[str, bytes] = {}
        self.listeners: set[asyncio.Queue[tuple[str, Mapping[str, Any]]]] = set()
        self.speaking: dict[str, asyncio.TimerHandle] = {}
        self.cameras = [self._camera(i) for i in range(options.cameras)]
        self.live = FakeLive({camera["id"]: camera for camera in self.cameras}, self.tell)
        if options.history:
            self._remember()

    def _camera(self, i: int) -> dict[str, Any]:
        offline = i % 4 == 3 and not self.options.well
        agent = f"box-{1 + i * self.options.agents // self.options.cameras}" if self.options.agents else ""
        return {
            "id": f"{agent}:cam{i + 1}" if agent else f"cam{i + 1}",
            "number": i,
            **({"agent": agent} if agent else {}),
            "name": PLACES[i % len(PLACES)] + (f" {i // len(PLACES) + 1}" if i >= len(PLACES) else ""),
            "place": f"Mât {i + 1}, face nord",
            "state": "offline" if offline else "online",
            "reason": REASON if offline else "",
            "remedy": REMEDY if offline else "",
            "speaker": i % 4 != 2,
            "voice": i % 4 != 2,
            "volume": -6.0 if i % 4 != 2 else None,
            "ptz": i % 4 == 0,
            "streams": ["main", "sub"],
            "viewers": 0,
            "masks": i % 3,
            "width": WIDTH,
            "height": HEIGHT,
        }

    def _remember(self) -> None:
        for minutes, kind, i, data in HISTORY:
            if i < len(self.cameras):
                self.happen(kind, self.cameras[i]["id"], data, timedelta(minutes=minutes))

    def happen(self, kind: str, camera: str | None, data: Mapping[str, Any], ago: timedelta = timedelta()) -> str:
        identity = str(uuid.uuid4())
        at = datetime.now(UTC) - ago
        snapshot = None
        if kind == "mask.verdict" and camera:
            number = int(camera.rpartition("cam")[2]) - 1
            picture = drawn(street(number), figures(number, at.timestamp()))
            self.snapshots[identity] = cv2.imencode(".jpg", picture)[1].tobytes()
            snapshot = f"/api/events/{identity}/snapshot"
        agent, _, name = (camera or "").rpartition(":")
        source = f"/edge/v1/{agent or 'box-7'}" + (f"/camera/{name}" if camera else "")
        person = {"track": 7, "looks": 5} if kind == "mask.verdict" else {}
        event = {
            "specversion": "1.0",
            "id": identity,
            "source": source,
            "type": f"edge.v1.{kind}",
            "time": at.isoformat(),
            "snapshot": snapshot,
            "data": {"sequence": len(self.events), **person, **data},
        }
        self.events.insert(0, event)
        self.tell("event", event)
        return identity

    def tell(self, name: str, data: Mapping[str, Any]) -> None:
        for listener in self.listeners:
            listener.put_nowait((name, data))

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
        free = self.profile == "site"
        policy = {"profile": self.profile, "individual_events": free, "snapshots": free, "automatic_talkdown": free}
        messages = [{"id": key, "texts": {"fr": french, "en": english}} for key, (french, english) in MESSAGES.items()]
        told: dict[str, Any] = {"policy": policy, "cameras": self.cameras, "messages": messages}
        told["languages"] = ["fr", "en"]
        told["agent"] = {"id": "box-7", "name": "Boîtier Centre-ville", "version": "0.1.0"}
        if self.options.agents:
            agents = [self._agent(i, told) for i in range(self.options.agents)]
            rights = ["layout", "live"] + (["ptz", "speak"] if self.role != "viewer" else [])
            user = {"name": "marie", "role": self.role, "actions": rights}
            told |= {"console": True, "user": user, "policy": None, "agents": agents}
        return _json(told)

    def _agent(self, i: int, told: Mapping[str, Any]) -> dict[str, Any]:
        quarter = QUARTERS[i % len(QUARTERS)]
        return {
            "id": f"box-{i + 1}",
            "name": f"Boîtier {quarter}",
            "place": quarter,
            "version": "0.1.0",
            "state": "online",
            "policy": told["policy"],
            "messages": told["messages"],
            "languages": told["languages"],
        }

    async def _events(self, request: web.Request) -> web.Response:
        return _json(self.events[: int(request.query.get("limit", "50"))])

    async def _snapshot(self, request: web.Request) -> web.Response:
        return web.Response(body=self.snapshots[request.match_info["id"]], content_type="image/jpeg")

    async def _feed(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        listener: asyncio.Queue[tuple[str, Mapping[str, Any]]] = asyncio.Queue()
        self.listeners.add(listener)
        listener.put_nowait(("health", self._health()))
        with suppress(ConnectionError):
            while True:
                name, data = await listener.get()
                await response.write(f"event: {name}\ndata: {json.dumps(data)}\n\n".encode())
        self.listeners.discard(listener)
        return response

    async def _say(self, request: web.Request) -> web.Response:
        camera, what = request.match_info["camera"], await request.json()
        self.said.append({"camera": camera, **what})
        if what.get("text") == "refuse":
            return refused(503, "speaker_busy", "the loudspeaker is busy", "try again in a moment")
        utterance = str(uuid.uuid4())
        french, english = MESSAGES.get(what.get("message", ""), ("", ""))
        text = what.get("text") or (french if what["language"] == "fr" else english)
        self.tell(
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
        self.tell("speech", {"camera": camera, "state": "idle", "text": "", "language": "", "actor": ""})
        acoustic = {"heard": False} if receipt["text"] == "into the void" else None
        self.happen("talkdown.receipt", camera, {**receipt, "outcome": outcome, "seconds": 2.5, "acoustic": acoustic})

    async def _hush(self, request: web.Request) -> web.Response:
        camera = request.match_info["camera"]
        self.said.append({"camera": camera, "hush": True})
        if timer := self.speaking.pop(camera, None):
            timer.cancel()
            self.tell("speech", {"camera": camera, "state": "idle", "text": "", "language": "", "actor": ""})
        return web.Response(status=204)

    async def _fake_tell(self, request: web.Request) -> web.Response:
        told = await request.json()
        for camera in self.cameras:
            if told["name"] == "camera" and camera["id"] == told["data"]["id"]:
                camera.update(told["data"])
        self.tell(told["name"], told["data"])
        return _json({})

    async def _fake_mute(self, request: web.Request) -> web.Response:
        """Lets a loudspeaker refuse voices, though the page was told that it takes them."""
        self.live.muted.add((await request.json())["camera"])
        return _json({})

    async def _fake_rename(self, request: web.Request) -> web.Response:
        told = await request.json()
        for camera in self.cameras:
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
        return _json({"id": self.happen(told["type"], told.get("camera"), told["data"])})

    def _health(self) -> dict[str, Any]:
        cameras = {
            c["id"]: {"fps": 14.8 if c["state"] == "online" else 0, "analysed_fps": 5, "dropped": 0, "viewers": 1}
            for c in self.cameras
        }
        return {
            "load": 1.4,
            "cpu": 0.31,
            "temperature": 58.6,
            "memory": {"rss": 412_000_000, "total": 3_980_000_000},
            "disk": {"free": 21_400_000_000},
            "uptime": 273_000,
            "broker": {"connected": True},
            "outbox": 0,
            "cameras": cameras,
        }

    async def _run(self, _: web.Application) -> AsyncIterator[None]:
        async def scenes() -> None:
            for count in range(1_000_000):
                for number in self.live.watched:
                    camera = self.cameras[number]
                    people = figures(number, time.time()) if camera["state"] == "online" else []
                    tracks = [asdict(person) | {"label": "person", "confidence": 0.9} for person in people]
                    self.tell(
                        "scene",
                        {"camera": camera["id"], "pts": int(time.monotonic() * 90_000), "age": 0.08, "tracks": tracks},
                    )
                if count % 25 == 0:
                    self.tell("health", self._health())
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
