"""Draws disturbed and dressed faces, and trains a network on them."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import mask_baring
import mask_dressing
import mask_faces
import numpy as np
import torch
from mask_disturbing import disturbed
from mask_network import Classifier
from mask_occluding import occlude
from torch import nn

CLASSES = len(mask_faces.LABELS) + 1  # and nothing, see mask_nothing
EPOCH_SIZE, BATCH = 3072, 64
RATE, DECAY, SMOOTHING = 1.2e-3, 0.02, 0.03
AVERAGED = 0.23  # of a training, over which its weights are averaged
COARSE = 64  # pixels
FROZEN = 4  # first blocks, whose ImageNet filters for edges and colours stay as they are: a third of the time saved
WAYS = ("nose out", "nose out", "chin")
SMALLEST_BARE, SMALLEST_TAKEN = 16, 40  # pixels
Frames = dict[mask_faces.Face, mask_dressing.Frame]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a training is made of; each part can be left out, to see what it is worth.

    Attributes:
        shares: mask, no_mask, incorrect and nothing in a batch.
        dressed: share of the incorrect faces that are bare ones, badly dressed.
        bared: share of the incorrect faces that are masked ones, their noses bared.
        decoys: share of the masked faces that are dressed or bared just so far that they are still well masked.
        occluded: share of the bare faces with a hand, a cup, a beard.
        mixed: strength of MixUp (Zhang et al., 2018), 0 without.
        reviewed: whether mask_reviewed.toml corrects the annotations.
        coarse: share of the epochs that learn from pictures of ``COARSE`` pixels, in half the time.
        epochs: of ``EPOCH_SIZE`` faces.
        seed: of all that is drawn.
    """

    shares: tuple[float, float, float, float] = (0.33, 0.25, 0.27, 0.15)
    dressed: float = 0.3
    bared: float = 0.3
    decoys: float = 0.16
    occluded: float = 0.2
    mixed: float = 0.0
    reviewed: bool = True
    coarse: float = 0.5
    epochs: int = 18
    seed: int = 20


class Faces:
    """Faces drawn at random in the wanted shares, each disturbed anew."""

    def __init__(self, faces: Sequence[mask_faces.Face], frames: Frames, recipe: Recipe) -> None:
        """Sorts ``faces`` by label and takes those that can be dressed or bared."""
        self._recipe = recipe
        labels = [face.learned if recipe.reviewed else face.label for face in faces]
        self._by_label = [
            [face for face, own in zip(faces, labels, strict=True) if own == label] for label in range(CLASSES)
        ]
        mask, no_mask, *_ = self._by_label
        self._bare = [(face, frames[face]) for face in no_mask if face in frames]
        self._masked = [(face, frames[face]) for face in mask if face in frames]
        self._patches = [
            mask_dressing.take_off(face.pixels, frame) for face, frame in self._masked if face.side >= SMALLEST_TAKEN
        ]
        self._skins = [(mask_baring.take_skin(face.pixels, frame), face.side) for face, frame in self._bare]
        print(
            f"{len(self._bare)} bare faces to dress, {len(self._masked)} masked ones to bare,"
            f" {len(self._patches)} masks taken off"
        )

    def draw(self, random: np.random.Generator) -> tuple[np.ndarray, int]:
        """Returns a face, uint8 (96, 96, 3), and its label."""
        label = int(random.choice(CLASSES, p=self._recipe.shares))
        return disturbed(self._face(label, random), random), label

    def _face(self, label: int, random: np.random.Generator) -> np.ndarray:
        recipe, chance = self._recipe, random.random()
        if label == 0 and chance < recipe.decoys:
            if recipe.bared and chance < recipe.decoys / 2:
                return self._bared(random.uniform(0.2, 0.42), random)
            return self._dressed("well", random)
        if label == 1 and chance < recipe.occluded:
            face, frame = self._bare[random.integers(len(self._bare))]
            return occlude(face.pixels, frame, random)
        if label == 2 and chance < recipe.dressed:
            return self._dressed(WAYS[random.integers(len(WAYS))], random)
        if label == 2 and chance < recipe.dressed + recipe.bared:
            return self._bared(random.uniform(0.66, 0.98), random)
        choices = self._by_label[label]
        return choices[random.integers(len(choices))].pixels

    def _dressed(self, way: mask_dressing.Way, random: np.random.Generator) -> np.ndarray:
        face, frame = self._bare[random.integers(len(self._bare))]
        taken = random.random() < 0.6
        patch = self._patches[random.integers(len(self._patches))] if taken else mask_dressing.draw(random)
        return mask_dressing.wear(face.pixels, frame, patch, mask_dressing.region(way, random), random)

    def _bared(self, edge: float, random: np.random.Generator) -> np.ndarray:
        face, frame = self._masked[random.integers(len(self._masked))]
        skin, side = self._skins[random.integers(len(self._skins))]
        while side < 0.5 * min(face.side, 60):  # a blurred nose in a sharp face would give it away
            skin, side = self._skins[random.integers(len(self._skins))]
        return mask_baring.bare(face.pixels, frame, skin, edge, random)


