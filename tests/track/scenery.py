"""People who walk through a simulated picture, and a detector as imperfect as the real ones."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from edge_agent.values.detection import Detection, Label
from edge_agent.values.geometry import Box
from edge_agent.values.time import Monotonic

START = 1000.0


@dataclass(frozen=True)
class Walker:
    """A person of a height, whose foot is at ``path(seconds)``; hidden where ``hidden(seconds)``."""

    height: float
    path: Callable[[float], tuple[float, float]]
    hidden: Callable[[float], bool] = lambda _: False

    def box(self, seconds: float) -> Box:
        x, y = self.path(seconds)
        half = self.height * 0.35 * 9 / 16 / 2
        return Box(x - half, y - self.height, x + half, y)


def straight(x: float, y: float, speed: float) -> Callable[[float], tuple[float, float]]:
    """A path across the picture, ``speed`` in heights of a person of 0.3 a second."""
    return lambda seconds: (x + speed * 0.3 * 9 / 16 * seconds, y)


@dataclass(frozen=True)
class Detecting:
    """How detections differ from the truth: jitter in fractions of the size, misses, rate of frames and its jitter."""

    jitter: float = 0.04
    missed: float = 0.05
    rate: float = 5.0
    uneven: float = 0.2
    score: float = 0.7

    def watch(
        self, walkers: Sequence[Walker], seconds: float, rng: random.Random
    ) -> Iterator[tuple[Monotonic, list[tuple[int, Detection]]]]:
        """Yields the time of each picture and what is found in it, each with the number of its walker."""
        now = 0.0
        while now < seconds:
            found = [
                (number, Detection(Label.PERSON, self._score(rng), self._box(walker.box(now), rng)))
                for number, walker in enumerate(walkers)
                if not walker.hidden(now) and rng.random() >= self.missed
            ]
            rng.shuffle(found)
            yield Monotonic(START + now), found
            now += rng.uniform(1 - self.uneven, 1 + self.uneven) / self.rate

    def _score(self, rng: random.Random) -> float:
        return min(max(rng.gauss(self.score, 0.12), 0.25), 0.99)

    def _box(self, box: Box, rng: random.Random) -> Box:
        dx, dy = self.jitter * box.width, self.jitter * box.height
        return Box(
            box.left + rng.gauss(0, dx),
            box.top + rng.gauss(0, dy),
            box.right + rng.gauss(0, dx),
            box.bottom + rng.gauss(0, dy),
        )
