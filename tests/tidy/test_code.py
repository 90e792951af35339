"""House rules about the package that no linter knows."""

import ast
import re

import pytest

from tests.tidy.tree import PACKAGE, ROOT, modules

NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "base", "misc"}
MOST_LINES_OF_A_FILE = 300
MOST_LINES_OF_A_FUNCTION = 70

MODULES = pytest.mark.parametrize("module", list(modules()), ids=lambda path: str(path.relative_to(ROOT)))


def vague(name):
    return bool(set(name.lower().split("_")) & NAMES_THAT_SAY_NOTHING)


def functions_longer_than(lines, source):
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = (node for node in ast.walk(ast.parse(source)) if isinstance(node, kinds))
    return [node.name for node in found if (node.end_lineno or 0) - node.lineno + 1 > lines]


def deleting(source):
    """Whether the source names HTTP's DELETE: as a method, or as a function of a client."""
    spoken = (node for node in ast.walk(ast.parse(source)) if not isinstance(node, ast.Expr))
    texts = [node.value for node in spoken if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    calls = [node.attr for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute)]
    return any(re.search(r"\bDELETE\b", text) for text in texts) or "delete" in calls


def test_the_package_is_where_these_tests_look():
    assert len(list(modules())) > 50


@MODULES
def test_a_module_is_named_after_what_it_holds(module):
    parts = module.relative_to(ROOT).with_suffix("").parts
    assert [part for part in parts if vague(part)] == []


@MODULES
def test_a_file_fits_in_one_head(module):
    assert len(module.read_text().splitlines()) <= MOST_LINES_OF_A_FILE


@MODULES
def test_a_function_fits_on_one_screen(module):
    assert functions_longer_than(MOST_LINES_OF_A_FUNCTION, module.read_text()) == []


@pytest.mark.parametrize("module", sorted((PACKAGE / "act").rglob("*.py")), ids=lambda path: path.name)
def test_nothing_that_acts_can_delete(module):
    assert not deleting(module.read_text())


def test_these_rules_bite():
    assert vague("http_utils")
    assert vague("base")
    assert not vague("database")
    assert functions_longer_than(2, "def long():\n    a = 1\n    b = 2\n") == ["long"]
    assert functions_longer_than(3, "def short():\n    a = 1\n    b = 2\n") == []
    assert deleting("call(method='DELETE')")
    assert deleting("session.delete(url)")
    assert not deleting("'''Nothing is ever deleted.'''")