def framed(faces: Iterable[mask_faces.Face], landmarks: mask_dressing.Landmarks) -> Frames:
    """Returns the axes of those faces that can be dressed or bared."""
    large = (face for face in faces if face.label in {0, 1} and face.side >= SMALLEST_BARE)
    found = ((face, landmarks.find(face.pixels)) for face in large)
    return {face: frame for face, frame in found if frame is not None}


def to_input(images: torch.Tensor) -> torch.Tensor:
    """Turns uint8 (n, 96, 96, 3) into what the network takes."""
    # a permuted NHWC array is what PyTorch calls channels_last, twice as fast on a CPU
    return images.permute(0, 3, 1, 2).float() / 127.5 - 1


def train(faces: Faces, network: Classifier, recipe: Recipe) -> Classifier:
    """Trains ``network`` and returns the running average of its weights, which is steadier than its last ones."""
    random = np.random.default_rng(recipe.seed)
    torch.manual_seed(recipe.seed)
    steps = EPOCH_SIZE // BATCH
    network.to(memory_format=torch.channels_last)
    network.features[:FROZEN].requires_grad_(requires_grad=False)
    decay = 1 - 1 / (AVERAGED * recipe.epochs * steps)
    average = torch.optim.swa_utils.AveragedModel(
        network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(decay), use_buffers=True
    )
    learnt = [value for value in network.parameters() if value.requires_grad]
    optimiser = torch.optim.AdamW(learnt, lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, recipe.epochs * steps, pct_start=0.2)
    for epoch in range(recipe.epochs):
        started, total = time.monotonic(), 0.0
        network.train()
        network.features[:FROZEN].eval()
        for _ in range(steps):
            drawn = [faces.draw(random) for _ in range(BATCH)]
            pictures = to_input(torch.from_numpy(np.stack([face for face, _ in drawn])))
            if epoch < recipe.epochs * recipe.coarse:
                pictures = nn.functional.interpolate(pictures, COARSE, mode="bilinear")
            truth = nn.functional.one_hot(torch.tensor([label for _, label in drawn]), CLASSES).float()
            if recipe.mixed:
                part = random.beta(recipe.mixed, recipe.mixed)
                pictures = part * pictures + (1 - part) * pictures.flip(0)
                truth = part * truth + (1 - part) * truth.flip(0)
            loss = nn.functional.cross_entropy(network(pictures), truth, label_smoothing=SMOOTHING)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            average.update_parameters(network)
            total += loss.item()
        print(f"epoch {epoch + 1}: loss {total / steps:.3f}, {time.monotonic() - started:.0f} s", flush=True)
    return average.module.eval()


def answers(network: Classifier, pictures: np.ndarray) -> np.ndarray:
    """Returns the logits of uint8 (n, 96, 96, 3), float32 (n, 4)."""
    with torch.no_grad():
        parts = [network(to_input(torch.from_numpy(pictures[at : at + 128]))) for at in range(0, len(pictures), 128)]
    return torch.cat(parts).numpy()
