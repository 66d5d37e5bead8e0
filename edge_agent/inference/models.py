"""Model files, checked against the manifest and made ready to compute."""

import hashlib
import os
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

import edge_agent
from edge_agent.errors import PermanentError, TransientError
from edge_agent.inference.litert import Interpreter, open_interpreter
from edge_agent.inference.manifest import ModelSpec, read_manifest

REMEDY = "install edge-agent again, then see whether `edge-agent models verify` agrees"
MOST_THREADS = 4
"""More gain little: small networks spend the rest waiting for each other."""


class InferenceSettings(BaseModel):
    """Where models are and how much of the machine they may use."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    directory: Path | None = Field(
        default=None, description="folder with manifest.toml and the models; the installed one when left out"
    )
    threads: int = Field(
        default=0,
        ge=0,
        le=64,
        description="threads of one computation; 0 takes all cores but one, which decodes and talks, and 4 at most",
    )


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about one model file.

    Attributes:
        name: the model's.
        path: where the file should be.
        problem: why it cannot be used, empty when it is the file of the manifest.
    """

    name: str
    path: Path
    problem: str


class Model:
    """A model that is ready to compute; for one thread at a time.

    Attributes:
        spec: what the manifest says about it.
    """

    def __init__(self, spec: ModelSpec, interpreter: Interpreter) -> None:
        self.spec = spec
        self._interpreter = interpreter
        self._inputs = [detail["index"] for detail in interpreter.get_input_details()]
        self._outputs = [detail["index"] for detail in interpreter.get_output_details()]
        self._busy = threading.Lock()

    def run(self, *inputs: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Computes; blocks. Copies inputs in and outputs out: 2 MB take 0.1 ms, and no view can outlive its tensor.

        Args:
            inputs: float32, in the shapes of the file.

        Raises:
            TransientError: an earlier run, given up by the worker, is still computing.
        """
        if not self._busy.acquire(blocking=False):
            raise TransientError(
                f"the model {self.spec.name} still computes for an earlier picture",
                "if this stays, restart the agent; if it comes back, choose a smaller detector or fewer cameras",
            )
        try:
            for index, value in zip(self._inputs, inputs, strict=True):
                self._interpreter.set_tensor(index, value)
            self._interpreter.invoke()
            return tuple(self._interpreter.get_tensor(index) for index in self._outputs)
        finally:
            self._busy.release()


class Models:
    """The folder of model files.

    Args:
        settings: where it is, and the threads of one computation.
    """

    def __init__(self, settings: InferenceSettings) -> None:
        self._directory = settings.directory or _installed()
        self._threads = settings.threads or min(MOST_THREADS, max(1, len(os.sched_getaffinity(0)) - 1))

    def specs(self) -> tuple[ModelSpec, ...]:
        """Returns what the manifest says about every model; blocks.

        Raises:
            PermanentError: the manifest is missing or damaged.
        """
        return tuple(read_manifest(self._directory).values())

    def load(self, name: str) -> Model:
        """Reads a model, makes sure that it is the one of the manifest, and returns it ready; blocks.

        Raises:
            PermanentError: the manifest or the file is missing, the file is another one, or LiteRT is not installed.
        """
        specs = read_manifest(self._directory)
        if name not in specs:
            raise PermanentError(f"the manifest in {self._directory} has no model {name}", REMEDY)
        content = self._read(specs[name])
        return Model(specs[name], open_interpreter(content, threads=self._threads))

    def verify(self) -> tuple[Finding, ...]:
        """Returns a finding for every model of the manifest; blocks.

        Raises:
            PermanentError: the manifest is missing or damaged.
        """
        return tuple(self._finding(spec) for spec in self.specs())

    def _finding(self, spec: ModelSpec) -> Finding:
        try:
            self._read(spec)
        except PermanentError as exc:
            return Finding(spec.name, self._directory / spec.file, str(exc))
        return Finding(spec.name, self._directory / spec.file, "")

    def _read(self, spec: ModelSpec) -> bytes:
        path = self._directory / spec.file
        try:
            content = path.read_bytes()
        except OSError as exc:
            raise PermanentError(f"the model file {path} cannot be read ({exc.strerror})", REMEDY) from exc
        if hashlib.sha256(content).hexdigest() != spec.sha256:
            raise PermanentError(f"the model file {path} is not the one in the manifest", REMEDY)
        return content


def _installed() -> Path:
    package = Path(edge_agent.__file__).parent
    packed = package / "_models"
    return packed if packed.is_dir() else package.parent / "models"
