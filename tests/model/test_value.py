"""Values are read-only because nobody assigns to their fields, and nobody does because mypy refuses it and is never told to look away."""

import ast
import re
from dataclasses import fields, replace

import pytest

from cadence_exporter.model.value import value
from tests.tidy.tree import PACKAGE, ROOT, modules

MODEL = [path for path in modules() if path.parent == PACKAGE / "model"]


@value
class Point:
    x: int
    y: int = 0


def decorators(source):
    classes = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef))
    return [ast.unparse(each) for node in classes for each in node.decorator_list]


def ways_around(source):
    """What would set a field behind mypy's back, or make it look away: an assignment to a field is an error of the kind misc."""
    calls = [ast.unparse(node.func) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    setters = {"setattr", "__setattr__", "delattr", "__delattr__"}
    return [call for call in calls if call.rpartition(".")[2] in setters] + re.findall(
        r"type: ignore(?:\[.*misc.*\]|$)", source, re.MULTILINE
    )


def test_a_type_checker_takes_a_value_for_a_frozen_dataclass():
    marked = value.__dataclass_transform__
    assert {**marked["kwargs"], **marked}["frozen_default"] is True


def test_a_value_compares_and_hashes_by_its_fields_and_has_no_others():
    assert Point(1) == Point(1, 0) != Point(2)
    assert len({Point(1), Point(1, 0), replace(Point(2), x=1)}) == 1
    assert [each.name for each in fields(Point)] == ["x", "y"]
    with pytest.raises(AttributeError):
        Point(1).z = 3


def test_everything_of_the_model_is_a_value():
    assert len(MODEL) > 15
    assert {name for path in MODEL for name in decorators(path.read_text())} == {"value"}


def test_nobody_goes_around_the_type_checker():
    for path in modules():
        assert ways_around(path.read_text()) == [], path.relative_to(ROOT)
    assert ways_around("object.__setattr__(point, 'x', 1)") == ["object.__setattr__"]
    assert ways_around("setattr(point, 'x', 1)") == ["setattr"]
    assert ways_around("point.x = 1  # type: ignore[misc]") == ["type: ignore[misc]"]
    assert ways_around("point.x = 1  # type: ignore") == ["type: ignore"]
