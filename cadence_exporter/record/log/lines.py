"""The lines of one cycle, drawn from the ``Cycle`` and from nothing else."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from cadence_exporter.model.address import Family, IpAddress
from cadence_exporter.model.assessment import Agreed, Disputed, Link, Nat, NotPublic, PublicAddress, Unchanged, Unknown
from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.instants import WallTime
from cadence_exporter.model.memory import Phase
from cadence_exporter.model.observation import Answered, EchoRound, Failed, Reading
from cadence_exporter.record.log.dns_lines import dns_facts
from cadence_exporter.record.log.journal import Fact, Level
from cadence_exporter.record.log.layout import milliseconds
from cadence_exporter.record.log.power_lines import power_facts

NOTHING = "—————————"
"""Fills the detail of a line that has none."""

_NAT_MEANS = {
    Nat.CGNAT: "the ISP shares one public address among customers: nobody reaches this home from outside by IPv4",
    Nat.DOUBLE: "another router translates once more: forward ports on both, or put the outer one into bridge mode",
    Nat.MISMATCH: "the outside sees another public address than the router's: nobody reaches this home under either",
}
_NET_HEALTH = {
    Phase.UP: ("🟢", Level.INFO, "ALL SYSTEMS NOMINAL 🐾"),
    Phase.DEGRADED: ("🟡", Level.INFO, "ADDRESS NOT CONFIRMED"),
    Phase.DOWN: ("🔴", Level.WARNING, "NO WAY OUT"),
    Phase.INIT: ("⚪", Level.INFO, "LOOKING"),
}


def facts(cycle: Cycle, *, cache_max_age_s: float | None = None) -> tuple[Fact, ...]:
    """Everything worth a line, in the order it happened. ``cache_max_age_s`` is shown beside the age of the cache."""
    return (
        *_opening(cycle),
        *_readings(cycle),
        *_path(cycle),
        *_fault(cycle),
        *_public(cycle),
        *dns_facts(cycle, cache_max_age_s),
        *power_facts(cycle),
        *_closing(cycle),
    )


def _opening(cycle: Cycle) -> Iterator[Fact]:
    at = cycle.began.wall
    day = datetime.fromtimestamp(at, tz=UTC).astimezone().strftime("%a %b %d %Y")
    extras = {"loop": str(cycle.number)}
    hints = sorted(cycle.wakeup.reasons - {"due"})
    if hints:
        extras["woken_by"] = ",".join(hints)
    yield Fact("LOOP", "START", day, extras=extras, icon="🔁", at=at)
    yield Fact("HEARTBEAT", "OK", NOTHING, icon="💚", at=at)


def _readings(cycle: Cycle) -> Iterator[Fact]:
    """Each reading, for level debug."""
    seen = cycle.observation
    readings: list[Reading[Any]] = [seen.router, *seen.wan]
    readings += [each for each in (seen.router_wan, seen.names, seen.trace) if each is not None]
    for round_ in seen.echo.values():
        readings.extend(round_.readings)
    for reading in readings:
        at = WallTime(seen.at.wall + reading.took_s)
        extras = {"rtt": milliseconds(reading.took_s)}
        if isinstance(reading, Failed):
            extras |= {"reason": reading.reason, "detail": reading.detail}
            yield Fact("READING", "FAILED", reading.source, "source", extras, Level.DEBUG, "🔎", at)
        else:
            extras |= {"value": str(reading.value)}
            yield Fact("READING", "ANSWERED", reading.source, "source", extras, Level.DEBUG, "🔎", at)


def _path(cycle: Cycle) -> Iterator[Fact]:
    router = cycle.observation.router
    at = WallTime(cycle.observation.at.wall + router.took_s)
    if isinstance(router, Answered):
        yield Fact("ROUTER", "UP", str(router.value.address), "ip", {"rtt": milliseconds(router.took_s)}, at=at)
    else:
        gateway = cycle.observation.gateway
        detail, named = (str(gateway), "ip") if gateway is not None else ("no default route", "")
        yield Fact("ROUTER", "DOWN", detail, named, _why(router), Level.WARNING, "🔴", at)
    yield _wan(cycle)


def _wan(cycle: Cycle) -> Fact:
    readings = cycle.observation.wan
    at = WallTime(cycle.observation.at.wall + max((reading.took_s for reading in readings), default=0.0))
    answered = [reading for reading in readings if isinstance(reading, Answered)]
    failed = [reading for reading in readings if isinstance(reading, Failed)]
    if answered:
        best = min(answered, key=lambda reading: reading.took_s)
        extras = {"rtt": milliseconds(best.took_s)}
        if failed:
            extras["targets"] = f"{len(answered)}/{len(readings)}"
        return Fact("WAN_PATH", "UP", best.source, "", extras, at=at)
    if not failed:
        return Fact("WAN_PATH", "UNKNOWN", "no targets", level=Level.INFO, icon="⚪", at=at)
    first = failed[0]
    extras = {**_why(first), "targets": f"0/{len(readings)}"}
    return Fact("WAN_PATH", "DOWN", first.source, "", extras, Level.WARNING, "🔴", at)


def _public(cycle: Cycle) -> Iterator[Fact]:
    several = len(cycle.observation.echo) > 1
    for family, round_ in cycle.observation.echo.items():
        public = cycle.assessment.public.get(family)
        if public is not None:
            extras = _round_extras(round_, public)
            if isinstance(public, Agreed | Unchanged):
                extras |= _outvoted(round_, public.ip)
            if several or family is Family.IPV6:
                extras["family"] = family
            yield _address(public, extras, WallTime(cycle.observation.at.wall + cycle.observation.took_s))
    yield from _nat(cycle)


def _nat(cycle: Cycle) -> Iterator[Fact]:
    """Said when it is found, and when it is over; in between it is no news."""
    kind, before = cycle.assessment.nat, cycle.before.nat
    said = str(cycle.assessment.router_wan or NOTHING)
    if kind in _NAT_MEANS:
        level = Level.DEBUG if kind is before else Level.WARNING
        yield Fact("ROUTER_WAN", kind.upper(), said, "ip", {"why": _NAT_MEANS[kind]}, level, "🟡")
    elif kind is Nat.OPEN and before in _NAT_MEANS:
        yield Fact("ROUTER_WAN", "OPEN", said, "ip", {"why": "the router holds the public address again"})


def _fault(cycle: Cycle) -> Iterator[Fact]:
    found, trace = cycle.assessment, cycle.observation.trace
    if not found.fault_why:
        return
    extras = {"why": found.fault_why}
    if found.last_hop is not None:
        extras |= {"last_hop": str(found.last_hop.address), "ttl": str(found.last_hop.ttl)}
    if isinstance(trace, Answered) and found.wan is Link.DOWN:
        extras["traced"] = f"{trace.value.method} {trace.value.age_s:.0f}s ago"
    status = "UNKNOWN" if found.fault is None else found.fault.upper()
    yield Fact("BROKE_AT", status, NOTHING, "", extras, Level.WARNING, "🧭")


def _round_extras(round_: EchoRound, public: PublicAddress) -> dict[str, str]:
    if round_.spared:
        reason = {"router": "unchanged"} if isinstance(public, Unchanged) else {"services": "at rest"}
        return {"attempts": f"0/{round_.configured}", **reason}
    took = [reading.took_s for reading in round_.readings if isinstance(reading, Answered)]
    extras = {"rtt": milliseconds(max(took))} if took else {}
    return {**extras, "attempts": f"{len(round_.readings)}/{round_.configured}"}


def _outvoted(round_: EchoRound, ip: IpAddress) -> dict[str, str]:
    """What was said in vain: a liar is to be seen although nobody believes it."""
    said = {reading.value.address for reading in round_.readings if isinstance(reading, Answered)}
    others = sorted(str(address) for address in said - {ip})
    return {"outvoted": ",".join(others)} if others else {}


def _address(public: PublicAddress, extras: dict[str, str], at: WallTime) -> Fact:
    match public:
        case Agreed(ip=ip) | Unchanged(ip=ip):
            return Fact("PUBLIC_IP", "OK", str(ip), "ip", extras, at=at)
        case Disputed(ips=ips, why=why):
            said = ",".join(str(ip) for ip in ips)
            return Fact("PUBLIC_IP", "DISPUTED", said, "ips", {**extras, "why": why}, Level.WARNING, "🟡", at)
        case NotPublic(ip=ip, range_name=name):
            return Fact("PUBLIC_IP", "NOT_PUBLIC", str(ip), "ip", {**extras, "range": name}, Level.WARNING, "🟡", at)
        case Unknown(why=why):
            return Fact("PUBLIC_IP", "UNKNOWN", NOTHING, "", {**extras, "why": why}, Level.WARNING, "🟡", at)


def _closing(cycle: Cycle) -> Iterator[Fact]:
    at = cycle.ended.wall
    decision, memory = cycle.decision, cycle.memory
    for change in decision.address_changes:
        extras = {"before": str(change.before)} if change.before is not None else {}
        yield Fact("PUBLIC_IP", "CONFIRMED", str(change.after), "ip", extras, icon="🔵", at=at)
    step = decision.transition
    if step is not None:
        level, icon = (Level.WARNING, "🔻") if step.is_demotion else (Level.INFO, "🔺")
        detail = f"{step.from_phase} -> {step.to_phase}"
        yield Fact("STATE", step.to_phase.upper(), detail, "", {"why": step.why}, level, icon, at)
    if decision.outage_began is not None:
        yield Fact("OUTAGE", "BEGAN", decision.outage_began, "layer", level=Level.WARNING, icon="🔴", at=at)
    if decision.outage_ended is not None:
        over = decision.outage_ended
        yield Fact("OUTAGE", "ENDED", over.where, "layer", {"lasted": f"{over.seconds:.0f}s"}, Level.WARNING, "🟢", at)
    icon, level, text = _NET_HEALTH[memory.phase]
    if memory.phase is Phase.DOWN and cycle.assessment.lan is Link.DOWN:
        text = "ROUTER DOES NOT ANSWER" if cycle.observation.gateway is not None else "THIS HOST HAS NO ROUTE"
    uptime = 100.0 * memory.up_cycles / max(1, memory.cycle)
    extras = {
        "loop_ms": f"{1000.0 * (cycle.ended.instant - cycle.began.instant):.0f}",
        "uptime": f"{uptime:.2f}% ({memory.up_cycles}/{memory.cycle})",
        "sleep": f"{max(0.0, decision.next_look - cycle.ended.instant):.0f}s",
    }
    yield Fact("NET_HEALTH", memory.phase.upper(), text, "", extras, level, icon, at)


def _why(reading: Failed) -> dict[str, str]:
    return {"reason": reading.reason, "detail": reading.detail}
