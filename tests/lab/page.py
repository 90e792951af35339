"""docs/LAB.md, from what was measured."""

import os
import platform
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.bench.figures import percentile

Line = dict[str, Any]

MODES = {
    "announcing": "router announces",
    "tripwire": "silent router, tripwire",
    "poll": "both off: poll alone",
}
PUBLISHED = {"announcing": (4.0, 8.0), "tripwire": (None, 20.0), "poll": (None, 190.0)}
"""Bounds of p50 and p95 in seconds: from the new address on the router to the provider's yes."""
CALLS = {"announcing": 4, "tripwire": 6, "poll": 21}
DOWN_S, UP_S = 20.0, 45.0

INTRODUCTION = """\
# In a real network

The real process with its default settings, in a home made of network namespaces: a router with nftables NAT, udhcpc and miniupnpd;
a provider of the line that takes addresses back by DHCP and carries nothing from an address it did not hand out; behind two more
networks an internet with echo services, STUN (coturn), DNS over HTTPS (dnsdist before unbound before Knot) and Cloudflare's API in
front of Knot. Nothing is faked on the way: packets, NAT, TLS, DNS and DHCP are the kernel's and Debian's. `make lab` (root only) runs
the scenarios; each ends with nothing left on the machine, also when it is killed.

Measured {date} by `python -m tests.lab.measure --labs {labs}`, an hour and a half of real time:
{machine}, busy with other work as well; {labs} labs side by side, everything
niced. Addresses change and lines break at random moments. Percentiles are by nearest rank; what never came would be `inf`.
"""

NOTES = """\
## How to read it

- *Router announces*: miniupnpd speaks NAT-PMP, PCP and UPnP, and multicasts changes. The tripwire is on there, too, as by default.
  *Silent router*: it drops all questions of these protocols. *Both off*: `wan.tripwire: off` as well; then only the clock is left.
- *New address* counts from the moment when the kernel of the router has the new address; *old one gone* from the moment when it lost
  the old one. Between the two are the three seconds that udhcpc rests after a refusal, in which the home has no internet at all.
- *Swapped at once*: the router has another address from one millisecond to the next, as when a line dials in anew. Nothing warns of
  it, and no look is under way already.
- *UP again* is when `/metrics` and the status say UP with the new address.
- An outage is one of: the first router of the provider dead, the line behind the modem dead, the cable between router and modem
  pulled, the provider carries nothing on, the path ends two networks further. It ends after 5 to 90 seconds.
- Calls are counted where they arrive: at echo services, resolvers (DNS over HTTPS) and Cloudflare's API.
- The record's TTL is 60 s, so resolvers show the new address up to a minute after the provider has it. That is not in these figures.
- Not in the lab: IPv6, radio, other routers' software, loss and delay (the round trip is below a millisecond).
"""


def write_page(lines: Sequence[Line], page: Path, labs: int, remark: str) -> None:
    """Write the tables that there is something for."""
    machine = f"{os.cpu_count()} cores, {_system()}, Python {platform.python_version()}"
    head = INTRODUCTION.format(date=time.strftime("%Y-%m-%d"), labs=labs, machine=machine)
    parts = (head + (f"\n{textwrap.fill(remark, 138)}\n" if remark else ""), *_sections(lines), NOTES)
    page.write_text("\n".join(parts))


def _sections(lines: Sequence[Line]) -> Iterator[str]:
    yield from _section("## A new address", "| home | from | n | p50 | p95 | max | bound | |", _renumberings(lines))
    yield from _section("## An outage", "| home | what | n | p50 | p95 | max | bound | |", _outages(lines))
    yield from _section("## Where it broke", "| what was broken | named so | times |", _layers(lines))
    yield from _section("## A quiet hour", "| home | calls | bound | | of them | STUN packets | CPU |", _hours(lines))
    title = "## A minute of 1,000 forged announcements a second"
    yield from _section(
        title, "| sent as | packets | writes | calls | cycles | CPU | `/-/healthy` at worst | state |", _floods(lines)
    )


