"""When `make mutants` passes, and that its explanations are about code that is there."""

import tomllib

import pytest

from tests.mutation.engine import ROOT, Change, Mutant, change_in, parsed
from tests.mutation.report import EXPLAINED, explanations, faults, page, rows, score

RESULTS = """\
    cadence_exporter.decide.pace.x_look_after__mutmut_6: killed
    cadence_exporter.decide.pace.x_look_after__mutmut_7: survived
    cadence_exporter.act.dns.plan.x__the_one__mutmut_1: timeout
    cadence_exporter.act.dns.plan.x__the_one__mutmut_2: no tests
"""
DIFF = """\
# cadence_exporter.decide.pace.x_look_after__mutmut_7: survived
--- cadence_exporter/decide/pace.py
+++ cadence_exporter/decide/pace.py
@@ -1,4 +1,4 @@
 def look_after(looks: int) -> float:
-    growth = 2 ** min(
-        looks, 20)
+    growth = 2 ** min(looks, 21)
     return growth
"""
LOOK = Change("decide.pace.look_after", "growth = 2 ** min( looks, 20)", "growth = 2 ** min(looks, 21)")
KILLED = [Mutant(f"cadence_exporter.decide.pace.x_look_after__mutmut_{n}", "killed") for n in range(99)]
SURVIVED = Mutant("cadence_exporter.decide.pace.x_look_after__mutmut_99", "survived")


def test_results_are_read_with_function_and_file():
    mutants = parsed(RESULTS)
    assert [(each.function, each.module, each.noticed) for each in mutants] == [
        ("decide.pace.look_after", "decide/pace.py", True),
        ("decide.pace.look_after", "decide/pace.py", False),
        ("act.dns.plan._the_one", "act/dns/plan.py", True),
        ("act.dns.plan._the_one", "act/dns/plan.py", False),
    ]
    assert score(mutants) == 50.0
    assert rows(mutants)[-1] == "| **all** | 4 | 1 | 1 | 2 | 50.0 % |"


def test_a_method_is_named_with_its_class_and_lies_in_the_file_of_its_module():
    (mutant,) = parsed("    cadence_exporter.decide.hints.xǁHintAllowanceǁ_next__mutmut_6: survived\n")
    assert (mutant.function, mutant.module) == ("decide.hints.HintAllowance._next", "decide/hints.py")


def test_a_change_is_told_by_its_lines_and_not_by_its_number():
    assert change_in("decide.pace.look_after", DIFF) == LOOK


def test_a_survivor_needs_an_explanation_and_an_explanation_a_survivor():
    mutants = [*KILLED, SURVIVED]
    assert faults(mutants, [LOOK], {LOOK: "the wait is capped long before"}) == []
    assert "without an explanation" in faults(mutants, [LOOK], {})[0]
    assert "not among the survivors" in faults(mutants, [], {LOOK: "no longer so"})[0]


def test_too_many_survivors_fail_whatever_explains_them():
    assert "less than" in faults([*KILLED[:9], SURVIVED], [LOOK], {LOOK: "it is fine"})[0]


def test_the_page_shows_each_survivor_with_its_reason():
    drawn = page([*KILLED, SURVIVED], [LOOK], {LOOK: "the wait is capped long before"}, "2026-11-23")
    assert "`decide.pace.look_after`: the wait is capped long before" in drawn
    assert "+ growth = 2 ** min(looks, 21)" in drawn


def test_a_change_is_explained_once():
    one = '[[mutant]]\nfunction = "f"\noriginal = "a"\nmutated = "b"\nwhy = "c"\n'
    assert explanations(one) == {Change("f", "a", "b"): "c"}
    with pytest.raises(ValueError, match="twice"):
        explanations(one * 2)


def test_every_explanation_is_about_a_line_that_is_there():
    for each in tomllib.loads(EXPLAINED.read_text()).get("mutant", ()):
        package, module, *_ = each["function"].split(".")
        source = (ROOT / "cadence_exporter" / package / f"{module}.py").read_text()
        assert each["original"] in " ".join(source.split()), each["function"]
