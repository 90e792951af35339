"""The programme of power recovery: homes with a plug, in weather that tempts it. ``python -m tests.simulation.outages --outages 1000000``.

With ``--ledger FILE`` each home is written down as it ends, and a run that was stopped goes on where it was.
"""

import argparse
import json
import math
import multiprocessing
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count, pairwise
from pathlib import Path
from time import monotonic, process_time

from cadence_exporter.model.memory import Phase
from cadence_exporter.model.power import Proof
from cadence_exporter.model.recovery import Bounce, Suppression
from cadence_exporter.simulate.checkers_power import POWER_CHECKERS
from cadence_exporter.simulate.plug import Restores
from cadence_exporter.simulate.power_checker import DAY_S
from cadence_exporter.simulate.weather import KINDS, POWER_KINDS
from tests.simulation.long import read_ledger, version_of_the_code
from tests.simulation.outage_seeds import tempted

REPORT = Path(__file__).parents[2] / "docs" / "RECOVERY-SIM.md"
DAYS = 2.0


class Tally:
    """What one home's cycles say about its power. Implements ``seams.Recorder``."""

    name = "tally"

    def __init__(self):
        self.withheld, self.results, self.helped = Counter(), Counter(), Counter()
        self.lasted_s = []

    def record(self, cycle):
        self.withheld.update(each.reason.value for each in cycle.decision.withheld)
        if cycle.power is not None:
            self.results[f"{type(cycle.power.action).__name__} {cycle.power.result.value}"] += 1
        awaited = cycle.before.recovery.awaiting_up
        if awaited is not None:
            if cycle.memory.phase is Phase.UP:
                self.helped["helped"] += 1
            elif isinstance(cycle.decision.power, Bounce):
                self.helped["did not help"] += 1
        if cycle.decision.outage_ended is not None:
            self.lasted_s.append(cycle.decision.outage_ended.seconds)


@dataclass(frozen=True)
class Life:
    """What is kept of one home: one line of the ledger."""

    seed: int
    days: float
    cycles: int
    crashes: int
    outages: int
    past_escalation: int
    """Outages that lasted longer than the escalation delay."""
    faults: dict[str, int]
    cuts: int
    by_hand: int
    rehearsal: bool
    results: dict[str, int]
    withheld: dict[str, int]
    helped: dict[str, int]
    revived: int
    most_over_s: float | None
    """The longest time off that a timer ended, less ``off_for``."""
    closest: float | None
    """The shortest time between two bounces, as a multiple of the cooldown of that home."""
    fullest: float
    """The most bounces within 24 hours, as a share of the budget."""
    most_in_a_day: int
    broken: str | None


def live(task: tuple[int, float]) -> Life:
    run, tally = tempted(*task), Tally()
    run.recorders.append(tally)
    account = run.run()
    power, policy = run.world.power, run.policy.recovery
    cuts = [cut.at for cut in power.diary.cuts]
    gaps = [later - earlier for earlier, later in pairwise(cuts)]
    most = max((sum(at - each < DAY_S for each in cuts if each <= at) for at in cuts), default=0)
    owns_timer = power.spec.proof is Proof.TIMER and power.spec.restores is Restores.ON
    longest_s = power.plug.longest_armed_off_s if owns_timer else 0.0
    return Life(
        seed=account.seed,
        days=account.days,
        cycles=account.cycles,
        crashes=account.crashes,
        outages=account.outages,
        past_escalation=sum(seconds > policy.escalation_s for seconds in tally.lasted_s),
        faults=account.faults,
        cuts=len(cuts),
        by_hand=sum(cut.by_hand for cut in power.diary.cuts),
        rehearsal=policy.device == "rehearsal",
        results=dict(tally.results),
        withheld=dict(tally.withheld),
        helped=dict(tally.helped),
        revived=power.modem.revived,
        most_over_s=longest_s - policy.off_for_s if longest_s else None,
        closest=min(gaps) / policy.cooldown_s if gaps else None,
        fullest=most / policy.max_per_day,
        most_in_a_day=most,
        broken=next((f"{each.promise}: {each.what}" for each in account.broken), None),
    )


@dataclass
class Totals:
    lives: list[Life] = field(default_factory=list)

    def sum(self, name: str) -> int:
        return sum(getattr(life, name) for life in self.lives)

    def count(self, name: str) -> Counter[str]:
        together: Counter[str] = Counter()
        for life in self.lives:
            together.update(getattr(life, name))
        return together

    def known(self, name: str) -> list[float]:
        return [value for life in self.lives if (value := getattr(life, name)) is not None]

    @property
    def broken(self) -> list[Life]:
        return [life for life in self.lives if life.broken]


def programme(totals: Totals, first: int, wanted: int, jobs: int, most_s: float, ledger: Path | None) -> None:
    done = {life.seed for life in totals.lives}
    tasks = ((seed, DAYS) for seed in count(first) if seed not in done)
    began, outages = monotonic(), totals.sum("outages")
    with multiprocessing.Pool(jobs) as pool:
        while outages < wanted and monotonic() - began < most_s:
            batch = [next(tasks) for _ in range(40 * jobs)]
            for life in pool.imap_unordered(live, batch, chunksize=4):
                totals.lives.append(life)
                outages += life.outages
                if ledger:
                    with ledger.open("a", encoding="utf-8") as book:
                        book.write(json.dumps(vars(life)) + "\n")
                if life.broken:
                    print(f"seed {life.seed}: {life.broken}", flush=True)
            sys.stderr.write(
                f"{outages:,} of {wanted:,} outages, {len(totals.broken)} broken, {monotonic() - began:.0f} s\n"
            )


