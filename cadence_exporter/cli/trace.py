"""``cadence-exporter trace``: the way out, hop by hop, and this host's own end. Changes nothing, asks no service."""

import json
import os
import sys
from pathlib import Path
from typing import Any, TextIO

from cadence_exporter.clock import SystemClock
from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.address import IpAddress
from cadence_exporter.model.instants import later
from cadence_exporter.model.ranges import special_range
from cadence_exporter.model.trace import OwnLink, Trace, TraceMethod
from cadence_exporter.observe.gateway import gateway_of
from cadence_exporter.observe.own_link import own_link
from cadence_exporter.observe.tracer import first_traceable, trace_by
from cadence_exporter.settings.endpoints import parse_target
from cadence_exporter.settings.load import load

REACHED, NOT_REACHED = 0, 3
TIMEOUT_S = 3.0


def trace(config: Path | None, method: str, *, as_json: bool, out: TextIO | None = None) -> int:
    """Returns 0 when the first WAN target that is an address was reached, 3 when not. Raises SettingsError."""
    out = out or sys.stdout
    settings = load(config, os.environ, Path.cwd()).settings
    router = gateway_of(settings.router.address)()
    gateway = router.address if router else None
    found, why = None, "no WAN target is an address"
    target = first_traceable(map(parse_target, settings.wan.targets))
    if target is not None:
        found, why = _first(*target, method)
    link = own_link(gateway)  # after the packets: the kernel knows by then who is on the link
    if as_json:
        json.dump(_document(link, gateway, found, why), out, indent=2)
        out.write("\n")
    else:
        out.write("\n".join(_lines(link, gateway, found, why)) + "\n")
    return REACHED if found is not None and found.reached_at is not None else NOT_REACHED


def _first(address: IpAddress, port: int, method: str) -> tuple[Trace | None, str]:
    """By this method, or by the first that may be used; with why there is none."""
    why, clock = "", SystemClock()
    for each in (TraceMethod.ICMP, TraceMethod.UDP) if method == "auto" else (TraceMethod(method),):
        try:
            return trace_by(each, address, port, clock, later(clock.monotonic(), TIMEOUT_S)), ""
        except PermissionError:
            why = f"{each} is not permitted here (net.ipv4.ping_group_range, or CAP_NET_RAW)"
        except ProbeFailed as failed:
            why = failed.detail
    return None, why


def _lines(link: OwnLink, gateway: IpAddress | None, found: Trace | None, why: str) -> list[str]:
    plugged = {True: "up", False: "down", None: "up or down: not known"}[link.carrier]
    lines = [
        f"own link   {link.interface}, {plugged}, address {link.address or 'none'}"
        if link.interface
        else "own link   none: this host has no default route",
        f"router     {gateway}, on the link: {link.neighbour}" if gateway else "router     none",
    ]
    if found is None:
        return [*lines, f"no trace   {why}"]
    for hop in found.hops:
        of = special_range(hop.address)
        mine = " (the router)" if hop.address == gateway else f" ({of})" if of else ""
        lines.append(f"{f'hop {hop.ttl}':<11}{hop.address}{mine}")
    end = f"reached after {found.reached_at} hops" if found.reached_at else "not reached"
    return [*lines, f"{'target':<11}{found.target}: {end}, by {found.method}, {found.packets} packets"]


def _document(link: OwnLink, gateway: IpAddress | None, found: Trace | None, why: str) -> dict[str, Any]:
    return {
        "link": {
            "interface": link.interface,
            "carrier": link.carrier,
            "address": link.address and str(link.address),
            "router": gateway and str(gateway),
            "router_on_the_link": str(link.neighbour),
        },
        "trace": found
        and {
            "target": str(found.target),
            "method": str(found.method),
            "hops": [{"ttl": hop.ttl, "address": str(hop.address)} for hop in found.hops],
            "reached_at": found.reached_at,
            "packets": found.packets,
        },
        "why": why or None,
    }
