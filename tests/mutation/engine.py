"""Runs mutmut on a copy of the tree, and reads what came of each mutant."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPIED = ("cadence_exporter", "tests", "pyproject.toml")
MUTMUT = Path(sys.executable).with_name("mutmut")
NOTICED = ("killed", "timeout")


@dataclass(frozen=True)
class Change:
    """What tells a mutant apart from others, also after the code around it has moved."""

    function: str
    """With its module, without the package: ``decide.pace.look_after``."""
    original: str
    mutated: str


@dataclass(frozen=True)
class Mutant:
    name: str
    """As mutmut calls it: ``cadence_exporter.decide.pace.x_look_after__mutmut_7``, or ``...hints.xǁHintAllowanceǁspend__mutmut_1``."""
    status: str

    @property
    def noticed(self) -> bool:
        return self.status in NOTICED

    @property
    def function(self) -> str:
        module, mangled = self._parts()
        return f"{module}.{mangled.removeprefix('x_').removeprefix('xǁ').replace('ǁ', '.')}"

    @property
    def module(self) -> str:
        return self._parts()[0].replace(".", "/") + ".py"

    def _parts(self) -> tuple[str, str]:
        module, _, mangled = self.name.rpartition("__mutmut_")[0].rpartition(".")
        return module.removeprefix("cadence_exporter."), mangled


def copy_tree(to: Path) -> None:
    """What mutmut needs; the tree itself stays as it is."""
    litter = shutil.ignore_patterns("__pycache__", "node_modules")
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, to / name, ignore=litter)
        else:
            shutil.copy(ROOT / name, to / name)


def run(tree: Path) -> list[Mutant]:
    """Every mutant, one at a time; raises SystemExit with mutmut's own words when the run itself did not work."""
    mutmut(tree, "run", "--max-children", "1")
    mutants = parsed(mutmut(tree, "results", "--all", "true"))
    if not mutants:
        sys.exit("mutmut made no mutants")
    return mutants


def parsed(results: str) -> list[Mutant]:
    pairs = (line.strip().rpartition(": ") for line in results.splitlines() if "__mutmut_" in line)
    return [Mutant(name, status) for name, _, status in pairs]


def change(tree: Path, mutant: Mutant) -> Change:
    return change_in(mutant.function, mutmut(tree, "show", mutant.name))


def change_in(function: str, diff: str) -> Change:
    """The changed lines of a unified diff, without its head."""
    body = diff[diff.index("\n@@") + 1 :].splitlines() if "\n@@" in diff else []
    sides = [" ".join(line[1:].strip() for line in body if line.startswith(sign)) for sign in "-+"]
    return Change(function, *sides)


def mutmut(tree: Path, *arguments: str) -> str:
    done = subprocess.run([MUTMUT, *arguments], cwd=tree, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"mutmut {arguments[0]} ended with {done.returncode}:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
    return done.stdout
