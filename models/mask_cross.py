"""How well a recipe does on faces that it never saw: each scene is judged by a network trained on the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import mask_faces
import numpy as np
from mask_network import Classifier
from mask_nothing import NOTHING
from mask_training import CLASSES, Faces, Frames, Recipe, answers, train

FOLDS = 3
SEEN = 20  # pixels of a face's height from which it is judged
EVEN = 0.5  # how far calibration makes rare classes count like frequent ones: 0 not at all, 1 fully
LOST = 0.01  # share of the faces that may be taken for nothing


@dataclass(frozen=True, slots=True)
class Crossed:
    """What networks that had not seen a face said of it: float32 logits (n, 4), labels, heights in pixels.

    Attributes:
        reviewed: labels after mask_reviewed.toml; -1 where nobody can decide.
    """

    logits: np.ndarray
    labels: np.ndarray
    heights: np.ndarray
    reviewed: np.ndarray

    def seen(self, label: int | None = None) -> np.ndarray:
        """Returns which are faces (of a label) large enough to be judged."""
        chosen = self.labels != NOTHING if label is None else self.labels == label
        return chosen & (self.heights >= SEEN)


@dataclass(frozen=True, slots=True)
class Calibration:
    """What turns logits into honest ones: times ``scale``, plus ``offsets`` (4,)."""

    scale: float
    offsets: np.ndarray

    def of(self, logits: np.ndarray) -> np.ndarray:
        """Returns calibrated logits."""
        return logits * self.scale + self.offsets


def folds(faces: Sequence[mask_faces.Face]) -> np.ndarray:
    """Deals the scenes to folds, so that each has its share of the rare classes; a fold's number for each face."""
    known = [face for face in faces if face.label != NOTHING]
    scenes = mask_faces.scenes(known)
    of_photo = {face.photo: scene for face, scene in zip(known, scenes, strict=True)}
    labels = np.array([face.label for face in known])
    counts = {scene: np.bincount(labels[scenes == scene], minlength=3) for scene in np.unique(scenes)}
    weights, held, fold = np.array([1, 3, 20]), np.zeros((FOLDS, 3)), {}
    for scene in sorted(counts, key=lambda scene: -(counts[scene] @ weights)):
        fold[scene] = int(np.argmin(held @ weights))
        held[fold[scene]] += counts[scene]
    return np.array([fold[of_photo[face.photo]] if face.photo in of_photo else 0 for face in faces])


def validate(faces: Sequence[mask_faces.Face], frames: Frames, package: Path, recipe: Recipe) -> Crossed:
    """Trains a network for each fold and returns what it says of that fold."""
    of, logits = folds(faces), np.zeros((len(faces), CLASSES), np.float32)
    for fold in range(FOLDS):
        print(f"fold {fold + 1} of {FOLDS}", flush=True)
        network = Classifier(CLASSES)
        network.start_from_imagenet(package)
        others = [face for face, place in zip(faces, of, strict=True) if place != fold]
        network = train(Faces(others, frames, recipe), network, recipe)
        held = np.flatnonzero(of == fold)
        logits[held] = answers(network, np.stack([mask_faces.plain(faces[place].pixels) for place in held]))
    return Crossed(
        logits,
        np.array([face.label for face in faces]),
        np.array([face.high for face in faces]),
        np.array([-1 if face.learned is None else face.learned for face in faces]),
    )


def calibrate(crossed: Crossed) -> Calibration:
    """Returns what makes the likelihood of the truth greatest, rare classes counting more than their share."""
    chosen = crossed.seen()
    logits, labels = crossed.logits[chosen, :3].astype(np.float64), crossed.labels[chosen]
    weights = (1 / np.bincount(labels, minlength=3) ** EVEN)[labels]
    weights /= weights.sum()
    values = np.array([1.0, 0.0, 0.0])  # scale, offsets of no_mask and incorrect against mask
    for _ in range(4000):  # convex, so that a plain descent gets there
        shifted = logits * values[0] + [0, *values[1:]]
        powers = np.exp(shifted - shifted.max(axis=1, keepdims=True))
        error = (powers / powers.sum(axis=1, keepdims=True) - np.eye(3)[labels]) * weights[:, None]
        values -= 0.5 * np.array([(error * logits).sum(), *error.sum(axis=0)[1:]])
    scale, offsets = float(values[0]), np.array([0, *values[1:], 0])
    margin = np.logaddexp.reduce(logits * scale + offsets[:3], axis=1) - crossed.logits[chosen, 3] * scale
    offsets[3] = np.quantile(margin, LOST)
    return Calibration(scale, offsets)


def summary(logits: np.ndarray, labels: np.ndarray) -> str:
    """Returns recall of mask, no mask and incorrect, and the calibration error, of calibrated logits of faces."""
    powers = np.exp(logits[:, :3] - logits[:, :3].max(axis=1, keepdims=True))
    scores = powers / powers.sum(axis=1, keepdims=True)
    right, best = scores.argmax(axis=1) == labels, scores.max(axis=1)
    place = np.minimum((best * 10).astype(int), 9)
    error = np.abs(np.bincount(place, weights=best - right, minlength=10)).sum() / len(labels)
    recalls = "  ".join(
        f"{name} {right[labels == label].mean():.3f} ({(labels == label).sum()})"
        for label, name in enumerate(mask_faces.LABELS)
    )
    return f"{recalls}  calibration error {error:.3f}"


def decisions(logits: np.ndarray, labels: np.ndarray) -> str:
    """Returns, for thresholds of the best score, how often nothing is said and how often "no mask" is right."""
    powers = np.exp(logits[:, :3] - logits[:, :3].max(axis=1, keepdims=True))
    scores = powers / powers.sum(axis=1, keepdims=True)
    lines = []
    for threshold in (0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9):
        spoken, said = scores.max(axis=1) >= threshold, scores.argmax(axis=1)
        told = spoken & (said == 1)
        blamed = (spoken & (labels == 0) & (said > 0)).sum() / (labels == 0).sum()
        lines.append(
            f"from {threshold:.2f}: unsure {1 - spoken.mean():.3f},"
            f" right when it speaks {(said == labels)[spoken].mean():.4f},"
            f' "no mask" right {(labels[told] == 1).mean():.4f} of {told.sum()}, masked people blamed {blamed:.4f}'
        )
    return "\n".join(lines)
