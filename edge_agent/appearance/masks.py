"""How a mask is worn on one face: our own network, see its model card."""

from edge_agent.appearance.faces import Face
from edge_agent.appearance.square import Square
from edge_agent.errors import PermanentError
from edge_agent.inference.feed import Feed
from edge_agent.inference.model import Model
from edge_agent.values.frame import Frame, Pixels
from edge_agent.values.look import Verdict

ORDER = (Verdict.MASK, Verdict.NO_MASK, Verdict.INCORRECT)
"""How a look's scores are ordered."""


class Masks:
    """Judges single faces; for the inference worker's thread.

    Args:
        model: the network.

    Raises:
        PermanentError: the manifest does not tell how to show it faces, or what it answers.
    """

    def __init__(self, model: Model) -> None:
        if set(model.spec.labels) != set(ORDER) or model.spec.crop is None:
            raise PermanentError(f"the manifest of {model.spec.name} lacks labels or crop", "install edge-agent again")
        self._model = model
        self._columns = [model.spec.labels.index(verdict) for verdict in ORDER]
        self._crop = model.spec.crop
        self._size = model.spec.input.shape[1]
        self._feed = Feed(model.spec.input)

    def cut(self, frame: Frame, face: Face) -> Pixels:
        """Returns a face as the network sees it, uint8 RGB (size, size, 3)."""
        left, top, right, bottom = face.box
        (x, y), longer = face.centre, max(right - left, bottom - top)
        return Square.around(x, y + longer * self._crop.down, longer * self._crop.side).cut(frame, self._size)

    def judge(self, picture: Pixels) -> tuple[float, float, float]:
        """Returns the probabilities of mask, no mask and incorrect for what ``cut`` returned; blocks."""
        (scores,) = self._model.run(self._feed.write(picture))
        mask, no_mask, incorrect = scores[0, self._columns].tolist()
        return mask, no_mask, incorrect
