from pathlib import Path

import pytest

from edge_agent.errors import PermanentError
from edge_agent.inference.manifest import Anchors, InputSpec, read_manifest

MANIFEST = """
[[model]]
name = "faces"
file = "faces.tflite"
sha256 = "00"
bytes = 12
task = "face"
source = "a test"
licence = "MIT"
labels = ["face"]
[model.input]
shape = [1, 128, 96, 3]
colour = "RGB"
mean = [127.5, 127.5, 127.5]
std = [127.5, 127.5, 127.5]
[model.anchors]
strides = [8, 16]
repeats = [2, 6]
"""


def test_a_model_is_read_and_what_only_people_read_is_not(tmp_path: Path) -> None:
    (tmp_path / "manifest.toml").write_text(MANIFEST)
    spec = read_manifest(tmp_path)["faces"]
    assert spec.file == "faces.tflite"
    assert spec.input == InputSpec((1, 128, 96, 3), "RGB", (127.5,) * 3, (127.5,) * 3)
    assert spec.anchors == Anchors((8, 16), (2, 6))


def test_a_model_that_is_like_another_has_its_keys_and_its_own(tmp_path: Path) -> None:
    twin = '[[model]]\nname = "small faces"\nlike = "faces"\nfile = "small.tflite"\nsha256 = "01"\n'
    (tmp_path / "manifest.toml").write_text(MANIFEST + twin)
    specs = read_manifest(tmp_path)
    assert specs["small faces"].input == specs["faces"].input
    assert (specs["small faces"].file, specs["faces"].file) == ("small.tflite", "faces.tflite")


def test_a_missing_manifest_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match=r"manifest\.toml cannot be read.*inference\.directory"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    "damage",
    [("[[model]]", "[[model"), ('sha256 = "00"', ""), ("[1, 128, 96, 3]", "[128, 96, 3]"), ('["face"]', "7")],
)
def test_a_damaged_manifest_is_named(tmp_path: Path, damage: tuple[str, str]) -> None:
    (tmp_path / "manifest.toml").write_text(MANIFEST.replace(*damage))
    with pytest.raises(PermanentError, match=r"manifest\.toml is damaged"):
        read_manifest(tmp_path)
