"""The memory of a cycle is made anew from all of its parts: one that was forgotten would silently begin from nothing each time.

It reads the source, so it does not stand beside the tests of `decide/`: those run on code that `make mutants` has rewritten, too.
"""

import ast
import inspect
from dataclasses import fields

from cadence_exporter.decide import decide
from cadence_exporter.model.memory import Memory


def test_a_decision_names_every_part_of_the_memory_that_it_makes():
    calls = (node for node in ast.walk(ast.parse(inspect.getsource(decide))) if isinstance(node, ast.Call))
    (made,) = [call for call in calls if ast.unparse(call.func) == "Memory"]
    assert sorted(part.arg for part in made.keywords) == sorted(part.name for part in fields(Memory))
