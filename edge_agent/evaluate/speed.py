"""How long the models take on this machine, each alone and all of them on one picture."""

import os
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from edge_agent.appearance.inspector import Inspector
from edge_agent.detect.nanodet import Network
from edge_agent.detect.nanodet_onnx import open_network
from edge_agent.detect.tiles import open_detector
from edge_agent.errors import PermanentError
from edge_agent.inference.manifest import ModelSpec
from edge_agent.inference.models import Models
from edge_agent.settings import Settings
from edge_agent.values.detection import Label
from edge_agent.values.frame import Frame
from edge_agent.values.ids import TrackId
from edge_agent.values.track import Track

THREADS = (1, 2, 4)
RUNS = 30
BUDGET = 2.0
"""Seconds for one figure: on a slow board fewer runs must do."""


@dataclass(frozen=True, slots=True)
class Timing:
    """One figure.

    Attributes:
        name: of what was timed.
        ms: median milliseconds for each number of threads; none where the runtime for it is not installed.
    """

    name: str
    ms: dict[int, float]


def thread_counts() -> tuple[int, ...]:
    """Returns the numbers of threads that are worth a try on this machine."""
    cores = len(os.sched_getaffinity(0))
    return tuple(count for count in THREADS if count <= cores)


def time_models(settings: Settings) -> Iterator[Timing]:
    """Yields the time of every model of the manifest, fed with noise; blocks.

    Raises:
        PermanentError: a model file is missing or not the one in the manifest, or its runtime is not installed.
    """
    noise = np.random.default_rng(1)
    for spec in Models(settings.inference).specs():
        fed = noise.normal(size=spec.input.shape).astype(np.float32)
        networks = {threads: _network(_models(settings, threads), spec) for threads in thread_counts()}
        yield Timing(
            spec.name, {threads: _median(partial(network.run, fed)) for threads, network in networks.items() if network}
        )


def time_sight(settings: Settings, frame: Frame) -> Iterator[Timing]:
    """Yields the time of finding people in a picture and of looking at one of them; blocks.

    Args:
        settings: which detector and networks.
        frame: with a person whose face is seen.

    Raises:
        PermanentError: as ``time_models``; or nobody is found in the picture.
    """
    finding, looking = {}, {}
    for threads in thread_counts():
        models = _models(settings, threads)
        detector, inspector = open_detector(settings.detector, models), Inspector(models, settings.appearance)
        track = next(
            (
                Track(TrackId(1), found.label, found.score, found.box, frame.arrived, frame.arrived)
                for found in detector.detect(frame)
                if found.label is Label.PERSON
            ),
            None,
        )
        if track is None or inspector.inspect(frame, track) is None:
            raise PermanentError("no face was found in the picture that is measured with", "see `models verify`")
        finding[threads] = _median(partial(detector.detect, frame))
        looking[threads] = _median(partial(inspector.inspect, frame, track))
    yield Timing(f"people in {frame.width}x{frame.height}", finding)
    yield Timing("one look at a person", looking)


def _network(models: Models, spec: ModelSpec) -> Network | None:
    """Returns a model ready to compute, None where it needs a runtime that this box lacks and no setting asked for."""
    if not spec.file.endswith(".onnx"):
        return models.load(spec.name)
    _, height, width, _ = spec.input.shape
    try:
        return open_network(models, (width, height), ("cpu",))
    except PermanentError:
        return None


def _models(settings: Settings, threads: int) -> Models:
    return Models(settings.inference.model_copy(update={"threads": threads}))


def _median(work: Callable[[], object]) -> float:
    """Returns milliseconds; the first run, which allocates and warms up, is not counted."""
    work()
    spent: list[float] = []
    while len(spent) < RUNS and sum(spent) < BUDGET:
        begun = time.perf_counter()
        work()
        spent.append(time.perf_counter() - begun)
    return 1000 * statistics.median(spent)
