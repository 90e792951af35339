"""What is known of the way out, as rows of the image. Stores of versions before have none of them."""

import json
import math
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

from cadence_exporter.model.assessment import FaultLayer
from cadence_exporter.model.instants import WallTime
from cadence_exporter.model.memory import Memory, Outage
from cadence_exporter.model.trace import Hop, TraceMethod, UsualPath

USUAL_PATH = ("meta", "usual_path")
USUAL_METHOD = ("meta", "usual_path_method")
"""A row of its own: versions before cannot read a fifth value in the other."""
ROUTER_EDGE = ("meta", "router_edge")


def way_rows(memory: Memory) -> dict[tuple[str, ...], tuple[str]]:
    """What there is to keep."""
    rows: dict[tuple[str, ...], tuple[str]] = {}
    usual = memory.usual_path
    if usual is not None:
        hops = [[hop.ttl, str(hop.address)] for hop in usual.hops]
        gateway = None if usual.gateway is None else str(usual.gateway)
        rows[USUAL_PATH] = (json.dumps([gateway, hops, usual.reached, usual.at]),)
        if usual.method is not None:
            rows[USUAL_METHOD] = (str(usual.method),)
    if memory.router_edge is not None:
        rows[ROUTER_EDGE] = (json.dumps(memory.router_edge),)
    return rows


def usual_path_of(image: Mapping[tuple[str, ...], tuple[Any, ...]]) -> UsualPath | None:
    """Raises ValueError or TypeError when the row makes no sense."""
    row = image.get(USUAL_PATH)
    if row is None:
        return None
    gateway, hops, reached, at = json.loads(str(row[0]))
    method = image.get(USUAL_METHOD)
    wall = float(at)
    if not math.isfinite(wall):
        raise ValueError("a number that is none")
    return UsualPath(
        None if gateway is None else ip_address(gateway),
        tuple(Hop(int(ttl), ip_address(address)) for ttl, address in hops),
        bool(reached),
        WallTime(wall),
        None if method is None else TraceMethod(str(method[0])),
    )


def router_edge_of(image: Mapping[tuple[str, ...], tuple[Any, ...]]) -> bool | None:
    """Raises ValueError when the row makes no sense."""
    row = image.get(ROUTER_EDGE)
    return None if row is None else bool(json.loads(str(row[0])))


def outage_row(outage: Outage | None) -> list[object] | None:
    """Its third value, where it broke, is there once that is known; versions before wrote and read two."""
    if outage is None:
        return None
    row: list[object] = [outage.began.wall, outage.layer]
    return row if outage.fault is None else [*row, outage.fault]


def fault_of(row: list[Any]) -> FaultLayer | None:
    """The third value of an outage's row. Raises ValueError when it is no layer."""
    return FaultLayer(row[2]) if len(row) > 2 else None  # noqa: PLR2004 - see ``outage_row``
