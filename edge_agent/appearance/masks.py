"""How a mask is worn on one face: our own network, see its model card."""

from dataclasses import dataclass

import numpy as np

from edge_agent.appearance.faces import Face
from edge_agent.appearance.square import Square
from edge_agent.errors import PermanentError
from edge_agent.inference.feed import Feed
from edge_agent.inference.model import Model
from edge_agent.values.frame import Frame, Pixels
from edge_agent.values.look import Verdict

ORDER = (Verdict.MASK, Verdict.NO_MASK, Verdict.INCORRECT)
"""How a look's scores are ordered."""

NOTHING = "nothing"
"""The network's own word for a nape, a hand, a sign: what a face detector takes for a face and is none."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the network says of one picture.

    Attributes:
        scores: probabilities of mask, no mask and incorrect if it is a face; they add up to 1.
        face: probability that it is a face at all.
    """

    scores: tuple[float, float, float]
    face: float


class Masks:
    """Judges single faces; for the inference worker's thread.

    Args:
        model: the network.

    Raises:
        PermanentError: the manifest does not tell how to show it faces, or what it answers.
    """

    def __init__(self, model: Model) -> None:
        if set(model.spec.labels) != {*ORDER, NOTHING} or model.spec.crop is None:
            raise PermanentError(f"the manifest of {model.spec.name} lacks labels or crop", "install edge-agent again")
        self._model = model
        self._columns = [model.spec.labels.index(label) for label in (*ORDER, NOTHING)]
        self._crop = model.spec.crop
        self._size = model.spec.input.shape[1]
        self._feed = Feed(model.spec.input)

    def cut(self, frame: Frame, face: Face) -> Pixels:
        """Returns a face that was found as the network sees it, uint8 RGB (size, size, 3)."""
        # The face detector's boxes sit higher than those that people draw.
        return self._around(frame, face.box, self._crop.down)

    def cut_annotated(self, frame: Frame, box: tuple[float, float, float, float]) -> Pixels:
        """Returns a face that somebody drew a box around (left, top, right, bottom in pixels), as ``cut`` does."""
        return self._around(frame, box, 0.0)

    def judge(self, picture: Pixels) -> Opinion:
        """Returns what the network says of what was cut; blocks."""
        (logits,) = self._model.run(self._feed.write(picture))
        ordered = logits[0, self._columns]
        powers = np.exp(ordered - ordered.max())
        worn = float(powers[: len(ORDER)].sum())
        mask, no_mask, incorrect = (powers[: len(ORDER)] / worn).tolist()
        return Opinion((mask, no_mask, incorrect), worn / (worn + float(powers[-1])))

    def _around(self, frame: Frame, box: tuple[float, float, float, float], down: float) -> Pixels:
        left, top, right, bottom = box
        longer = max(right - left, bottom - top)
        middle = (left + right) / 2, (top + bottom) / 2 + longer * down
        return Square.around(*middle, longer * self._crop.side).cut(frame, self._size)
