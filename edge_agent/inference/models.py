"""Model files, checked against the manifest and made ready to compute."""

import hashlib
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

import edge_agent
from edge_agent.errors import PermanentError
from edge_agent.inference.litert import Delegate, open_interpreter
from edge_agent.inference.manifest import ModelSpec, read_manifest
from edge_agent.inference.model import Model

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
    delegate: Delegate = Field(
        default=Delegate.XNNPACK,
        description="who computes: the processor's fast kernels, a Coral Edge TPU, or none: the plain kernels",
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


class Models:
    """The folder of model files.

    Args:
        settings: where it is, and how to compute.

    Attributes:
        threads: that one computation may use.
    """

    def __init__(self, settings: InferenceSettings) -> None:
        self._directory = settings.directory or _installed()
        self._delegate = settings.delegate
        self.threads = settings.threads or min(MOST_THREADS, max(1, len(os.sched_getaffinity(0)) - 1))

    def specs(self) -> tuple[ModelSpec, ...]:
        """Returns what the manifest says about every model; blocks.

        Raises:
            PermanentError: the manifest is missing or damaged.
        """
        return tuple(read_manifest(self._directory).values())

    def load(self, name: str) -> Model:
        """Reads a model, makes sure that it is the one of the manifest, and returns it warm; blocks.

        Raises:
            PermanentError: the manifest or the file is missing, the file is another one, or LiteRT or the delegate is
                not installed.
        """
        spec, content = self.read(name)
        return Model(spec, partial(open_interpreter, content, threads=self.threads, delegate=self._delegate))

    def read(self, name: str) -> tuple[ModelSpec, bytes]:
        """Returns what the manifest says about a model, and the content of its file, for another runtime; blocks.

        Raises:
            PermanentError: the manifest or the file is missing, or the file is another one.
        """
        specs = read_manifest(self._directory)
        if name not in specs:
            raise PermanentError(f"the manifest in {self._directory} has no model {name}", REMEDY)
        return specs[name], self._read(specs[name])

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
