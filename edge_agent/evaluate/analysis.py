"""Footage understood as a camera's pictures are, by the same code, without a broker: events and tracks as they end."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from edge_agent.appearance.inspector import Inspector
from edge_agent.appearance.masks import ORDER
from edge_agent.appearance.settings import AppearanceSettings
from edge_agent.detect import Detector
from edge_agent.detect.tiles import detect_within
from edge_agent.events.envelope import plain
from edge_agent.motion.focus import Focus
from edge_agent.motion.lookout import Lookout
from edge_agent.policy import Policy
from edge_agent.settings import CameraSettings, Settings
from edge_agent.sight import Sight
from edge_agent.values.detection import Detection, Label
from edge_agent.values.event import EventData
from edge_agent.values.frame import Frame
from edge_agent.values.geometry import Box
from edge_agent.values.ids import TrackId
from edge_agent.values.look import Judgement, Look, Verdict
from edge_agent.values.time import Monotonic
from edge_agent.values.track import Scene, Track

Line = dict[str, object]
"""What happened, as JSON types; ``type`` says what it is."""


class FilmClock:
    """See ``Clock``: the footage's own time, so that what lasts a minute in it lasts a minute however fast it is seen.

    Attributes:
        at: seconds from the footage's beginning.
    """

    def __init__(self, begun: datetime) -> None:
        self.at = Monotonic(0.0)
        self._begun = begun

    def monotonic(self) -> Monotonic:
        """See ``Clock``."""
        return self.at

    def wall(self) -> datetime:
        """See ``Clock``."""
        return self._begun + timedelta(seconds=self.at)


@dataclass(slots=True)
class Seen:
    """What was seen in all.

    Attributes:
        pictures: of the footage.
        understood: pictures that were worth it.
        tracks: followed to their end, by what they are.
        verdicts: on the people among them, by how the mask was worn; None where no face was seen well enough.
        faces: in a photo, of people who are not judged, by the verdict of one look.
        seconds: of footage.
    """

    pictures: int
    understood: int
    tracks: Counter[Label]
    verdicts: Counter[Verdict | None]
    faces: Counter[Verdict | None]
    seconds: float


class Analysis:
    """Understands one camera's footage; for one coroutine. What blocks is done in threads.

    Args:
        settings: of the site.
        camera: whose rules hold.
        detector: finds people and vehicles.
        inspector: looks at their faces.

    Attributes:
        seen: what was seen so far.
        scene: the newest picture's that was understood.
    """

    def __init__(self, settings: Settings, camera: CameraSettings, detector: Detector, inspector: Inspector) -> None:
        self.seen = Seen(0, 0, Counter(), Counter(), Counter(), 0.0)
        self.scene = Scene(Monotonic(0.0), (), {})
        self._policy = settings.allowed
        self._inspector = inspector
        self._appearance = settings.appearance
        self._clock = FilmClock(datetime.now(UTC))
        self._lookout = Lookout(camera.motion, camera.fps)
        self._sight = Sight(
            partial(_detect, detector),
            inspector,
            asyncio.to_thread,
            tracking=settings.tracking,
            appearance=settings.appearance,
            focus=Focus() if camera.motion.area == "moving" else None,
            rules=[rule.build(self._policy, self._clock) for rule in camera.rules.values()],
        )
        self._ticked = 0
        self._alive: dict[TrackId, tuple[Track, Judgement | None]] = {}

    async def see(self, frame: Frame) -> list[Line]:
        """Takes the next picture and returns what happened, usually nothing."""
        self._clock.at = frame.arrived
        self.seen.pictures += 1
        self.seen.seconds = frame.arrived
        lines = [self._event(data) for data in self._tick()]
        if await asyncio.to_thread(self._lookout.passes, frame):
            self.scene = await self._sight.understand(frame, self._lookout.moving)
            self._lookout.followed = bool(self.scene.tracks)
            self.seen.understood += 1
            lines += [self._event(data) for data in self._sight.judge(self.scene)]
            lines += self._ended(self.scene)
        return lines

    def others(self, photo: Frame) -> list[Judgement]:
        """Returns what one look says of every face in a photo of somebody who is not judged; blocks, often seconds.

        A camera passes these over: it follows bodies, and one look is no verdict.

        Args:
            photo: the picture that ``scene`` is of.
        """
        people = [track.box for track in self.scene.tracks if track.label is Label.PERSON]
        # A judged person has one face; what else looks like one on the body, or within a face, is a part or a badge.
        taken = [track.box for track in self.scene.tracks if track.id in self.scene.judgements]
        found: list[Judgement] = []
        for look in self._inspector.survey(photo, people):
            if not any(box.holds(look.face.centre) for box in taken):
                taken.append(look.face)
                found.append(_said(look, self._appearance))
        self.seen.faces.update(face.verdict for face in found)
        return found

    def end(self) -> list[Line]:
        """Returns what is left to tell: everybody who was still there."""
        return self._ended(Scene(self._clock.at, (), {}))

    def _tick(self) -> Iterator[EventData]:
        while self._ticked < int(self._clock.at):
            self._ticked += 1
            yield from self._sight.tick()

    def _event(self, data: EventData) -> Line:
        told = plain(data)
        return {"type": data.type, "at": round(self._clock.at, 2), **(told if isinstance(told, dict) else {})}

    def _ended(self, scene: Scene) -> list[Line]:
        alive = {track.id: (track, self._judged(track, scene)) for track in scene.tracks}
        gone = [self._alive[track] for track in self._alive if track not in alive]
        self._alive = alive
        for track, judgement in gone:
            self.seen.tracks[track.label] += 1
            if track.label is Label.PERSON:
                self.seen.verdicts[judgement.verdict if judgement else None] += 1
        # A track with its verdict is about one person, as much as an event is.
        return [_track(*each) for each in gone] if self._policy.individual_events else []

    def _judged(self, track: Track, scene: Scene) -> Judgement | None:
        _, before = self._alive.get(track.id, (track, None))
        return scene.judgements.get(track.id, before)


async def _detect(detector: Detector, frame: Frame, part: Box | None, /) -> Sequence[Detection]:
    return await asyncio.to_thread(detect_within, detector, frame, part)


def summarise(seen: Seen, policy: Policy, spent: float, broken: int, *, still: bool) -> Iterator[str]:
    """Yields what was seen in all, in sentences.

    Args:
        seen: by the analysis.
        policy: without individual events no verdicts are told of so few people.
        spent: seconds that it took.
        broken: pictures that could not be decoded.
        still: whether it was a photo, which has no length that a pace could be told of.
    """
    pace = f", {seen.seconds / spent:.1f} times real time" if spent and seen.seconds else ""
    looked = f"{seen.understood} of {seen.pictures} pictures looked at"
    yield (
        f"a photo, looked at for {spent:.1f} s"
        if still
        else f"{seen.seconds:.0f} s of footage in {spent:.0f} s{pace}; {looked}"
    )
    if broken:
        yield f"{broken} pictures could not be decoded; copy or record the footage again if that is much"
    if not seen.tracks and not seen.faces:
        yield "nobody and no vehicle was seen; people need to be about a fifteenth of the picture's height"
    if seen.tracks:
        yield "followed: " + ", ".join(f"{count} {label}" for label, count in seen.tracks.most_common())
    if seen.verdicts.total() and policy.individual_events:
        yield f"masks: {_counted(seen.verdicts) or 'nobody could be judged'}"
        if faceless := seen.verdicts[None]:
            yield f"{faceless} people showed no face often and large enough; faces need 20 pixels and three looks"
    if seen.faces:
        yield f"{seen.faces.total()} more faces, of people not followed: {_counted(seen.faces)}, by one look each"


def _counted(verdicts: Counter[Verdict | None]) -> str:
    return ", ".join(f"{count} {worn.replace('_', ' ')}" for worn, count in verdicts.most_common() if worn)


def _said(look: Look, appearance: AppearanceSettings) -> Judgement:
    confidence = max(look.scores)
    best = ORDER[look.scores.index(confidence)]
    sure = confidence >= appearance.score(best)
    return Judgement(best if sure else Verdict.UNSURE, confidence, 1, look.face)


def tell_face(face: Judgement) -> Line:
    """Returns what to tell of a face in a photo that belongs to nobody who is followed."""
    return {
        "type": "face",
        "at": 0.0,
        "box": plain(face.face),
        "verdict": face.verdict.value,
        "confidence": round(face.confidence, 4),
    }


def _track(track: Track, judgement: Judgement | None) -> Line:
    return {
        "type": "track",
        "track": track.id,
        "label": track.label.value,
        "since": round(track.started, 2),
        "until": round(track.seen, 2),
        "box": plain(track.box),
        "verdict": judgement.verdict.value if judgement else None,
        "confidence": round(judgement.confidence, 4) if judgement else None,
        "looks": judgement.looks if judgement else 0,
    }


def describe(line: Line) -> str:
    """Returns a line of what happened for people."""
    if line["type"] != "track":
        rest = {key: value for key, value in line.items() if key not in {"type", "at", "box", "face"}}
        return f"{line['at']:7.1f} s  {line['type']}  " + "  ".join(f"{key} {value}" for key, value in rest.items())
    worn = f"{line['verdict']} ({line['confidence']:.2f}, {line['looks']} looks)" if line["verdict"] else "not judged"
    about = f"  {worn}" if line["label"] == Label.PERSON else ""
    return f"{line['until']:7.1f} s  {line['label']} {line['track']} ends, seen since {line['since']:.1f} s{about}"
