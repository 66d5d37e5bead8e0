"""A stage's kinds, each in one file of the stage's folder: adding a kind edits nothing else."""

import importlib
import pkgutil
from dataclasses import dataclass
from typing import Annotated, Any, Union

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema


class KindSettings(BaseModel):
    """Base of every settings model that chooses a kind; a subclass declares ``kind: Literal["…"] = "…"``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str


@dataclass(frozen=True)
class OneOf:
    """Marks a settings field as any kind that a stage's folder holds: ``Annotated[SourceSettings, OneOf("…capture")]``.

    The folder is scanned once, when the settings model is built; a kind's heavy libraries are imported by its
    constructor, so that a scan stays cheap and a missing library hurts only whoever chose the kind.

    Attributes:
        package: dotted name of the stage.
        default: the kind that is meant where none is named.
    """

    package: str
    default: str = ""

    def __get_pydantic_core_schema__(self, source: type[KindSettings], handler: GetCoreSchemaHandler) -> CoreSchema:
        """Builds a union told apart by ``kind``."""
        found: tuple[Any, ...] = tuple(kinds(self.package, source).values())
        if len(found) == 1:
            return handler.generate_schema(found[0])
        schema = handler.generate_schema(Annotated[Union[found], Field(discriminator="kind")])  # noqa: UP007 - built at run time
        return core_schema.no_info_before_validator_function(self._named, schema) if self.default else schema

    def _named(self, value: object) -> object:
        return {"kind": self.default, **value} if isinstance(value, dict) else value


def kinds(package: str, base: type[KindSettings]) -> dict[str, type[KindSettings]]:
    """Imports every module of a stage and returns the settings of its kinds by name, sorted."""
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        importlib.import_module(f"{package}.{module.name}")
    found = {str(kind.model_fields["kind"].default): kind for kind in base.__subclasses__()}
    return dict(sorted(found.items()))
