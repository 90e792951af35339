"""The product and two simpler policies in the same weather. ``python -m tests.simulation.compare --days 30 --seeds 20``."""

import argparse
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.memory import Phase
from cadence_exporter.simulate.dice import dice
from cadence_exporter.simulate.home import PLAIN, VPN
from cadence_exporter.simulate.report import percentile
from cadence_exporter.simulate.run import DAY_S, Simulation
from cadence_exporter.simulate.weather import Weather
from cadence_exporter.simulate.world import HomeSpec, World
from tests.simulation.judge import Judge, Marks
from tests.simulation.pollers import FIRST_ECHO_WINS, FIVE_MINUTES, Poller, PollerAtHome

REPORT = Path(__file__).parents[2] / "docs" / "COMPARISON.md"
DAYS_A_YEAR = 365.25

CALM = {
    "renumbered": 1.0,
    "outage_with_new_address": 0.5,
    "short_outage": 0.5,
    "router_reboots": 0.1,
    "flap": 1.0,
    "echo_dead": 0.2,
}
BAD_SERVICES = CALM | {
    "echo_lies": 1.0,
    "echo_lies_the_past": 0.5,
    "echo_lies_the_present": 0.5,
    "echo_lags": 1.0,
    "echo_dead": 1.0,
    "echo_page": 0.5,
    "echo_slow": 0.5,
    "captive_portal": 0.5,
    "walled_garden": 0.5,
}
WEATHERS: Mapping[str, Mapping[str, float]] = {
    "Renumberings and outages, echo services honest and seldom dead": CALM,
    "The same, with echo services that lie, lag, die or sit behind a captive portal": BAD_SERVICES,
}


@dataclass(frozen=True)
class Contestant:
    name: str
    poller: Poller | None
    """None: the product's own loop."""
    home: HomeSpec


CONTESTANTS = (
    Contestant("`cadence-exporter`, router speaks NAT-PMP and announces", None, PLAIN),
    Contestant("`cadence-exporter`, router says nothing, tripwire", None, replace(PLAIN, speaks_natpmp=False)),
    Contestant(
        "`cadence-exporter`, router says nothing, tripwire off",
        None,
        replace(PLAIN, speaks_natpmp=False, tripwire=False),
    ),
    Contestant("first echo wins, every 180 s", FIRST_ECHO_WINS, PLAIN),
    Contestant("one echo service, every 300 s", FIVE_MINUTES, PLAIN),
)


class SeesDown:
    """Implements ``seams.Recorder``: when the product knew that it was down."""

    name = "sees down"

    def __init__(self, judge: Judge, world: World) -> None:
        self._judge = judge
        self._world = world

    def record(self, cycle: Cycle) -> None:
        if cycle.memory.phase is Phase.DOWN:
            self._judge.noticed.append(self._world.clock.true)


def play(contestant: Contestant, seed: int, days: float, rates: Mapping[str, float]) -> tuple[Marks, World]:
    """One contestant in one home."""
    if contestant.poller is None:
        run = Simulation(contestant.home, seed, days, rates)
        judge = Judge(run.world, days * DAY_S)
        run.recorders.append(SeesDown(judge, run.world))
        run.run()
        return judge.marks(), run.world
    world = World(contestant.home, seed, days * DAY_S)
    judge = Judge(world, days * DAY_S)
    world.zone.by_hand(VPN.key, tuple(str(address) for address in world.line.leased.values()))
    Weather(world, dice(seed, "weather"), rates, days * DAY_S, lambda _name: None).begin()
    PollerAtHome(contestant.poller, world, judge.noticed.append).run(days * DAY_S)
    return judge.marks(), world


def compete(contestant: Contestant, first: int, seeds: int, days: float, rates: Mapping[str, float]) -> Marks:
    total = Marks()
    for seed in range(first, first + seeds):
        total.add(play(contestant, seed, days, rates)[0])
    return total


def figures(marks: Marks) -> dict[str, float]:
    """The columns, the less the better each."""
    a_year = DAYS_A_YEAR / marks.days / 60.0
    delays = {name: percentile(marks.delays_s, share) for name, share in SHARES}
    return {
        **{name: delay for name, delay in delays.items() if delay is not None},
        "never arrived": marks.overtaken,
        "calls an hour": round(marks.calls / marks.days / 24.0, 1),
        "wrong": marks.wrong,
        "outdated": marks.outdated,
        "min/year astray": round(marks.astray_s * a_year),
        "of these foreign": round(marks.foreign_s * a_year),
        "outages unseen": marks.unseen,
        "of a minute or longer": marks.unseen_minute,
    }


SHARES = (("p50 s", 0.5), ("p95 s", 0.95), ("p99 s", 0.99), ("max s", 1.0))
COLUMNS = tuple(figures(Marks(days=1.0, delays_s=[0.0])))


def row(name: str, marks: Marks) -> str:
    found = figures(marks)
    cells = (f"{found[column]:,.10g}" if column in found else "-" for column in COLUMNS)
    return f"| {name} | {marks.writes:,} | " + " | ".join(cells) + " |"


