"""docs/MUTANTS.md, and whether the run passes: each survivor is explained, and no explanation is left over."""

import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.mutation.engine import Change, Mutant

EXPLAINED = Path(__file__).with_name("explained.toml")
LEAST_PERCENT = 95.0

HEAD = """# Mutants of the pure stages

`make mutants` breaks the code that decides what is true and what is done (`assess/`, `decide/`, `act/dns/plan.py`) in one small
way after another: a comparison turned round, a number raised by one, an argument left out, a word changed. For each such mutant the
fast tests of these stages run; a mutant that no test notices survives. This page is written by the command; its figures are those
of one run.
"""
LIMITS = """## What this does not say

[mutmut](https://mutmut.readthedocs.io) changes what stands inside functions. Constants and tables of a module (the waits in
`decide/pace.py`, the table of the state machine, the list of guardrails) and the text of f-strings are not changed by it. Those were
changed by hand, on 2026-11-23: each of the 35 constants raised and lowered by one or by a tenth, each cell of the state machine's table
replaced by each other phase, each guardrail left out, also of those that a person judges: 137 changes. Two constants may be any large
number, and no test notices another one: `MOST_TURNS` in `decide/decide.py` and `UNLIMITED` in `decide/budget.py`. A mutant that is
noticed says that some test fails with it, not that the right one does.
"""


def explanations(text: str) -> dict[Change, str]:
    """Raises ValueError for two explanations of one change."""
    found: dict[Change, str] = {}
    for each in tomllib.loads(text).get("mutant", ()):
        change = Change(each["function"], each["original"], each["mutated"])
        if change in found:
            raise ValueError(f"explained twice: {change}")
        found[change] = each["why"]
    return found


def score(mutants: Sequence[Mutant]) -> float:
    """Percent of the mutants that were noticed; those that cannot be noticed count against it."""
    return 100 * sum(mutant.noticed for mutant in mutants) / len(mutants)


def faults(mutants: Sequence[Mutant], survivors: Sequence[Change], explained: Mapping[Change, str]) -> list[str]:
    """What makes the command fail."""
    found = [
        f"survives without an explanation: {each.function}\n  - {each.original}\n  + {each.mutated}"
        for each in survivors
        if each not in explained
    ]
    found += [f"explained, but not among the survivors: {each}" for each in explained if each not in survivors]
    if score(mutants) < LEAST_PERCENT:
        found.append(f"the score is {score(mutants):.1f} %, less than {LEAST_PERCENT} %")
    return found


def rows(mutants: Sequence[Mutant]) -> list[str]:
    lines = ["| module | mutants | killed | timeout | survived | score |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
    modules = sorted({mutant.module for mutant in mutants})
    groups = [(f"`{module}`", [mutant for mutant in mutants if mutant.module == module]) for module in modules]
    for name, group in [*groups, ("**all**", list(mutants))]:
        statuses = Counter(mutant.status for mutant in group)
        survived = sum(not mutant.noticed for mutant in group)
        cells = (name, len(group), statuses["killed"], statuses["timeout"], survived, f"{score(group):.1f} %")
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return lines


def page(mutants: Sequence[Mutant], survivors: Sequence[Change], explained: Mapping[Change, str], about: str) -> str:
    parts = [HEAD, f"Run on {about}: `make mutants`.\n", "\n".join(rows(mutants)) + "\n"]
    parts.append(f"## The {len(survivors)} survivors, and why no test can or should notice them\n")
    for each in survivors:
        parts.append(f"`{each.function}`: {explained.get(each, '**not explained**')}\n")
        parts.append(f"```diff\n- {each.original}\n+ {each.mutated}\n```\n")
    return "\n".join([*parts, LIMITS])
