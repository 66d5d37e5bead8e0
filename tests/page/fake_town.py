"""The town of a fake site: drawn cameras on any number of boxes, what happened there, and who is told of it."""

import argparse
import asyncio
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import cv2

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


class FakeTown:
    """Keeps what a site knows; ``options`` are those of ``fake_site``."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.events: list[dict[str, Any]] = []
        self.snapshots: dict[str, bytes] = {}
        self.listeners: set[asyncio.Queue[tuple[str, Mapping[str, Any]]]] = set()
        self.cameras = [self._camera(i) for i in range(options.cameras)]
        if options.history:
            self._remember()

    def describe(self) -> dict[str, Any]:
        """Returns what ``GET /api/site`` answers."""
        free = self.options.profile == "site"
        policy = {
            "profile": self.options.profile,
            "individual_events": free,
            "snapshots": free,
            "automatic_talkdown": free,
        }
        messages = [{"id": key, "texts": {"fr": french, "en": english}} for key, (french, english) in MESSAGES.items()]
        told: dict[str, Any] = {"policy": policy, "cameras": self.cameras, "messages": messages}
        told["languages"] = ["fr", "en"]
        told["agent"] = {"id": "box-7", "name": "Boîtier Centre-ville", "version": "0.1.0"}
        if self.options.agents:
            agents = [self._agent(i, told) for i in range(self.options.agents)]
            actions = ["layout", "live"] + (["ptz", "speak"] if self.options.role != "viewer" else [])
            user = {"name": "marie", "role": self.options.role, "actions": actions}
            told |= {"console": True, "user": user, "policy": None, "agents": agents}
        return told

    def health(self) -> dict[str, Any]:
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
