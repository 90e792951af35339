"""A cycle -> the part of ``/api/v1/status`` that is drawn from it. Pure. Names and meanings are stable; times are RFC 3339 UTC.

``state``              init, down, degraded or up; ``since`` and ``seconds_in_state`` belong to it
``uptime``             cycles, up_cycles and their ratio, since the first start ever
``wan``, ``lan``       up, down or unknown
``fault``              null, or where it broke: layer (host, lan, access, isp, upstream, dns, remote; null when the evidence does not
                       tell), why, and last_hop (address, ttl), the hop farthest out that still answered
``nat``                open, cgnat, double, mismatch or unknown, as last known; anything but open: nobody reaches this home by IPv4
``public_ip``          per family: verdict (agreed, unchanged, disputed, unknown, not_public), address, why, confirmed, confirmed_at
``records``            per record: in_sync is null while unknown; change is the one in flight, or null
``next_look``          when the next cycle is due; ``next_look_in_seconds`` is 0 when it is overdue
``last_cycle``         its lines as they stand in the log

Added by the board: ``api_calls_last_hour`` (per service, over restarts too), ``api_budget`` (the same beside its limit; null: none),
``cache_max_age_seconds`` (how long a verified record is believed), ``outage``, ``events``, ``listeners`` (name; up, null when
it is switched off; why it does not hear; rings since the start) and ``sinks`` that are switched on (name; up, null before anything was
tried; why and reason when it does not deliver; waiting, delivered and dropped happenings; last_success; retry_in_seconds).
"""

from collections.abc import Iterable
from typing import Any

from cadence_exporter.model.assessment import Agreed, Disputed, NotPublic, PublicAddress, Unchanged
from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.instants import Instant, Now, WallTime
from cadence_exporter.model.memory import Belief, Change, RecordMemory
from cadence_exporter.model.record import RecordKey, RecordSpec
from cadence_exporter.record.log.journal import Fact, Level
from cadence_exporter.record.log.lines import facts
from cadence_exporter.record.web.calendar_time import iso


def describe(cycle: Cycle | None, specs: Iterable[RecordSpec], now: Now) -> dict[str, Any]:
    """Everything that one cycle tells; before the first one the same keys, with nothing known."""
    if cycle is None:
        return _nothing_yet()
    memory = cycle.memory
    left = cycle.decision.next_look - now.instant
    return {
        "state": memory.phase.upper(),
        "since": iso(memory.since.wall),
        "seconds_in_state": round(now.instant - memory.since.instant, 1),
        "cycle": memory.cycle,
        "uptime": {
            "cycles": memory.cycle,
            "up_cycles": memory.up_cycles,
            "ratio": round(memory.up_cycles / memory.cycle, 6) if memory.cycle else None,
        },
        "wan": str(cycle.assessment.wan),
        "lan": str(cycle.assessment.lan),
        "cgnat": cycle.assessment.cgnat if cycle.assessment.router_wan is not None else None,
        "fault": _fault(cycle),
        "nat": str(cycle.memory.nat),
        "public_ip": {
            str(family): _address(cycle.assessment.public.get(family), memory.beliefs.get(family, Belief()))
            for family in sorted({*cycle.assessment.public, *memory.beliefs})
        },
        "records": [_record(key, provider, cycle, now) for key, provider in _keys(specs, cycle)],
        "refused": [
            {"record": str(each.record), "reason": str(each.reason), "detail": each.detail}
            for each in cycle.decision.refused
        ],
        "last_cycle": {
            "id": cycle.id,
            "began": iso(cycle.began.wall),
            "duration_s": round(cycle.ended.instant - cycle.began.instant, 3),
            "woken_by": sorted(str(reason) for reason in cycle.wakeup.reasons),
            "lines": [_line(fact) for fact in facts(cycle) if fact.level >= Level.INFO],
        },
        "next_look": iso(WallTime(now.wall + left)),
        "next_look_in_seconds": round(max(0.0, left), 1),
        "pace": cycle.decision.why,
    }


def _line(fact: Fact) -> dict[str, Any]:
    detail = f"{fact.named}={fact.detail}" if fact.named else fact.detail
    return {
        "icon": fact.icon,
        "subject": fact.subject,
        "status": fact.status,
        "detail": detail,
        "extras": dict(fact.extras),
    }


def _nothing_yet() -> dict[str, Any]:
    return {
        "state": "INIT",
        "since": None,
        "seconds_in_state": None,
        "cycle": None,
        "uptime": {"cycles": None, "up_cycles": None, "ratio": None},
        "wan": "unknown",
        "lan": "unknown",
        "cgnat": None,
        "fault": None,
        "nat": "unknown",
        "public_ip": {},
        "records": [],
        "refused": [],
        "last_cycle": None,
        "next_look": None,
        "next_look_in_seconds": None,
        "pace": None,
    }


def _keys(specs: Iterable[RecordSpec], cycle: Cycle) -> list[tuple[RecordKey, str | None]]:
    """The records of the settings in their order; without any, those that memory knows."""
    named: list[tuple[RecordKey, str | None]] = [(spec.key, spec.provider) for spec in specs]
    return named or [(key, None) for key in sorted(cycle.memory.records, key=str)]


def _fault(cycle: Cycle) -> dict[str, Any] | None:
    found = cycle.assessment
    if not found.fault_why:
        return None
    hop = found.last_hop
    return {
        "layer": found.fault and str(found.fault),
        "why": found.fault_why,
        "last_hop": hop and {"address": str(hop.address), "ttl": hop.ttl},
    }


def _address(verdict: PublicAddress | None, belief: Belief) -> dict[str, Any]:
    name, address, why = "unknown", None, None
    match verdict:
        case Agreed():
            name, address = "agreed", str(verdict.ip)
        case Unchanged():
            name, address = "unchanged", str(verdict.ip)
        case NotPublic():
            name, address, why = "not_public", str(verdict.ip), verdict.range_name
        case Disputed():
            name, why = "disputed", f"{verdict.why} ({', '.join(str(ip) for ip in verdict.ips)})"
        case None:
            pass
        case _:
            why = verdict.why
    return {
        "verdict": name,
        "address": address,
        "why": why,
        "confirmed": str(belief.confirmed) if belief.confirmed is not None else None,
        "confirmed_at": iso(belief.confirmed_at),
    }


def _record(key: RecordKey, provider: str | None, cycle: Cycle, now: Now) -> dict[str, Any]:
    known = cycle.memory.records.get(key, RecordMemory())
    wanted = cycle.memory.beliefs.get(key.type.family, Belief()).confirmed
    return {
        "name": key.name,
        "type": str(key.type),
        "provider": provider,
        "in_sync": None if wanted is None else known.holds(wanted),
        "verified": str(known.verified) if known.verified is not None else None,
        "verified_at": iso(known.verified_at),
        "verified_age_seconds": None if known.verified_at is None else round(max(0.0, now.wall - known.verified_at), 1),
        "refusal": known.refusal,
        "failures": known.failures,
        "change": _change(known.change, cycle.ended.instant),
    }


def _change(change: Change | None, now: Instant) -> dict[str, Any] | None:
    if change is None:
        return None
    return {
        "address": str(change.address),
        "evidence_at": iso(change.evidence_at.wall),
        "published_at": iso(change.published_at.wall) if change.published_at is not None else None,
        "seconds": round(now - change.evidence_at.instant, 1),
    }
