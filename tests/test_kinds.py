import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import TypeAdapter, ValidationError

from edge_agent.kinds import KindSettings, OneOf, kinds

STAGE = """
from edge_agent.kinds import KindSettings
class FruitSettings(KindSettings):
    pass
"""
KIND = """
from typing import Literal
from orchard import FruitSettings
class {name}Settings(FruitSettings):
    kind: Literal["{name}"] = "{name}"
    weight: int = 1
"""


@pytest.fixture
def fruit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[KindSettings]]:
    stage = tmp_path / "orchard"
    stage.mkdir()
    (stage / "__init__.py").write_text(STAGE)
    for name in ("Pear", "Apple"):
        (stage / f"{name.lower()}.py").write_text(KIND.format(name=name))
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("orchard").FruitSettings
    for module in [name for name in sys.modules if name.partition(".")[0] == "orchard"]:
        del sys.modules[module]


def test_a_kind_is_found_because_its_file_is_there(fruit: type[KindSettings], tmp_path: Path) -> None:
    assert list(kinds("orchard", fruit)) == ["Apple", "Pear"]
    (tmp_path / "orchard" / "plum.py").write_text(KIND.format(name="Plum"))
    assert list(kinds("orchard", fruit)) == ["Apple", "Pear", "Plum"]


def test_a_field_takes_any_kind_and_refuses_strangers(fruit: type[KindSettings]) -> None:
    basket: TypeAdapter[KindSettings] = TypeAdapter(Annotated[fruit, OneOf("orchard")])  # type: ignore[arg-type] # made at run time
    pear = {"kind": "Pear", "weight": 3}
    assert basket.validate_python(pear).model_dump() == pear
    for wrong in ({"kind": "Stone"}, {}, {"kind": "Pear", "colour": "red"}):
        with pytest.raises(ValidationError):
            basket.validate_python(wrong)


def test_where_no_kind_is_named_the_default_is_meant(fruit: type[KindSettings]) -> None:
    basket: TypeAdapter[KindSettings] = TypeAdapter(Annotated[fruit, OneOf("orchard", default="Pear")])  # type: ignore[arg-type] # made at run time
    assert basket.validate_python({"weight": 3}).model_dump() == {"kind": "Pear", "weight": 3}
    assert basket.validate_python({"kind": "Apple"}).kind == "Apple"
    assert basket.validate_python(basket.validate_python({"kind": "Apple"})).kind == "Apple"
    with pytest.raises(ValidationError):
        basket.validate_python(3)


def test_a_stage_with_one_kind_needs_no_choice(fruit: type[KindSettings], tmp_path: Path) -> None:
    (tmp_path / "orchard" / "pear.py").unlink()
    basket: TypeAdapter[KindSettings] = TypeAdapter(Annotated[fruit, OneOf("orchard")])  # type: ignore[arg-type] # made at run time
    assert basket.validate_python({}).kind == "Apple"
