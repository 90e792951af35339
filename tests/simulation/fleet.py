"""Many homes after an outage of their ISP: what services and providers get to feel. ``python -m tests.simulation.fleet``."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from urllib.parse import urlsplit

from cadence_exporter.settings.sections import ECHO_IPV4
from cadence_exporter.simulate.dice import dice
from cadence_exporter.simulate.report import percentile
from cadence_exporter.simulate.world import RESOLVERS
from cadence_exporter.simulate.zone import SERVICE as PROVIDER
from tests.simulation import fleet_text as text
from tests.simulation.fleet_home import (
    NO_NATPMP,
    QUIET_NATPMP,
    Story,
    begin_with_the_first,
    live,
    no_backoff,
    nothing_random,
    unspread,
)
from tests.simulation.fleet_rates import SECONDS, Rates, Sample, typical
from tests.simulation.fleet_token import Shared, Token, share

REPORT = Path(__file__).parents[2] / "docs" / "FLEET.md"
SIZES = (10, 1_000, 100_000)
DRAWS = 50
ECHO = tuple(str(urlsplit(url).hostname) for url in ECHO_IPV4)
SERVICES = {"echo": ECHO, "resolver": RESOLVERS, "provider": (PROVIDER,)}

SILENT = Story("no NAT-PMP", NO_NATPMP)
ANNOUNCED = Story("change announced")
POWER = replace(SILENT, power_cut=True)
STORIES = (
    SILENT,
    replace(SILENT, name="no NAT-PMP, back over 30 s", spread_s=30.0),
    replace(SILENT, name="no NAT-PMP, back over 5 min", spread_s=300.0),
    Story("NAT-PMP, changes not announced", QUIET_NATPMP),
    ANNOUNCED,
    replace(ANNOUNCED, name="change announced, back over 30 s", spread_s=30.0),
    replace(ANNOUNCED, name="change announced, back over 5 min", spread_s=300.0),
    replace(POWER, name="power cut"),
    replace(POWER, name="power cut, back over 30 s", spread_s=30.0),
)
VARIANTS = (
    replace(SILENT, name="no NAT-PMP; `loop.jitter` 0", jitter_s=0.0),
    replace(SILENT, name="no NAT-PMP; short waits unspread", plant=unspread),
    replace(ANNOUNCED, name="change announced; short waits unspread", plant=unspread),
    replace(POWER, name="power cut; as it was", plant=begin_with_the_first),
    replace(POWER, name="power cut; nothing random at all", plant=nothing_random, jitter_s=0.0),
)  # fmt: skip
TOKENS = (
    (SILENT, 10, Token),
    (SILENT, 400, Token),
    (SILENT, 1_000, Token),
    (SILENT, 3_000, Token),
    (SILENT, 5_000, Token),
    (replace(SILENT, name="back over 5 min", spread_s=300.0), 1_000, Token),
    (replace(SILENT, name="429 without retry-after"), 1_000, lambda: Token(says_how_long=False)),
    (replace(SILENT, name="no backoff: again every 5 s", plant=no_backoff), 1_000, Token),
    (replace(SILENT, name="as it was", plant=begin_with_the_first), 1_000, Token),
    (replace(SILENT, name="as it was", plant=begin_with_the_first), 3_000, Token),
    (replace(SILENT, name="a token each"), 1_000, lambda: Token(most=None)),
)


def cells(rates: Rates) -> list[str]:
    return [f"{value:,.10g}" for value in map(round, (rates.peak, rates.peak_10s, rates.p50, rates.p95, rates.p99))]


def story_row(story: Story, sample: Sample, size: int) -> str:
    """At the service of each kind that has it worst."""
    fleets = sample.fleets(size, dice(size, story.name), DRAWS)
    homes = len(sample.traces)
    right = sorted(each.right_s for each in sample.traces if each.right_s is not None)
    row = [story.name]
    for services in SERVICES.values():
        row += cells(typical(fleets, services))
    calls = [who for trace in sample.traces for at, who in trace.calls if at < SECONDS]
    row += [f"{sum(who in services for who in calls) / homes:.1f}" for services in SERVICES.values()]
    row += [f"{percentile(right, part)}" for part in (0.5, 1.0)] + [f"{homes - len(right)}"]
    return "| " + " | ".join(row) + " |"


def size_rows(story: Story, sample: Sample) -> list[str]:
    rows = []
    for size in SIZES:
        fleets = sample.fleets(size, dice(size, story.name), DRAWS)
        row = [story.name, f"{size:,}"]
        for services in SERVICES.values():
            rates = typical(fleets, services)
            row += [f"{rates.peak:,.0f}", f"{rates.peak_10s:,.1f}", f"{rates.p99:,.0f}"]
        rows.append("| " + " | ".join(row) + " |")
    return rows


def share_rows(story: Story, sample: Sample) -> list[str]:
    """Who gets what after the panel's two rounds: the looks in which one service is asked, in turn."""
    series = sample.everyone()
    later = {who: series.get(who, [0])[10:] for who in ECHO}
    everything = sum(map(sum, later.values())) or 1
    return [
        f"| {story.name} | {who} | {100 * sum(each) / everything:.0f} % | {max(each, default=0) / len(sample.traces):.3f} |"
        for who, each in later.items()
    ]


