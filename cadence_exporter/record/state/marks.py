"""When things last happened, before this process: what gauges and the call window show until they happen again."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from cadence_exporter.model.address import Family
from cadence_exporter.model.instants import Instant, Now, WallTime, later
from cadence_exporter.record.state import chronicle


@dataclass(frozen=True, slots=True)
class Marks:
    """``None`` and missing: never, as far as the store knows."""

    last_outage: chronicle.OutageHeld | None = None
    address_changed: Mapping[Family, WallTime] = field(default_factory=lambda: MappingProxyType({}))
    last_mutation: WallTime | None = None
    recent_calls: tuple[tuple[str, Instant], ...] = ()
    """Service and time of each call of the last hour."""


def read_marks(connection: sqlite3.Connection, now: Now) -> Marks:
    """From the histories. Raises sqlite3.Error, Damaged, ValueError, TypeError."""
    changed: dict[Family, WallTime] = {}
    seen: set[Family] = set()
    for held in chronicle.addresses(connection):
        if held.family in seen:  # the first address ever is not a change
            changed[held.family] = held.first
        seen.add(held.family)
    outages = chronicle.outages(connection)
    changes = chronicle.dns_changes(connection)
    return Marks(
        last_outage=outages[-1] if outages else None,
        address_changed=MappingProxyType(changed),
        last_mutation=changes[-1].published if changes else None,
        recent_calls=tuple(
            (service, later(now.instant, -max(0.0, now.wall - wall)))  # dated in the future: counts as just made
            for service, wall, number in chronicle.calls(connection)
            if now.wall - wall < chronicle.HOUR_S
            for _ in range(number)
        ),
    )
