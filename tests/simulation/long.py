"""The programme: many homes, years of fault-dense weather, and a report. ``python -m tests.simulation.long --years 10 --jobs 2``.

With ``--ledger FILE`` each home is written down as it ends, and a run that was stopped goes on where it was.
"""

import argparse
import json
import math
import multiprocessing
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from cadence_exporter.simulate.checkers import CHECKERS
from cadence_exporter.simulate.weather import KINDS
from tests.simulation.seeds import simulation

DAYS_A_YEAR = 365.25
REPORT = Path(__file__).parents[2] / "docs" / "SIMULATION.md"


@dataclass(frozen=True)
class Home:
    """What is kept of one home: one line of the ledger."""

    seed: int
    days: float
    cycles: int
    crashes: int
    writes: dict[str, int]
    outages: int
    address_changes: int
    faults: dict[str, int]
    broken: str | None
    """The first broken promise, and how."""


def live(task: tuple[int, float]) -> Home:
    account = simulation(*task).run()
    first = next((f"{each.promise}: {each.what}" for each in account.broken), None)
    return Home(
        account.seed, account.days, account.cycles, account.crashes, account.writes,
        account.outages, account.address_changes, account.faults, first,
    )  # fmt: skip


@dataclass
class Totals:
    homes: list[Home] = field(default_factory=list)

    def sum(self, name: str) -> float:
        return sum(getattr(home, name) for home in self.homes)

    def count(self, name: str) -> Counter[str]:
        together: Counter[str] = Counter()
        for home in self.homes:
            together.update(getattr(home, name))
        return together

    @property
    def years(self) -> float:
        return self.sum("days") / DAYS_A_YEAR

    @property
    def broken(self) -> list[Home]:
        return [home for home in self.homes if home.broken]


def version_of_the_code() -> str:
    """The last commit that touched what the figures depend on; other commits may come and go while a ledger grows."""
    paths = ("cadence_exporter", "tests/simulation/seeds.py")
    git = ("git", "-C", str(REPORT.parents[1]))
    if subprocess.check_output((*git, "status", "--porcelain", "--untracked-files=no", "--", *paths)):
        sys.exit(
            "there are uncommitted changes in what is simulated: commit them first, so that the figures have a version"
        )
    return subprocess.check_output((*git, "log", "-1", "--format=%h", "--", *paths), text=True).strip()


def read_ledger(ledger: Path, version: str, days: float, kind: type = Home) -> list:
    """The homes of an earlier run of the same code and length; a ledger of another run is an error."""
    if not ledger.exists():
        ledger.write_text(json.dumps({"version": version, "days": days}) + "\n", encoding="utf-8")
        return []
    head, *lines = ledger.read_text(encoding="utf-8").splitlines()
    if json.loads(head) != {"version": version, "days": days}:
        sys.exit(f"{ledger}: made by other code or with other options ({head}); name another file")
    return [kind(**json.loads(line)) for line in lines]


def programme(todo: list[tuple[int, float]], totals: Totals, jobs: int, most_s: float, ledger: Path | None) -> None:
    """As many of the homes as fit into ``most_s`` seconds, added to ``totals``."""
    began, wanted = monotonic(), len(totals.homes) + len(todo)
    with multiprocessing.Pool(jobs) as pool:
        for home in pool.imap_unordered(live, todo, chunksize=4):
            totals.homes.append(home)
            if ledger:
                with ledger.open("a", encoding="utf-8") as book:
                    book.write(json.dumps(vars(home)) + "\n")
            if home.broken:
                print(f"seed {home.seed}, {home.days:.4f} days: {home.broken}", flush=True)
            if len(totals.homes) % 50 == 0:
                faults = sum(totals.count("faults").values())
                sys.stderr.write(
                    f"\r{len(totals.homes)}/{wanted} homes, {totals.years:.1f} years, {faults:,} faults, "
                    f"{len(totals.broken)} broken, {monotonic() - began:.0f} s "
                )
            if monotonic() - began > most_s:
                pool.terminate()
                break
    sys.stderr.write("\n")


def kept(page: Path, title: str) -> list[str]:
    """A section of the page that this programme does not write: how fast it is, is measured by ``python -m tests.bench.simulated``."""
    lines = page.read_text(encoding="utf-8").splitlines() if page.exists() else []
    if title not in lines:
        return []
    section = lines[lines.index(title) :]
    after = next((number for number, line in enumerate(section[1:], 1) if line.startswith("## ")), len(section))
    return section[:after]


