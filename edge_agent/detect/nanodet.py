"""NanoDet: people, vehicles and animals in one look at a small picture (Lyu, github.com/RangiLyu/nanodet)."""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from edge_agent.detect import Detector, DetectorSettings
from edge_agent.inference.feed import Feed
from edge_agent.inference.manifest import ModelSpec
from edge_agent.inference.models import Models
from edge_agent.inference.suppression import suppress
from edge_agent.values.detection import Detection, Label
from edge_agent.values.frame import Frame
from edge_agent.values.geometry import Box

Floats: TypeAlias = NDArray[np.float32]

STRIDES = (8, 16, 32)
BINS = 11
"""A side's distance is a distribution over so many whole strides (Li et al., Generalized Focal Loss, 2020)."""

OVERLAP = 0.5
"""Two people one behind the other overlap by less, two boxes of one person by more."""

MOST = 100
"""More people in one picture is a crowd that no track or verdict comes out of."""

SHAPES = {320: ((320, 320), (320, 192)), 416: ((416, 416), (416, 256))}
"""Inputs (width, height) by ``size``: a square, and one for 16:9 that computes two fifths less for the same scale."""


class NanodetSettings(DetectorSettings):
    """NanoDet-g: finds nearly everyone in street footage."""

    kind: Literal["nanodet"] = "nanodet"
    size: Literal[320, 416] = Field(
        default=416, description="pixels of the network's side; 320 takes half the time and misses people far away"
    )
    precision: Literal["int8", "fp16"] = Field(
        default="int8",
        description="bits of weights and activations; 8 take two fifths of the time, and 98 of 100 boxes are the same",
    )

    @override
    def build(self, models: Models) -> Detector:
        """See ``DetectorSettings``."""
        return Nanodet([models.load(self._name(*shape)) for shape in SHAPES[self.size]], self.scores)

    def _name(self, width: int, height: int) -> str:
        shape = f"{width}" if width == height else f"{width}x{height}"
        return f"person-nanodet-{shape}" + "-int8" * (self.precision == "int8")


class Network(Protocol):
    """NanoDet in some runtime, for one input shape.

    Attributes:
        spec: how it is fed, and its labels.
    """

    spec: ModelSpec

    def run(self, fed: Floats, /) -> Sequence[Floats]:
        """Returns what ``Decoder`` reads for an input of ``spec``; blocks."""
        ...


class Nanodet:
    """See ``Detector``; a picture goes to the network that shows it largest, of those to the one that computes least.

    Args:
        networks: the same weights for inputs of different shapes.
        scores: what to find, and the score that each needs.
    """

    def __init__(self, networks: Sequence[Network], scores: Mapping[Label, float]) -> None:
        self._eyes = [_Eye(network, scores) for network in networks]

    def detect(self, frame: Frame) -> Sequence[Detection]:
        """See ``Detector``."""
        return max(self._eyes, key=lambda eye: eye.suits(frame)).detect(frame)


class _Eye:
    """A network with its input and its answer."""

    def __init__(self, network: Network, scores: Mapping[Label, float]) -> None:
        self._network = network
        self._decoder = Decoder(network.spec, scores)
        self._feed = Feed(network.spec.input)
        _, height, width, _ = network.spec.input.shape
        self._pixels = height * width

    def suits(self, frame: Frame) -> tuple[int, int]:
        """Returns how large a picture is shown, and how little is computed for it."""
        return self._feed.fit(frame.width, frame.height)[0], -self._pixels

    def detect(self, frame: Frame) -> Sequence[Detection]:
        size = self._feed.fit(frame.width, frame.height)
        fed = self._feed.write(frame.bgr(*size))
        return self._decoder.decode(self._network.run(fed), size)


class Decoder:
    """Reads what the network answers.

    Args:
        spec: of the network; its labels name the columns of the scores.
        scores: what to find, and the score that each needs.
    """

    def __init__(self, spec: ModelSpec, scores: Mapping[Label, float]) -> None:
        self._labels = tuple(scores)
        self._columns = np.array([spec.labels.index(label) for label in scores], np.intp)
        self._least = np.array(list(scores.values()), np.float32)
        _, height, width, _ = spec.input.shape
        self._centres = [_centres(width, height, stride) for stride in STRIDES]

    def decode(self, outputs: Sequence[Floats], size: tuple[int, int]) -> list[Detection]:
        """Returns what was found, best first, in fractions of the picture.

        Args:
            outputs: for each stride scores, float32 (1, n, labels), then for each stride float32 (1, n, 4 * BINS):
                logits of the distances from a cell's centre to the left, top, right and bottom.
            size: (width, height) that the picture has in the input, in pixels.
        """
        found = [
            self._candidates(scores[0], sides[0], centres, stride)
            for scores, sides, centres, stride in zip(outputs[:3], outputs[3:], self._centres, STRIDES, strict=True)
        ]
        boxes, scores, classes = (np.concatenate(parts) for parts in zip(*found, strict=True))
        keep = suppress(boxes, scores, classes, overlap=OVERLAP, most=MOST)
        limits = np.array([*size, *size], np.float32)
        fractions = (np.clip(boxes[keep], 0, limits) / limits).tolist()
        return [
            Detection(self._labels[label], score, Box(*box))
            for box, score, label in zip(fractions, scores[keep].tolist(), classes[keep].tolist(), strict=True)
            if box[0] < box[2] and box[1] < box[3]
        ]

    def _candidates(
        self, scores: Floats, sides: Floats, centres: Floats, stride: int
    ) -> tuple[Floats, Floats, NDArray[np.intp]]:
        """Returns boxes in pixels of the input, scores, and places in ``labels``, of what scores enough."""
        wanted = scores[:, self._columns]
        rows, classes = np.nonzero(wanted >= self._least)
        logits = sides[rows].reshape(-1, 4, BINS)
        weights = np.exp(logits - logits.max(axis=2, keepdims=True))
        distances = weights @ np.arange(BINS, dtype=np.float32) / weights.sum(axis=2) * stride
        distances[:, :2] *= -1
        boxes: Floats = np.tile(centres[rows], 2) + distances
        return boxes, wanted[rows, classes], classes


def _centres(width: int, height: int, stride: int) -> Floats:
    """Returns the centres of a grid's cells row by row, float32 (n, 2), in pixels of the input."""
    y, x = np.mgrid[stride / 2 : height : stride, stride / 2 : width : stride]
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)
