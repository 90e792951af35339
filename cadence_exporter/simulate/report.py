"""The account of a simulation, for people and for programs."""

from dataclasses import dataclass
from typing import Any

from cadence_exporter.model.memory import Phase
from cadence_exporter.model.recovery import PowerResult
from cadence_exporter.simulate.account import Account
from cadence_exporter.simulate.checkers import CHECKERS

_MOST_STORY = 40
"""Lines of the story shown: the beginning and the end of it."""
_PHASES = (Phase.UP, Phase.DEGRADED, Phase.DOWN, Phase.INIT)
_BAR = 40


@dataclass(frozen=True, slots=True)
class Title:
    """What was simulated, and how long that took."""

    scenario: str
    about: str
    took_s: float


def as_text(title: Title, account: Account) -> str:
    """The readable account."""
    parts = [
        _head(title, account),
        _shares(account),
        _dns(account),
        _bounces(account),
        _weather(account),
        _story(account),
        _verdict(account),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def as_dict(title: Title, account: Account) -> dict[str, Any]:
    """The same as one JSON document."""
    hours = account.hours
    return {
        "scenario": title.scenario,
        "seed": account.seed,
        "days": account.days,
        "took_seconds": round(title.took_s, 3),
        "cycles": account.cycles,
        "crashes": account.crashes,
        "faults": account.faults,
        "faults_injected": sum(account.faults.values()),
        "seconds_in_state": {phase.value: round(seconds, 1) for phase, seconds in account.seconds_in.items()},
        "seconds_off": round(account.off_s, 1),
        "outages": account.outages,
        "bounces": _bounces_document(account),
        "address_changes": account.address_changes,
        "writes": account.writes,
        "convergence_seconds": {name: percentile(account.converged_s, share) for name, share in _PERCENTILES},
        "calls_per_hour": {service: round(number / hours, 2) for service, number in account.calls.items()},
        "up_after_cycles": account.up_after_cycles,
        "promises": [checker.promise for checker in CHECKERS],
        "broken": [
            {"at_seconds": round(each.at_s, 3), "promise": each.promise, "what": each.what} for each in account.broken
        ],
        "log_sha256": account.digest,
    }


_PERCENTILES = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1.0))


def percentile(values: list[float], share: float) -> float | None:
    """The smallest value that at least this share of all lies at or below; ``None`` of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    return round(ordered[max(0, min(len(ordered) - 1, int(len(ordered) * share + 0.999999) - 1))], 1)


def length(seconds: float) -> str:
    """``2 d 3 h``, ``4 min``, ``12 s``: two units at most."""
    left, parts = int(seconds), []
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        if left >= size:
            parts.append(f"{left // size} {unit}")
            left %= size
    return " ".join(parts[:2]) or f"{seconds:.1f} s"


def _head(title: Title, account: Account) -> str:
    speed = f"{account.cycles / title.took_s:,.0f} a second" if title.took_s > 0 else ""
    return (
        f"{title.scenario}: {title.about}\n"
        f"{account.days:g} days and a calm after them, seed {account.seed}: "
        f"{account.cycles:,} cycles in {title.took_s:.1f} s ({speed})"
    )


def _shares(account: Account) -> str:
    spent = {phase.value.upper(): account.seconds_in.get(phase, 0.0) for phase in _PHASES} | {"(off)": account.off_s}
    total = sum(spent.values()) or 1.0
    lines = []
    for name, seconds in spent.items():
        bar = "█" * round(_BAR * seconds / total)
        lines.append(f"  {name:<9} {bar:<{_BAR}} {100 * seconds / total:7.3f} %  {length(seconds)}")
    return "State\n" + "\n".join(lines)


def _dns(account: Account) -> str:
    writes = ", ".join(f"{number} {name}" for name, number in account.writes.items()) or "none"
    spread = "  ".join(
        f"{name} {length(value)}"
        for name, share in _PERCENTILES
        if (value := percentile(account.converged_s, share)) is not None
    )
    calls = ", ".join(f"{service} {number / account.hours:.1f}" for service, number in account.calls.items()) or "none"
    return (
        f"Outages {account.outages}   address changes {account.address_changes}   crashes {account.crashes}\n"
        f"Writes at the provider: {writes}\n"
        f"From the new address at the ISP to the provider: {spread or 'nothing changed'}\n"
        f"Calls an hour: {calls}"
    )


def _bounces(account: Account) -> str:
    """Withheld ones are counted in looks: each guardrail that refused in it."""
    if not account.recovers:
        return ""
    told = account.bounces
    first = (PowerResult.SUCCESS, PowerResult.REHEARSED)
    ended = [f"{told.get(first[0], 0)} done", f"{told.get(first[1], 0)} rehearsed"]
    ended += [f"{number} {result}" for result, number in sorted(told.items()) if result not in first]
    withheld = ", ".join(f"{reason} {number}" for reason, number in _most(account.withheld)) or "never"
    return f"Bounces: {', '.join(ended)}, withheld: {withheld}"


def _bounces_document(account: Account) -> dict[str, Any] | None:
    """``None``: the home has no recovery."""
    if not account.recovers:
        return None
    ended = {result.value: account.bounces.get(result, 0) for result in PowerResult}
    return {**ended, "withheld": {str(reason): number for reason, number in _most(account.withheld)}}


def _most(numbers: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(numbers.items(), key=lambda item: (-item[1], item[0]))


def _weather(account: Account) -> str:
    if not account.faults:
        return "Weather: none"
    most = _most(account.faults)
    named = ", ".join(f"{name.replace('_', ' ')} {number}" for name, number in most[:12])
    more = f" and {len(most) - 12} kinds more" if len(most) > 12 else ""  # noqa: PLR2004 - as many as shown
    return f"Weather: {sum(account.faults.values()):,} faults of {len(most)} kinds\n  {named}{more}"


def _story(account: Account) -> str:
    story = account.story
    if not story:
        return ""
    half = _MOST_STORY // 2
    shown = story if len(story) <= _MOST_STORY else [*story[:half], *story[-half:]]
    lines = [f"  {_moment(at)}  {text[:150]}" for at, text in shown]
    if len(story) > _MOST_STORY:
        lines.insert(half, f"  ... {len(story) - _MOST_STORY:,} lines ...")
    return "What happened\n" + "\n".join(lines)


def _moment(at_s: float) -> str:
    seconds = int(at_s)
    return f"day {seconds // 86_400 + 1:>3} {seconds // 3600 % 24:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _verdict(account: Account) -> str:
    digest = f"Event log SHA-256 {account.digest}"
    if not account.broken_count:
        calm = f"; UP {account.up_after_cycles} cycles after the weather calmed" if account.up_after_cycles else ""
        return f"All {len(CHECKERS) + 1} promises were kept{calm}.\n{digest}"
    lines = [f"  {_moment(each.at_s)}  {each.promise}\n      {each.what}" for each in account.broken]
    return f"BROKEN, {account.broken_count} times:\n" + "\n".join(lines) + f"\n{digest}"