def token_row(story: Story, fared: Shared) -> str:
    right = [f"{value / 60:.1f}" for part in (0.5, 0.95, 1.0) if (value := percentile(fared.right_s, part)) is not None]
    late = fared.homes - len(fared.right_s)
    row = [
        story.name,
        f"{fared.homes:,}",
        *(right or ["-"] * 3),
        f"{late:,}",
        f"{fared.passed:,}",
        f"{fared.refused:,}",
    ]
    return "| " + " | ".join(row) + " |"


def halves(sample: Sample) -> str:
    """How much of a sampled peak is chance: two halves of the homes, sampled apart."""
    half = len(sample.traces) // 2
    parts = (Sample(sample.traces[:half]), Sample(sample.traces[half:]), sample)
    peaks = [typical(each.fleets(SIZES[-1], dice(1, "halves"), DRAWS), ECHO) for each in parts]
    return " / ".join(f"{each.peak:,.0f} and {each.peak_10s:,.0f}" for each in peaks)


def lived(stories: Sequence[Story], homes: int) -> list[tuple[Story, Sample]]:
    found = []
    for story in stories:
        began = monotonic()
        traces = live(story, range(homes))
        broken = sum(trace.broken for trace in traces)
        if broken:
            raise SystemExit(f"{story.name}: {broken} promises broken")
        found.append((story, Sample(traces)))
        print(f"{story.name}: {monotonic() - began:.0f} s", flush=True)
    return found


def shared(most: int) -> list[str]:
    rows = []
    for story, homes, token in TOKENS:
        if homes <= most:
            began = monotonic()
            rows.append(token_row(story, share(story, range(homes), token())))
            print(f"{rows[-1]} {monotonic() - began:.0f} s", flush=True)
    return rows


def page(homes: int, most: int, command: str) -> str:
    stories, variants = lived(STORIES, homes), lived(VARIANTS, homes)
    by_name = {story.name: sample for story, sample in stories}
    shown = [(story, sample) for story, sample in stories if story.spread_s == 0.0 and story is not STORIES[3]]
    powers = [stories[-2], variants[-2]]
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    seeds = f"{homes:,} homes simulated in each story, seeds 0 to {homes - 1}"
    parts = [text.HEAD, f"Run on {today}: `{command}`; {seeds}."]
    parts += [text.STORIES, text.STORY_COLUMNS, *(story_row(each, sample, SIZES[-1]) for each, sample in stories)]
    parts += [text.VARIANTS, text.STORY_COLUMNS, *(story_row(each, sample, SIZES[-1]) for each, sample in variants)]
    parts += [text.SIZES, text.SIZE_COLUMNS, *(row for each, sample in shown for row in size_rows(each, sample))]
    parts += [text.SHARES, text.SHARE_COLUMNS, *(row for each, sample in powers for row in share_rows(each, sample))]
    parts += [text.TOKEN, text.TOKEN_COLUMNS, *shared(most)]
    parts += [text.SAMPLING.format(homes=homes, halves=halves(by_name[SILENT.name])), text.CONCLUSIONS]
    return "\n".join(parts)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.fleet", description=__doc__)
    parser.add_argument("--homes", type=int, default=1_000, help="simulated in each story")
    parser.add_argument("--most", type=int, default=5_000, help="homes with one token: larger fleets are left out")
    parser.add_argument("--report", type=Path, default=REPORT)
    options = parser.parse_args()
    began = monotonic()
    command = f"python -m tests.simulation.fleet --homes {options.homes} --most {options.most}"
    options.report.write_text(page(options.homes, options.most, command), encoding="utf-8")
    print(f"{options.report}: {monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
