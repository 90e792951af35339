"""Plants every defect, one at a time, and writes down which layer of the tests finds it: ``python -m tests.sensitivity``.

With ``--ledger FILE`` each result is kept there as it comes, and a later run goes on where one was stopped.
"""

import argparse
import json
import multiprocessing
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from tests.sensitivity.catalogue import catalogue
from tests.sensitivity.layers import show
from tests.sensitivity.planted import LAYERS, Planted

REPORT = Path(__file__).parents[2] / "docs" / "SENSITIVITY.md"
Shown = dict[str, tuple[str | None, float]]
INTRODUCTION = """# What the tests would find

Each row is one mistake, planted in the production code; each column is one layer of the tests, and says how soon it found that mistake
(in CPU seconds). `no` means that it was shown the mistake and did not find it within its budget; an empty cell, that it does not run
that code. The page is written by the programme.
"""
BUDGETS = """## The layers

| layer | what it does | budget |
| --- | --- | --- |
| simulation | homes with random faults on a virtual clock (`tests/simulation`) | 60 seeds of a day, or 20 s |
| exhaustive | every reachable state of the decisions (`tests/exhaustive/search.py`) | all of them |
| verdicts | every combination of answers about the address (`tests/exhaustive/test_verdicts.py`) | all of them |
| lives of decisions | Hypothesis, decisions and memory (`tests/exhaustive/test_machines.py`) | 200 lives |
| lives of a record | Hypothesis, reconciliation against a model zone (`tests/exhaustive/life_of_a_record.py`) | 400 lives |
| lives of a store | Hypothesis, the store on real files (`tests/exhaustive/life_of_a_store.py`) | 100 lives |
| crash points | a story killed at each boundary, on disks of three kinds (`tests/crash`) | every tenth disk |
| bits and lengths | damaged files of the store (`tests/crash/damage.py`) | 720 bits of each file |
| guardrails | each in the situation in which it alone refuses (`tests/decide/test_recovery.py`) | all of them |
| simulated outages | homes with a plug, in stories and weather that tempt it | 28 stories of 3 days, 60 homes of 2, or 30 s |
| states of power | decisions and ledger, breadth first (`tests/exhaustive/test_power.py`) | the first 1,500 |
| lives of power | Hypothesis, the same with the rows of the store | 150 lives |
| crash points of a bounce | two bounces killed at each boundary (`tests/crash/test_bounce_crash_points.py`) | every sixth disk |
"""


def one(number: int) -> tuple[int, Shown]:
    planted = catalogue()[number]
    return number, {layer: show(planted, layer) for layer in planted.shown_to}


def cell(shown: Shown, layer: str) -> str:
    if layer not in shown:
        return ""
    found, took_s = shown[layer]
    return "no" if found is None else f"{took_s:.1f} s" if found == "found" else f"{found}, {took_s:.1f} s"


def report(rows: Iterable[tuple[Planted, Shown]], command: str) -> str:
    rows = list(rows)
    found = [planted for planted, shown in rows if any(hit for hit, _ in shown.values())]
    twice = [planted for planted, shown in rows if sum(1 for hit, _ in shown.values() if hit) > 1]
    sums = [
        f"| {layer} | {sum(1 for _, shown in rows if shown.get(layer, (None,))[0])} of {sum(1 for _, shown in rows if layer in shown)} |"
        for layer in LAYERS
    ]
    return "\n".join(
        [
            INTRODUCTION,
            f"Run on {datetime.now(UTC):%Y-%m-%d}: `{command}`.",
            f"{len(rows)} defects, {len(found)} found, {len(twice)} of them by more than one layer.",
            "",
            BUDGETS,
            "| layer | found |",
            "| --- | --- |",
            *sums,
            "",
            "## The defects",
            "",
            f"| defect | class | {' | '.join(LAYERS)} |",
            f"| --- | --- |{' --- |' * len(LAYERS)}",
            *(
                f"| {planted.name} | {planted.kind} | {' | '.join(cell(shown, layer) for layer in LAYERS)} |"
                for planted, shown in rows
            ),
            "",
        ]
    )


def kept(ledger: Path | None) -> dict[int, Shown]:
    """What an earlier run has found, as far as it still fits the catalogue."""
    lines = ledger.read_text(encoding="utf-8").splitlines() if ledger and ledger.exists() else []
    known = {
        entry["name"]: {layer: tuple(each) for layer, each in entry["shown"].items()}
        for entry in map(json.loads, lines)
    }
    return {
        number: known[planted.name]
        for number, planted in enumerate(catalogue())
        if set(known.get(planted.name, ())) == set(planted.shown_to)
    }


def keep(ledger: Path | None, number: int, shown: Shown) -> None:
    if ledger:
        with ledger.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"name": catalogue()[number].name, "shown": shown}) + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.sensitivity", description=__doc__)
    parser.add_argument("--ledger", type=Path, help="keeps what was found; a later run goes on from it")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="defects whose name holds this; nothing is written then")
    parser.add_argument("--report", type=Path, default=REPORT)
    options = parser.parse_args()
    chosen = [number for number, planted in enumerate(catalogue()) if options.only in planted.name]
    found = {number: shown for number, shown in kept(options.ledger).items() if number in chosen}
    earlier = set(found)
    with multiprocessing.Pool(options.jobs, maxtasksperchild=1) as pool:
        for number, shown in pool.imap_unordered(one, [number for number in chosen if number not in found]):
            found[number] = shown
            keep(options.ledger, number, shown)
            words = ", ".join(f"{layer}: {cell(shown, layer)}" for layer in shown)
            print(f"{len(found)}/{len(chosen)} {catalogue()[number].name}: {words}", flush=True)
    rows = [(catalogue()[number], found[number]) for number in chosen]
    missed = [planted.name for planted, shown in rows if not any(hit for hit, _ in shown.values())]
    if not options.only:
        command = f"python -m tests.sensitivity --jobs {options.jobs}"
        if earlier:
            command += f" --ledger FILE`, in several stretches; {len(earlier)} rows were read from the ledger `FILE"
        options.report.write_text(report(rows, command), encoding="utf-8")
    print(f"{len(rows)} defects, not found by any layer: {missed or 'none'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
