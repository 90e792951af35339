"""``make mutants``: mutants of the pure stages, the tests that notice them, and docs/MUTANTS.md."""

import os
import sys
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tests.mutation import engine
from tests.mutation.report import EXPLAINED, explanations, faults, page, rows

PAGE = engine.ROOT / "docs" / "MUTANTS.md"


def main() -> None:
    explained = explanations(EXPLAINED.read_text(encoding="utf-8"))
    print("breaking the pure stages, one mutant at a time: a few minutes", flush=True)
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        engine.copy_tree(Path(folder))
        mutants = engine.run(Path(folder))
        changes = [engine.change(Path(folder), mutant) for mutant in mutants if not mutant.noticed]
    survivors = sorted(changes, key=lambda each: each.function)
    cpu_s = os.times().children_user + os.times().children_system
    about = f"{datetime.now(UTC):%Y-%m-%d} with mutmut {version('mutmut')}, {cpu_s:.0f} s of CPU"
    PAGE.write_text(page(mutants, survivors, explained, about), encoding="utf-8")
    print("\n".join(rows(mutants)))
    wrong = faults(mutants, survivors, explained)
    print(*wrong, sep="\n")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
