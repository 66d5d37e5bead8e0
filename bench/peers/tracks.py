"""MOTA and IDF1 by motmetrics; run by bench/track.py with the interpreter of .cache/mot.

Reads for each picture two lists, people and tracks, of (name, left, top, width, height); prints both figures.
"""

import json
import sys

import motmetrics
import numpy as np


def main() -> None:
    """Reads, computes, prints."""
    told = motmetrics.MOTAccumulator(auto_id=True)
    for people, tracks in json.load(sys.stdin):
        truth, found = (np.array([each[1:] for each in boxes]).reshape(-1, 4) for boxes in (people, tracks))
        apart = motmetrics.distances.iou_matrix(truth, found, max_iou=0.5)
        told.update([each[0] for each in people], [each[0] for each in tracks], apart)
    reached = motmetrics.metrics.create().compute(told, metrics=["mota", "idf1"], name="street")
    print(f"{reached.loc['street', 'mota']:.3f} {reached.loc['street', 'idf1']:.3f}")


if __name__ == "__main__":
    main()