def not_better(rows: list[tuple[Contestant, Marks]]) -> list[str]:
    """Columns in which a simple policy beats the product, a line each."""
    lines = []
    for ours, our_marks in rows:
        if ours.poller is not None:
            continue
        for simple, simple_marks in rows:
            if simple.poller is None:
                continue
            mine, theirs = figures(our_marks), figures(simple_marks)
            lost = [column for column in COLUMNS if column in mine and mine[column] > theirs.get(column, math.inf)]
            if lost:
                told = ", ".join(f"{column} ({mine[column]:,.10g}, not {theirs[column]:,.10g})" for column in lost)
                lines.append(f"- {ours.name}, against *{simple.name}*: {told}")
    return lines or ["- nowhere"]


HEAD = """\
# The same weather, other policies

Written by `python -m tests.simulation.compare`. The production loop, unchanged, and two simpler policies live one after the other in the
same pretend homes: same seeds, same clock, same weather, measured from outside by the same judge (`tests/simulation/judge.py`).

- **first echo wins**: the first four of the product's five echo services, always in the same order; the first that answers is believed;
  no quorum, no confirmation, a look every 180 s. It reads and writes at the provider when the answer differs from what it wrote last,
  and never asks resolvers.
- **one echo service**: the same with a single service and a look every 300 s.
"""

LEGEND = """
## How to read it

- **p50 .. max**: seconds from the moment an address is the home's until the provider holds it. Only seconds with a usable line count:
  nobody can write through a cut line or a captive portal. *Never arrived*: the next change came first; such changes have no
  delay, which flatters whoever is slow.
- **calls an hour**: echo, resolvers and provider together, the mean over all hours. Probes of the path and of the router are not counted:
  only the product makes them (TCP and TLS to two targets in each look), so in raw connections it makes many more.
- **wrong**: writes of an address that had not been the home's within 80 minutes. **outdated**: it had been within that time, and was no
  more when it was written.
- **min/year astray**: minutes a year in which the record held another address than the home's while the line was usable, the delays
  after each change included. *Foreign*: it held what had never been the home's.
- **outages unseen**: cut lines and dead routers during which no look noticed. A poller that gets no answer is given the outage as seen,
  although it could not tell it from a dead echo service.

## What favours whom

- A page where an address was expected is recognised by all three; lies are public addresses, which all three accept as such. Fewer
  operators than the quorum lie at a time: with a majority of liars the product is lost as well.
- The product's slow tail is by design: when so many operators are dead, or lie while others are dead, that no quorum is left, it waits,
  says so (DEGRADED), and leaves the record as it is. It asks all services at its fast pace for four minutes and then at its healthy
  one, which is where its calls go in the second table; another part goes to confirming each new address. The simple policies guess.
- Without a word of the router's or the tripwire's the product learns of a change as late as a poller of its pace does, and then
  confirms it: up to ten seconds of jitter and one confirming look behind the poller at p95 and beyond.
- Without a tripwire the product looks every 180 s, too, when all is well: an outage of a minute or two may fall between two looks.
- Nobody edits the zone by hand, the provider has no bad days and the host never dies: there the product's readings of resolvers, its
  budget and its store would show. The calls they cost are counted all the same.
- Renumberings are far more frequent than in most homes, so that percentiles mean something: compare columns, not with your own year.
"""


def page(tables: Mapping[str, list[tuple[Contestant, Marks]]], command: str, seeds: range, days: float) -> str:
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    parts = [HEAD, f"Run on {today}: `{command}`; seeds {seeds[0]} to {seeds[-1]}, {days:g} days each."]
    for title, rows in tables.items():
        named = ", ".join(f"{name.replace('_', ' ')} {rate:g}" for name, rate in WEATHERS[title].items())
        changes, outages = rows[0][1].changes, rows[0][1].outages
        parts += [
            f"\n## {title}\n\nFaults a day: {named}. {changes:,} changes of the address, {outages:,} outages.\n",
            "| policy | writes | " + " | ".join(COLUMNS) + " |",
            "| --- |" + " ---: |" * (len(COLUMNS) + 1),
            *(row(each.name, marks) for each, marks in rows),
            "\nWhere the product is not better:\n",
            *not_better(rows),
        ]
    return "\n".join(parts) + "\n" + LEGEND


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.compare", description=__doc__)
    parser.add_argument("--days", type=float, default=30.0, help="of each home")
    parser.add_argument("--seeds", type=int, default=20, help="homes")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--report", type=Path, default=REPORT)
    options = parser.parse_args()
    began = monotonic()
    tables: dict[str, list[tuple[Contestant, Marks]]] = {
        title: [(each, compete(each, options.first, options.seeds, options.days, rates)) for each in CONTESTANTS]
        for title, rates in WEATHERS.items()
    }
    command = f"python -m tests.simulation.compare --days {options.days:g} --seeds {options.seeds}"
    command += f" --first {options.first}" if options.first != 1 else ""
    options.report.write_text(
        page(tables, command, range(options.first, options.first + options.seeds), options.days), encoding="utf-8"
    )
    print(f"{options.report}: {monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
