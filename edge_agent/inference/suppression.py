"""Of boxes that show the same thing, only the best is kept."""

import numpy as np
from numpy.typing import NDArray


def overlaps(boxes: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns intersection over union of every pair, float32 (n, m).

    Args:
        boxes: float32 (n, 4): left, top, right, bottom, in any one unit.
        others: float32 (m, 4), in the same.
    """
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    union = _areas(boxes)[:, None] + _areas(others)[None, :] - shared
    result: NDArray[np.float32] = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return result


def suppress(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], classes: NDArray[np.intp], *, overlap: float, most: int
) -> NDArray[np.intp]:
    """Returns the indices of the boxes to keep, best first: greedy non-maximum suppression within each class.

    Args:
        boxes: float32 (n, 4): left, top, right, bottom, in any one unit.
        scores: float32 (n,).
        classes: (n,); boxes of different classes do not compete.
        overlap: intersection over union above which the lesser box goes.
        most: boxes to keep at most; only four times as many compete, the best, which bounds time and memory.
    """
    order = np.argsort(-scores, kind="stable")[: 4 * most]
    rivals = (overlaps(boxes[order], boxes[order]) > overlap) & (classes[order, None] == classes[None, order])
    alive = np.ones(len(order), np.bool_)
    for place in range(len(order)):
        if alive[place]:
            alive[place + 1 :] &= ~rivals[place, place + 1 :]
    return order[alive][:most]


def _areas(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    areas: NDArray[np.float32] = np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).prod(axis=1)
    return areas