def _section(title: str, header: str, rows: Iterable[str]) -> Iterator[str]:
    found = list(rows)
    if found:
        yield "\n".join([title, "", header, "| --- " * (header.count("|") - 1) + "|", *found, ""])


def _of(lines: Iterable[Line], kind: str, mode: str) -> list[Line]:
    return [line for line in lines if (line["kind"], line["mode"]) == (kind, mode)]


def _row(mode: str, what: str, values: Sequence[float | None], bounds: tuple[float | None, float | None]) -> str:
    known = [float("inf") if value is None else value for value in values]
    figures = [percentile(known, 0.5), percentile(known, 0.95), max(known)]
    told = [f"{name} <= {bound:g} s" for name, bound in zip(("p50", "p95"), bounds, strict=True) if bound is not None]
    kept = all(bound is None or figure <= bound for figure, bound in zip(figures, bounds, strict=False))
    shown = " | ".join(f"{figure:.1f} s" for figure in figures)
    return f"| {MODES[mode]} | {what} | {len(known)} | {shown} | {', '.join(told)} | {_verdict(kept) if told else ''} |"


def _verdict(kept: bool) -> str:
    return "kept" if kept else "**missed**"


def _renumberings(lines: Sequence[Line]) -> Iterator[str]:
    for mode, bounds in PUBLISHED.items():
        found = _of(lines, "renumber", mode)
        if found:
            yield _row(mode, "new address -> provider's yes", [line["from_new"] for line in found], bounds)
            yield _row(mode, "old one gone -> provider's yes", [line["from_lost"] for line in found], (None, None))
            yield _row(mode, "new address -> UP again", [line["up"] for line in found], (None, None))
        swapped = _of(lines, "swap", mode)
        if swapped:
            yield _row(mode, "swapped at once -> provider's yes", [line["from_new"] for line in swapped], bounds)


def _outages(lines: Sequence[Line]) -> Iterator[str]:
    for mode in PUBLISHED:
        found = _of(lines, "outage", mode)
        if found:
            yield _row(mode, "on -> DOWN", [line["down"] for line in found], (None, DOWN_S))
            yield _row(mode, "off -> UP", [line["up"] for line in found], (None, UP_S))


def _layers(lines: Sequence[Line]) -> Iterator[str]:
    named: dict[tuple[str, str], int] = {}
    for line in lines:
        if line["kind"] == "outage":
            key = (line["what"], line["layer"] or "(not told)")
            named[key] = named.get(key, 0) + 1
    for (what, layer), times in sorted(named.items()):
        yield f"| {what} | {layer} | {times} |"


def _hours(lines: Sequence[Line]) -> Iterator[str]:
    for mode, bound in CALLS.items():
        for line in _of(lines, "healthy", mode):
            hours = line["seconds"] / 3600
            calls = line["total"] / hours
            parts = ", ".join(f"{name} {count}" for name, count in sorted(line["calls"].items()) if count)
            cpu = f"{line['cpu_s'] / hours:.1f} s"
            yield (
                f"| {MODES[mode]} | {calls:.1f} | <= {bound} | {_verdict(calls <= bound)} | {parts} | {line['stun'] / hours:.0f} | {cpu} |"
            )


def _floods(lines: Sequence[Line]) -> Iterator[str]:
    shown: tuple[Callable[[Line], str], ...] = (
        lambda line: {"gateway": "the gateway", "guest": "another host"}[line["source"]],
        lambda line: str(line["sent"]),
        lambda line: str(line["writes"]),
        lambda line: str(line["total"]),
        lambda line: str(line["cycles"]),
        lambda line: f"{line['cpu_s']:.1f} s",
        lambda line: f"{line['slowest_s'] * 1000:.0f} ms",
        lambda line: str(line["state"]),
    )
    for line in _of(lines, "flood", "announcing"):
        yield "| " + " | ".join(each(line) for each in shown) + " |"


def _system() -> str:
    release = dict(line.partition("=")[::2] for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    name = release.get("PRETTY_NAME", "").strip('"').replace("GNU/Linux ", "")
    return f"{name}, Linux {platform.release().partition('-')[0]}"