def report(totals: Totals, wanted: int, version: str, command: str) -> str:
    count, days = len(totals.homes), totals.sum("days")
    kinds, first = totals.count("faults"), min(home.seed for home in totals.homes)
    faults, cycles = sum(kinds.values()), int(totals.sum("cycles"))
    bound = 3.0 / totals.years if not totals.broken else math.nan
    rows = [
        (
            "homes (seeds)",
            f"{count:,} of the {wanted:,} that were asked for, from {first:,} on, {days / count:.3f} days of storm each",
        ),
        ("simulated years of storms", f"{totals.years:,.1f}"),
        ("faults injected", f"{faults:,} of {len(kinds)} kinds, {faults / days:.0f} a day"),
        ("cycles of the production loop", f"{cycles:,}"),
        ("crashes and power cuts", f"{int(totals.sum('crashes')):,}"),
        ("confirmed address changes", f"{int(totals.sum('address_changes')):,}"),
        ("outages", f"{int(totals.sum('outages')):,}"),
        *((f"{name}s at the provider", f"{many:,}") for name, many in sorted(totals.count("writes").items())),
        ("deletes at the provider", "0: no code can ask for one, and the pretend provider has no such request"),
        ("runs in which a promise was broken", f"**{len(totals.broken)}**"),
    ]
    lines = [
        "# A pretend home on a virtual clock",
        "",
        "`cadence-exporter simulate` runs the production loop, its decisions and its reconciliation in a pretend home; only the seams",
        "(`cadence_exporter/seams.py`) are played. This page is written by the programme; its figures are those of one run.",
        "",
        f"Run on {datetime.now(UTC):%Y-%m-%d} on commit {version}: `{command}` with `--ledger`.",
        "",
        "| | |",
        "| --- | --- |",
        *(f"| {name} | {value} |" for name, value in rows),
        "",
        *(
            [
                "No run broke a promise. By the rule of three, with 95 % confidence a promise about what is done breaks less than",
                f"{bound:.2g} times a year of such weather, and fewer than one storm in {count / 3.0:,.0f} ends without recovery in time.",
                "Both are about the pretend home, not yours: they say how little was left to chance, and",
                "[SENSITIVITY.md](SENSITIVITY.md) says what would have been noticed.",
            ]
            if not totals.broken
            else ["Broken:", ""]
        ),
        *(f"- seed {home.seed}: {home.broken}" for home in totals.broken),
        "",
        *kept(REPORT, "## How fast"),
        "## What is assumed",
        "",
        "The fault model is in [SAFETY.md](SAFETY.md). Beyond it the pretend home is kinder than a real one in these points:",
        "",
        "- A commit happens or does not; torn writes and damaged files are the business of `tests/crash`. Of the store only the",
        "  memory and, with `--metrics-out`, the counters are there, not the history.",
        "- Of several troubles of the provider at once the newest counts. A creation is never carried out late.",
        "- A request does not outlive a sleep of the host. A host whose clock was set while it was off counts from what the clock says.",
        "- About one fault in sixteen changes nothing (another prefix in a home without IPv6, a stale word of a router that is not asked).",
        "- After the storm everything is healed at once, and a person has put right what only a person can.",
        "",
        "## What is promised",
        "",
        *(f"- {checker.promise}" for checker in CHECKERS),
        "- after a storm: UP within 12 cycles; within about two hours the zone is right, resolvers show it and the belief is fresh (a day,",
        "  when the daily budget was spent)",
        "- no exception at any border of the loop, and the process does not end by itself",
        "",
        "Which planted defects these promises find, and how soon: [SENSITIVITY.md](SENSITIVITY.md).",
        "",
        "## The weather",
        "",
        "Each home draws a random subset of these, with random rates (swarm testing), from one seed.",
        "",
        "| fault | times | what |",
        "| --- | --- | --- |",
        *(
            f"| {name.replace('_', ' ')} | {kinds[name]:,} | {(fault.__doc__ or '').strip()} |"
            for name, fault in KINDS.items()
        ),
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.long", description=__doc__)
    parser.add_argument("--years", type=float, default=300.0, help="simulated years of all homes together")
    parser.add_argument("--seeds", type=int, default=10_000, help="homes")
    parser.add_argument("--first", type=int, default=1_000_000, help="the first seed")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--most-seconds", type=float, default=math.inf, help="end after this time with what there is")
    parser.add_argument("--report", type=Path, default=REPORT)
    parser.add_argument("--ledger", type=Path, help="where each home is noted; a stopped run goes on from there")
    options = parser.parse_args()
    days = options.years * DAYS_A_YEAR / options.seeds
    version = version_of_the_code()
    totals = Totals(read_ledger(options.ledger, version, days) if options.ledger else [])
    done = {home.seed for home in totals.homes}
    todo = [(seed, days) for seed in range(options.first, options.first + options.seeds) if seed not in done]
    programme(todo, totals, options.jobs, options.most_seconds, options.ledger)
    command = f"python -m tests.simulation.long --years {options.years:g} --seeds {options.seeds}"
    options.report.write_text(report(totals, options.seeds, version, command), encoding="utf-8")
    print(f"{len(totals.homes)} homes, {totals.years:.1f} years, {len(totals.broken)} broken; {options.report}")
    return 1 if totals.broken else 0


if __name__ == "__main__":
    sys.exit(main())
