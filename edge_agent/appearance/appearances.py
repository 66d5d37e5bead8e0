"""Who of a camera's people deserves a look now, and what the looks say about each."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from edge_agent.appearance.head import Head
from edge_agent.appearance.settings import AppearanceSettings
from edge_agent.appearance.vote import Vote
from edge_agent.values.detection import Label
from edge_agent.values.frame import Frame
from edge_agent.values.ids import TrackId
from edge_agent.values.look import Judgement, Look
from edge_agent.values.time import Monotonic
from edge_agent.values.track import Track

EAGER = 6
"""Looks at full rate; after so many that led to nothing the person is facing away, or stays undecided."""


@dataclass(slots=True)
class _Person:
    vote: Vote
    asked: Monotonic
    fruitless: int = 0


class Appearances:
    """The people in one camera's picture; for one coroutine.

    Args:
        settings: how carefully faces are looked at.
    """

    def __init__(self, settings: AppearanceSettings) -> None:
        self._settings = settings
        self._people: dict[TrackId, _Person] = {}

    def due(self, tracks: Iterable[Track], frame: Frame) -> list[Track]:
        """Returns the tracks to look at in this picture; whoever was looked at longest ago comes first.

        Args:
            tracks: as the tracker knows them after this picture.
            frame: the picture; only people who are seen in it, large enough to show a face, get a look.
        """
        ready = [
            track
            for track in tracks
            if track.label is Label.PERSON
            and track.seen >= frame.arrived
            and self._waited(track.id, frame.arrived)
            and Head.of(track.box, frame).may_show(self._settings.min_face)
        ]
        ready.sort(key=lambda track: self._people[track.id].asked if track.id in self._people else float("-inf"))
        chosen = ready[: self._settings.looks_at_once]
        for track in chosen:
            person = self._people.setdefault(track.id, _Person(Vote(self._settings), frame.arrived))
            person.asked = frame.arrived
        return chosen

    def add(self, track: TrackId, look: Look | None) -> None:
        """Counts what came of a look at a track that was due; None where no face was seen."""
        person = self._people[track]
        if look is not None:
            person.vote.add(look)
        person.fruitless = 0 if look is not None and person.vote.settled else person.fruitless + 1

    def judgements(self) -> dict[TrackId, Judgement]:
        """Returns what the looks say about every track that had enough of them."""
        return {
            track: person.vote.judgement for track, person in self._people.items() if person.vote.judgement is not None
        }

    def forget(self, alive: Collection[TrackId]) -> None:
        """Drops what is known about all other tracks."""
        self._people = {track: person for track, person in self._people.items() if track in alive}

    def _waited(self, track: TrackId, now: Monotonic) -> bool:
        person = self._people.get(track)
        return person is None or now - person.asked >= self._interval(person)

    def _interval(self, person: _Person) -> float:
        if person.vote.settled and not person.fruitless:
            return self._settings.review_every
        return min(self._settings.review_every, self._settings.look_every * max(1, person.fruitless - EAGER + 1))