def speed() -> str:
    began = process_time()
    outages = sum(live((seed, DAYS)).outages for seed in range(3))
    return f"{outages / (process_time() - began):,.0f} outages a CPU second"


def report(totals: Totals, version: str, command: str) -> str:
    outages, cuts = totals.sum("outages"), totals.sum("cuts")
    withheld, results, helped, kinds = (totals.count(name) for name in ("withheld", "results", "helped", "faults"))
    over, closest = totals.known("most_over_s"), totals.known("closest")
    rows = [
        ("homes (seeds)", f"{len(totals.lives):,}, {DAYS:g} days of storm each"),
        ("outages seen", f"{outages:,}"),
        ("of them longer than the escalation delay", f"{totals.sum('past_escalation'):,}"),
        ("cycles of the production loop", f"{totals.sum('cycles'):,}"),
        ("crashes, reboots and power cuts of the host", f"{totals.sum('crashes'):,}"),
        ("faults injected", f"{sum(kinds.values()):,} of {len(kinds)} kinds"),
        ("times the relay was cut", f"{cuts:,}, {totals.sum('by_hand'):,} of them asked for by a person"),
        ("homes in rehearsal", f"{sum(life.rehearsal for life in totals.lives):,}, in which the relay never moved"),
        (
            "bounces after which it was UP before the next one",
            f"{helped['helped']:,} yes, {helped['did not help']:,} no",
        ),
        ("hangs that a bounce ended", f"{totals.sum('revived'):,}"),
        ("longest time off, where the device's timer ends it", f"`off_for` and {max(over, default=0.0):.2f} s"),
        ("closest two bounces", f"{min(closest, default=math.inf):.4f} of the home's cooldown"),
        (
            "most bounces within 24 hours",
            f"{max(totals.known('most_in_a_day'), default=0)}; at most {max(totals.known('fullest'), default=0.0):.0%} of a home's budget",
        ),
        ("speed", speed()),
        ("runs in which a promise was broken", f"**{len(totals.broken)}**"),
    ]
    lines = [
        "# Power recovery in pretend homes",
        "",
        "The production loop with decisions, ledger, hand and guarded switch; modem, plug, UPS and mains are pretended, on a",
        "virtual clock. The plug has a clock of its own and keeps what its contacts really did. This page is written by the programme.",
        "",
        f"Run on {datetime.now(UTC):%Y-%m-%d} on commit {version}: `{command}` with `--ledger`.",
        "",
        "| | |",
        "| --- | --- |",
        *(f"| {name} | {value} |" for name, value in rows),
        "",
        *(f"- seed {life.seed}: {life.broken}" for life in totals.broken),
        "",
        "Not in this weather: a state directory that is wiped whole. Who has lost every word of the past keeps to nothing but the",
        "boot grace.",
        "",
        "## Refusals",
        "",
        "Counted once a cycle while DOWN, all that apply.",
        "",
        "| guardrail | cycles |",
        "| --- | --- |",
        *(f"| `{reason.value}` | {withheld[reason.value]:,} |" for reason in Suppression),
        "",
        "## What became of what was done",
        "",
        "| action and result | times |",
        "| --- | --- |",
        *(f"| {name} | {many:,} |" for name, many in sorted(results.items())),
        "",
        "## What is promised",
        "",
        *(f"- {checker.promise}" for checker in POWER_CHECKERS),
        "- and all that [SIMULATION.md](SIMULATION.md) promises",
        "",
        "## The weather",
        "",
        "| fault | times | what |",
        "| --- | --- | --- |",
        *(f"| {name.replace('_', ' ')} | {many:,} | {_about(name)} |" for name, many in sorted(kinds.items())),
    ]
    return "\n".join(lines) + "\n"


def _about(name: str) -> str:
    return ((KINDS.get(name) or POWER_KINDS[name]).__doc__ or "").strip()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.outages", description=__doc__)
    parser.add_argument("--outages", type=int, default=1_000_000)
    parser.add_argument("--first", type=int, default=5_000_000, help="the first seed")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--most-seconds", type=float, default=math.inf, help="end after this time with what there is")
    parser.add_argument("--report", type=Path, default=REPORT)
    parser.add_argument("--ledger", type=Path, help="where each home is noted; a stopped run goes on from there")
    parser.add_argument("--version", help="of the code, when it does not run from its repository")
    options = parser.parse_args()
    version = options.version or version_of_the_code()
    known = read_ledger(options.ledger, version, DAYS, Life) if options.ledger else []
    totals = Totals(known)
    programme(totals, options.first, options.outages, options.jobs, options.most_seconds, options.ledger)
    command = f"python -m tests.simulation.outages --outages {options.outages}"
    options.report.write_text(report(totals, version, command), encoding="utf-8")
    print(
        f"{len(totals.lives)} homes, {totals.sum('outages'):,} outages, {len(totals.broken)} broken; {options.report}"
    )
    return 1 if totals.broken else 0


if __name__ == "__main__":
    sys.exit(main())
